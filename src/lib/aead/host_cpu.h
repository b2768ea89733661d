// The fastest kinds of this library that the processor has, for programs outside of an enclave:
// inside, CPUID is not allowed and its answer not to be believed.
//
// Side:    host
// Threads: thread-safe
#pragma once

#include <cpuid.h>

#include "lib/aead/aes_gcm_ipsec_mb.h"
#include "lib/aead/sha256.h"

namespace scone::aead {

inline bool host_has_sha() {
    uint32_t a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0 &&
           __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
}

inline Sha256Compress host_sha256() {
    return host_has_sha() ? sha256_compress_sha_ni : sha256_compress_portable;
}
inline Sha256CompressTwo host_sha256_two() {
    return host_has_sha() ? sha256_compress_two_sha_ni : sha256_compress_two_portable;
}

inline CpuLevel host_level() {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("vaes") && __builtin_cpu_supports("vpclmulqdq"))
        return CpuLevel::VaesAvx512;
    return __builtin_cpu_supports("avx2") ? CpuLevel::Avx2 : CpuLevel::Sse;
}
inline const AesGcm256& host_cipher() {
    return aes_gcm_ipsec_mb(host_level());
}

}  // namespace scone::aead
