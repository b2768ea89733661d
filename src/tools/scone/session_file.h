// A policy file as the command line reads it: template, variables, name.
//
// Side:    host
// Flags:   -e VAR=VALUE, --use-env, -n NAME, --fail-on-warning; session_file_flags() is their table
// Errors:  NotFound, InvalidInput ("FILE:LINE:COLUMN: ..."; further ones are written to stderr),
//          Unsupported (signed and encrypted sessions), Usage
#pragma once

#include <string>
#include <vector>

#include "lib/flags/flag.h"
#include "lib/flags/parse_flags.h"
#include "lib/policy/session.h"

namespace scone::tools {

std::vector<flags::Flag> session_file_flags();
text::Outcome<policy::Session> read_session_file(const flags::ParsedCommand& parsed);

}  // namespace scone::tools
