// What the user asked for by SCONE_* variables; run_options.h adds the options of scone-run.
//
// Side:   host
// Errors: Usage for a wrong value; the message names the variable and what was expected
// Units:  sizes take K, M, G of either case
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/sgx/settings_page.h"
#include "lib/text/failure.h"
#include "runtime/host/launcher/log.h"
#include "runtime/host/machine/machine.h"

namespace scone::launcher {

struct Options {
    machine::Mode mode = machine::Mode::Auto;
    Level log_level = Level::Warning;
    bool show_version = false;  // SCONE_VERSION
    bool show_hash = false;     // SCONE_HASH
    // What is set overrides the defaults of the settings page.
    std::optional<uint64_t> heap_size;
    std::optional<uint64_t> stack_size;
    std::optional<uint32_t> tcs_count;
    std::optional<sgx::Dlopen> dlopen;
    std::optional<sgx::Mprotect> mprotect;
    std::optional<sgx::Fork> fork;
    // scone-run only.
    std::string image_path;  // empty: found by itself
};

// "64M", "1g", "4096". Errors: Usage.
text::Outcome<uint64_t> parse_size(std::string_view name, std::string_view text);

// The SCONE_* variables of this process.
text::Outcome<Options> options_from_environment();

// `defaults` with what the options override.
sgx::Settings apply(const Options& options, sgx::Settings defaults);

}  // namespace scone::launcher
