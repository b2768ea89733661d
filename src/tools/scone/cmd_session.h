// `scone session`: check, store, read and compare policies.
//
// stdout is for scripts: the hash alone (create, update, verify, calculate-hash), the session alone
// (check, read).
//
// Side:   host
// Source: docs/reference/session-language.md
#pragma once

#include <string>

#include "lib/text/failure.h"
#include "tools/cli/flag.h"
#include "tools/cli/parse_flags.h"

namespace scone::tools {

cli::Command session_command();

// Carries out what was parsed by session_command(); hands back the text for stdout. Warnings and
// all errors of a policy but the first go to stderr.
// Preconditions: parsed.command is one of its subcommands, help was not asked for.
text::Outcome<std::string> run_session(const cli::ParsedCommand& parsed);

}  // namespace scone::tools
