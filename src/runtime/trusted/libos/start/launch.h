// What the host says about this start, checked for form. None of it is trusted: with attestation
// arguments and environment are replaced by CAS's.
//
// Side:   trusted
// Source: runtime/boundary/wire/host_window.h, LaunchInfo
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/trusted/libos/loader/program.h"
#include "runtime/trusted/libos/log.h"

namespace scone::libos {

struct Launch {
    int32_t pid = 1, parent_pid = 0;
    Credentials credentials;
    uint64_t ignored_signals = 0, blocked_signals = 0;
    std::string_view program_path, working_directory;
    Level log_level = Level::Warning;
    std::span<const uint8_t> plans;

    // False when an offset or count does not fit. `bytes` must live as long as this does.
    bool parse(std::span<const uint8_t> bytes);
    // Arguments and environment of the host.
    Result<void> collect(StringList& arguments, StringList& environment) const;
    // The value of NAME in the host's environment; empty when it is not there.
    std::string_view environment_value(std::string_view name) const;

  private:
    std::string_view strings_;
    uint32_t argument_count_ = 0, environment_count_ = 0;
};

}  // namespace scone::libos
