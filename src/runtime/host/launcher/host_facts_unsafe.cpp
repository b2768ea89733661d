// The two places of this room where types do not help: XGETBV, and words seen as bytes.
#include "lib/sgx/attributes.h"
#include "runtime/host/launcher/enclave_builder.h"
#include "runtime/host/launcher/launch_info.h"

namespace scone::launcher {

uint64_t usable_xfrm() {
    // SAFETY: XGETBV of XCR0 only reads; every processor with AVX has it.
    uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    uint64_t xfrm = sgx::kXfrmLegacy;
    if (low & sgx::kXfrmAVX)
        xfrm |= sgx::kXfrmAVX;
    if ((low & sgx::kXfrmAVX512) == sgx::kXfrmAVX512)
        xfrm |= sgx::kXfrmAVX512;
    return xfrm;
}

base::Bytes bytes_of(std::span<const uint64_t> words) {
    // SAFETY: any object may be looked at as bytes.
    return {reinterpret_cast<const uint8_t*>(words.data()), words.size() * sizeof(uint64_t)};
}

}  // namespace scone::launcher
