// Quotes of Intel's quoting enclave, through the AESM service on this host.
//
// Side:    host
// Errors:  Unsupported (the text names the part that is missing: SGX device, AESM socket),
//          Unreachable (AESM does not answer, or offers no ECDSA key)
// Source:  Intel SGX PSW, AESM; Linux Documentation/arch/x86/sgx.rst
#pragma once

#include "services/las/quoting_backend.h"

namespace scone::las {

struct HardwarePaths {
    std::vector<std::string> devices = {"/dev/sgx_enclave", "/dev/sgx/enclave", "/dev/isgx"};
    std::string aesm_socket = "/var/run/aesmd/aesm.socket";
};

bool sgx_device_is_present(const HardwarePaths& paths);
text::Outcome<std::unique_ptr<QuotingBackend>> open_dcap_backend(const HardwarePaths& paths);

}  // namespace scone::las
