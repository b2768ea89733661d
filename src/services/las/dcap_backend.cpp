#include "services/las/dcap_backend.h"

#include <algorithm>

#include "services/las/state_file.h"

namespace scone::las {
namespace {

using text::ExitCode;

constexpr const char* kDoing = "starting with Intel's quoting enclave";

}  // namespace

bool sgx_device_is_present(const HardwarePaths& paths) {
    return std::ranges::any_of(paths.devices, file_exists);
}

text::Outcome<std::unique_ptr<QuotingBackend>> open_dcap_backend(const HardwarePaths& paths) {
    if (!sgx_device_is_present(paths))
        return text::failure(
            ExitCode::Unsupported,
            "no SGX device: none of " + paths.devices.front() + " and its older names exists",
            kDoing,
            "switch SGX on in the BIOS and use Linux 5.11 or later, or run "
            "without SGX: --mode sim");
    if (!file_exists(paths.aesm_socket))
        return text::failure(ExitCode::Unsupported,
                             "no AESM service: '" + paths.aesm_socket + "' does not exist", kDoing,
                             "install Intel's sgx-aesm-service with its ECDSA quoting plug-in; in "
                             "a container, mount /var/run/aesmd");
    return text::failure(ExitCode::Unsupported, "this version does not yet ask AESM for quotes",
                         kDoing, "run without SGX: --mode sim");
}

}  // namespace scone::las
