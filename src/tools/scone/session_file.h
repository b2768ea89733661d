// A policy file as the command line reads it: template, variables, name.
//
// Side:    host
// Flags:   -e VAR=VALUE, --use-env, -n NAME, --fail-on-warning; session_file_flags() is their table
// Errors:  NotFound, InvalidInput ("FILE:LINE:COLUMN: ..."; further ones are written to stderr),
//          Unsupported (signed and encrypted sessions), Usage
#pragma once

#include <string>
#include <vector>

#include "lib/policy/session.h"
#include "tools/cli/flag.h"
#include "tools/cli/parse_flags.h"

namespace scone::tools {

std::vector<cli::Flag> session_file_flags();
text::Outcome<policy::Session> read_session_file(const cli::ParsedCommand& parsed);

}  // namespace scone::tools
