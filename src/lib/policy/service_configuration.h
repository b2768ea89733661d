// What an attested service is given: the service's part of the session, secrets put in.
//
// Side:    hosted
// Errors:  Diagnostics at the place in the policy, without any secret's value
// Source:  docs/reference/session-language.md, "services" and "Substitution"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/policy/session.h"
#include "lib/policy/session_parser.h"
#include "lib/policy/variables.h"

namespace scone::policy {

struct Argument {
    std::string text;
    std::optional<uint32_t> host_index;  // "@@N": the host's argv[N] stands here instead
};

struct EnvironmentVariable {
    std::string name;
    std::string value;
    bool from_host = false;  // the host's value, empty where the host has none
};

struct FspfConfiguration {
    std::string path;
    base::ByteArray<32> key{};
    std::optional<base::ByteArray<16>> tag;
    FspfUpdate update = FspfUpdate::RollbackProtectedReinitializable;
};

struct FileConfiguration {
    std::string path;
    std::optional<std::string> content;  // nullopt: template from the image's file system
    uint32_t permission = 0700;
};

struct MountConfiguration {
    std::string volume;
    std::string path;
    std::optional<VolumeUpdate> update;
};

struct ServiceConfiguration {
    std::vector<Argument> arguments;
    std::vector<EnvironmentVariable> environment;
    std::string pwd;
    std::optional<FspfConfiguration> fspf;
    std::vector<FileConfiguration> files;
    std::vector<MountConfiguration> mounts;
    // Secrets that templates from the file system may use: those of provide_secrets, else all.
    std::vector<std::string> template_secrets;
    // Secrets that the program may ask the runtime for.
    std::vector<std::string> provided_secrets;
};

Checked<ServiceConfiguration> configure(const Session& session, const ServiceRule& service,
                                        const SecretLookup& secrets);

}  // namespace scone::policy
