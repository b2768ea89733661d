// The OCI runtime configuration for one run of an image: host network, everything else apart.
//
// Side:    host
// Source:  OCI runtime specification 1.0, "Configuration", "Linux Container Configuration"
#pragma once

#include <string>
#include <vector>

#include "lib/text/json.h"
#include "tools/oci/image_config.h"
#include "tools/scone/image_user.h"

namespace scone::tools {

struct RunRequest {
    std::vector<std::string> arguments =
        {};  // take the place of the image's CMD, when there are any
    std::vector<std::string> environment = {};  // "NAME=value", over the image's
    std::string init_program = {};              // of the host; runs as process 1
};

// Devices and files of the host that the container gets when they exist.
inline constexpr const char* kSgxDevices[] = {"/dev/sgx_enclave", "/dev/sgx_provision"};
inline constexpr const char* kHostFiles[] = {"/etc/resolv.conf", "/etc/hosts"};

// ENTRYPOINT and CMD, or the arguments in place of CMD. InvalidInput when there is nothing to run.
text::Outcome<std::vector<std::string>> command_of(const oci::ImageConfig& image,
                                                   const RunRequest& request);
// The image's environment, PATH and HOME where they are missing, the request's over it.
std::vector<std::string> environment_of(const oci::ImageConfig& image, const RunRequest& request,
                                        const ImageUser& user);

// config.json of a bundle whose root folder is "rootfs".
text::Outcome<text::Json> runtime_spec(const oci::ImageConfig& image, const RunRequest& request,
                                       const ImageUser& user);

}  // namespace scone::tools
