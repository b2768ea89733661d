// AES-256-GCM on the per-processor GCM objects of libipsec-mb 1.3 (Intel, BSD-3-Clause).
//
// Side:          both. Only the assembly objects are linked: no manager, no CPUID, no C library.
// Vector state:  see aes_gcm.h; the objects change xmm/ymm/zmm and k registers and execute
//                vzeroupper or clear what held key material.
// The processor is the caller's choice: the enclave derives it from XFRM and a CPUID result that it
// checks by use, the host from CPUID. A level that the processor lacks raises #UD.
#pragma once

#include "lib/aead/aes_gcm.h"
#include "lib/aead/cpu_level.h"

namespace scone::aead {

const AesGcm256& aes_gcm_ipsec_mb(CpuLevel level);

}  // namespace scone::aead
