// The command line of scone-run.
//
// Side:   host
// Errors: Usage; the message names the option and what was expected
#pragma once

#include <span>
#include <string>

#include "lib/flags/flag.h"
#include "runtime/host/launcher/options.h"

namespace scone::launcher {

const flags::Command& run_command();

struct RunOptions {
    Options options;
    std::vector<std::string> command;  // program and arguments
    bool wants_help = false;
    bool wants_version = false;
};

// `options`: what the environment says; the command line wins.
text::Outcome<RunOptions> read_run_options(Options options, std::span<const std::string> words);

}  // namespace scone::launcher
