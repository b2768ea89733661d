// An image as the policy declares it: volumes mounted into it, files injected into it.
//
// Side:    hosted
// Source:  docs/reference/session-language.md, "images"
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/policy/injected_file.h"
#include "lib/policy/volume_rule.h"

namespace scone::policy {

struct MountRule {
    std::string volume;
    std::string path;
    std::optional<VolumeUpdate> update;
    text::Position at;
};

struct ImageRule {
    std::string name;
    std::vector<MountRule> volumes;
    std::vector<InjectedFile> injected_files;
    // nullopt: templates may use every secret, the runtime's interface none.
    std::optional<std::vector<std::string>> provide_secrets;
    text::Position at;
};

}  // namespace scone::policy
