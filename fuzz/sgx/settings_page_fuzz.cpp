// Any bytes as a settings page: what is accepted encodes back to the same bytes.
#include <cstdint>
#include <vector>

#include "lib/sgx/settings_page.h"

using namespace scone;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    // Whole pages, so that the fuzzer need not find the padding.
    std::vector<uint8_t> pages(data, data + size);
    if (size % sgx::kPageSize != 0)
        pages.resize((size / sgx::kPageSize + 1) * sgx::kPageSize);
    auto page = sgx::decode_settings(pages);
    if (!page)
        return 0;
    std::vector<sgx::MeasuredFile> files;
    page->for_each_file([&](const sgx::MeasuredFile& file) { files.push_back(file); });
    std::vector<uint8_t> again(pages.size());
    auto encoded = sgx::encode_settings(page->settings(), files, again);
    if (!encoded || *encoded != pages.size() || again != pages)
        __builtin_trap();
    return 0;
}
