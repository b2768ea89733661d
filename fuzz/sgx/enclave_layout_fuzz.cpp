// Any bytes as an enclave image with default settings: pages ascend and stay in ELRANGE.
#include <cstdint>
#include <memory>
#include <vector>

#include "lib/sgx/enclave_layout.h"
#include "lib/sgx/image_notes.h"
#include "lib/sgx/settings_page.h"

using namespace scone;

namespace {

const std::vector<uint8_t>& default_settings() {
    static const std::vector<uint8_t> pages = [] {
        std::vector<uint8_t> out(sgx::kPageSize);
        if (!sgx::encode_settings(sgx::Settings{}, {}, out))
            __builtin_trap();
        return out;
    }();
    return pages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto copy = std::make_unique<uint8_t[]>(size);
    if (size != 0)
        __builtin_memcpy(copy.get(), data, size);
    base::Bytes image(copy.get(), size);
    (void)sgx::for_each_enclu_slot(image, [](uint64_t) {});

    uint64_t last = 0;
    uint64_t count = 0;
    auto visit = [&](const sgx::LoadPage& page) -> sgx::Result<void> {
        if (page.offset <= last || page.offset % sgx::kPageSize != 0 ||
            page.offset >= sgx::kDefaultElrangeSize)
            __builtin_trap();
        last = page.offset;
        uint8_t seen = 0;
        for (uint8_t byte : page.content)
            seen = static_cast<uint8_t>(seen | byte);
        // A large .bss is many equal pages: enough is enough.
        if (++count > 64 + seen % 2)
            return base::fail(sgx::Error{sgx::ErrorCode::TooLarge, "enough pages"});
        return {};
    };
    (void)sgx::for_each_load_page(image, default_settings(), visit);
    return 0;
}
