// `scone session`: check, store, read and compare policies.
//
// stdout is for scripts: the hash alone (create, update, verify, calculate-hash), the session alone
// (check, read).
//
// Side:   host
// Source: docs/reference/session-language.md
#pragma once

#include <string>

#include "lib/flags/flag.h"
#include "lib/flags/parse_flags.h"
#include "lib/text/failure.h"

namespace scone::tools {

flags::Command session_command();

// Carries out what was parsed by session_command(); hands back the text for stdout. Warnings and
// all errors of a policy but the first go to stderr.
// Preconditions: parsed.command is one of its subcommands, help was not asked for.
text::Outcome<std::string> run_session(const flags::ParsedCommand& parsed);

}  // namespace scone::tools
