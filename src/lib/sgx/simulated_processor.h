// The published constants of the simulated processor: no secrets, and meant to be seen.
//
// Side: both. The simulated machine and the simulated quoting enclave must agree on them; a file
//       named by SCONE_SIM_FUSE_KEY_FILE (16 bytes) takes the place of the fuse key.
#pragma once

#include "lib/sgx/architecture.h"

namespace scone::sgx {

inline constexpr Key128 kPublicSimulatedFuseKey = {'s', 'i', 'm', 'u', 'l', 'a', 't', 'i',
                                                   'o', 'n', '-', 'f', 'u', 's', 'e', '1'};
inline constexpr CpuSvn kSimulatedCpuSvn = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
inline constexpr base::ByteArray<16> kSimulatedOwnerEpoch = {};

}  // namespace scone::sgx
