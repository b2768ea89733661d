// AES-128-CMAC, the MAC of SGX reports and of the key derivation of EGETKEY.
//
// Side:   both. Plain general-register code without tables or secret branches (aes128.h);
//         it serves the simulated processor and checks of single reports, not bulk data.
// Source: FIPS 197, RFC 4493
#pragma once

#include "lib/base/bytes.h"

namespace scone::aead {

inline constexpr size_t kCmacSize = 16;
using CmacTag = base::ByteArray<kCmacSize>;

CmacTag aes128_cmac(std::span<const uint8_t, 16> key, base::Bytes message);

}  // namespace scone::aead
