// The SGX device of the kernel: is there one?
//
// Side: host
// The driver machine itself is not written yet; without a device there is nothing to drive.
#pragma once

namespace scone::machine {

enum class Device { Absent, Opens };
// Tries /dev/sgx_enclave, /dev/sgx/enclave.
Device find_device();

}  // namespace scone::machine
