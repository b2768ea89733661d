#include "tools/fspf_files/host_cipher.h"

namespace scone::tools {
namespace {

aead::CpuLevel detect() {
    __builtin_cpu_init();
    // VAES itself has no name in GCC 12's list; every processor with VPCLMULQDQ and AVX-512 has it.
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("vpclmulqdq"))
        return aead::CpuLevel::VaesAvx512;
    return __builtin_cpu_supports("avx2") ? aead::CpuLevel::Avx2 : aead::CpuLevel::Sse;
}

}  // namespace

const aead::AesGcm256& host_cipher() {
    static const aead::AesGcm256& cipher = aead::aes_gcm_ipsec_mb(detect());
    return cipher;
}

}  // namespace scone::tools
