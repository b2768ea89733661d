// Writes a starter and an enclave image that can be measured, but do nothing: conversion is tested
// with them where the real runtime is not built.
#include <filesystem>
#include <fstream>

#include "lib/sgx/image_for_test.h"

int main(int argc, char** argv) {
    if (argc != 2)
        return 2;
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    const std::vector<uint8_t> image = scone::sgx::small_image().build();
    std::ofstream(folder / "enclave.img", std::ios::binary)
        << scone::base::as_text(scone::base::Bytes(image));
    std::ofstream(folder / "starter", std::ios::binary) << "stand-in for the starter\n";
    return std::filesystem::file_size(folder / "enclave.img") == image.size() ? 0 : 1;
}
