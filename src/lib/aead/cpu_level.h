// Which instructions the cryptographic code may use; decided by the caller, never by CPUID in here.
//
// Side: both
#pragma once

#include <cstdint>

namespace scone::aead {

// Each level includes those above it in this list.
enum class CpuLevel : uint8_t {
    Sse,         // SSE4.1, AESNI, PCLMULQDQ: every processor with SGX
    Avx2,        // and AVX2 (XFRM 7)
    VaesAvx512,  // and AVX512F/BW/VL/DQ, VAES, VPCLMULQDQ (XFRM 0xE7)
};

}  // namespace scone::aead
