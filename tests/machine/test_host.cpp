// Loads the test enclave and runs one of its exercises in this process.
//
// Usage: machine_test_host IMAGE EXERCISE [--tamper-sigstruct | --tamper-signature | --measure]
//        machine_test_host IMAGE FOLDER --write: the files that the starter wants, no run
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "lib/base/hex.h"
#include "lib/sgx/measurement.h"
#include "lib/sgx/settings_page.h"
#include "lib/sgx_signing/debug_key.h"
#include "lib/sgx_signing/sigstruct_signer.h"
#include "runtime/host/launcher/enclave_builder.h"
#include "runtime/host/launcher/launch_info.h"
#include "runtime/host/service/enclave_process.h"

using namespace scone;

namespace {

[[noreturn]] void stop(const std::string& what) {
    std::fprintf(stderr, "test host: %s\n", what.c_str());
    std::exit(3);
}

std::vector<uint8_t> read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.empty())
        stop(std::string("cannot read ") + path);
    return bytes;
}

void write_file(const std::string& path, const std::vector<uint8_t>& bytes) {
    std::ofstream file(path, std::ios::binary);
    for (uint8_t byte : bytes)
        file.put(static_cast<char>(byte));
    if (!file.flush())
        stop("cannot write " + path);
}

std::vector<uint8_t> test_settings() {
    std::vector<uint8_t> pages(sgx::kMaxSettingsSize);
    // Any program: this enclave does not look at it.
    sgx::MeasuredFile program{sgx::FileRole::Program, "/test", {}};
    program.digest[0] = 1;
    auto size = sgx::encode_settings({}, std::span(&program, 1), pages);
    if (!size)
        stop(size.error().text);
    pages.resize(*size);
    return pages;
}

std::vector<uint8_t> sign(const sgx::Measurement256& mr_enclave) {
    sgx_signing::SigstructFields fields;
    fields.mr_enclave = mr_enclave;
    auto key = sgx_signing::built_in_debug_key();
    if (!key)
        stop(key.error().text);
    auto made = sgx_signing::sign_sigstruct(fields, *key);
    if (!made)
        stop(made.error().text);
    std::vector<uint8_t> bytes(sizeof *made);
    std::memcpy(bytes.data(), &*made, sizeof *made);
    return bytes;
}

void print_measurement(base::Bytes measurement) {
    char text[64];
    base::hex_encode(measurement, text);
    std::printf("%.64s\n", text);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3)
        stop("usage: machine_test_host IMAGE EXERCISE [OPTION]");
    std::string option = argc > 3 ? argv[3] : "";
    auto image = read_file(argv[1]);
    auto settings = test_settings();
    auto machine = machine::open_machine(machine::Mode::Simulated);
    if (!machine)
        stop(machine.error().what);
    auto built = launcher::build_enclave(**machine, image, settings);
    if (!built)
        stop(built.error().what);
    if (option == "--measure") {
        auto expected = sgx::measure_enclave(image, settings);
        if (!expected)
            stop(expected.error().text);
        print_measurement(built->mr_enclave);
        print_measurement(*expected);
        return 0;
    }
    std::vector<uint8_t> sigstruct = sign(built->mr_enclave);
    if (option == "--write") {
        write_file(std::string(argv[2]) + "/settings", settings);
        write_file(std::string(argv[2]) + "/sigstruct", sigstruct);
        return 0;
    }
    if (option == "--tamper-sigstruct")
        sigstruct[970] ^= 1;
    if (option == "--tamper-signature")
        sigstruct[600] ^= 1;
    if (auto done = (*machine)->init(sigstruct); !done)
        stop(done.error().what);
    launcher::LaunchContent content;
    content.arguments = {"test", argv[2]};
    content.program_path = "/test";
    content.working_directory = "/";
    content.sigstruct = sigstruct;
    content.signals = service::read_initial_signals();
    auto info = launcher::encode_launch_info(content);
    stop(service::run_enclave(*machine, built->layout.first_slot, launcher::bytes_of(info)).what);
}
