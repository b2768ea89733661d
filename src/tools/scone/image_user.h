// Who runs an image's program: USER of the image's configuration in numbers.
//
// Side:    host
// Forms:   "", "user", "uid", "user:group", "uid:gid" and mixed; names are looked up in the image
// Errors:  InvalidInput (a name that the image does not have)
// Source:  OCI image specification, "config.User"
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/text/failure.h"

namespace scone::tools {

struct ImageUser {
    uint32_t uid = 0;
    uint32_t gid = 0;
    std::vector<uint32_t> more_gids;
    std::string home = "/";
};

// `passwd` and `group`: content of /etc/passwd and /etc/group of the image.
text::Outcome<ImageUser> find_image_user(const std::string& user, const std::string& passwd,
                                         const std::string& group);

}  // namespace scone::tools
