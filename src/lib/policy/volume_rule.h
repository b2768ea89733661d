// A volume as the policy declares it.
//
// Side:    hosted
// Source:  docs/reference/session-language.md, "volumes"
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/policy/secret_rule.h"

namespace scone::policy {

enum class VolumeUpdate { RollbackProtected, Ephemeral, NoRollbackProtection };
std::string_view name_of(VolumeUpdate update);

struct VolumeExport {
    ExportTarget to;
    VolumeUpdate update = VolumeUpdate::RollbackProtected;
    std::string alias;
};

struct VolumeImport {
    std::string session;
    std::string volume;
    std::string session_hash;
    text::Position at;
};

struct VolumeRule {
    std::string name;
    bool authenticated_only = false;      // files; default encrypted
    std::optional<std::string> fspf_key;  // 64 hex digits or $$SCONE::secret$$
    std::optional<std::string> fspf_tag;  // 32 hex digits
    std::vector<VolumeExport> exports;
    std::optional<VolumeImport> import;
    text::Position at;
};

}  // namespace scone::policy
