// What the host hands to the first enclave thread: arguments, environment, patch plans, identities.
//
// Side:   host
// Layout: boundary::LaunchInfo, then the strings, then plans and SIGSTRUCT, each 8-byte aligned
// Source: docs/formats/host-boundary.md, "LaunchInfo"
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "runtime/host/service/enclave_process.h"

namespace scone::launcher {

struct LaunchContent {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::string program_path;
    std::string working_directory;
    base::Bytes plans;
    base::Bytes sigstruct;
    uint32_t machine = 0;
    uint64_t xsave_features = 3;
    service::InitialSignals signals;
};

// The whole block, 8-byte aligned.
std::vector<uint64_t> encode_launch_info(const LaunchContent& content);
// The same memory as bytes.
base::Bytes bytes_of(std::span<const uint64_t> words);

}  // namespace scone::launcher
