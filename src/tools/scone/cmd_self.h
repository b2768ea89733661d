// `scone self` and `scone cert`: who the user of these tools is, as others know them.
//
// Side:   host
// Source: docs/formats/session.md, "Key hashes"
#pragma once

#include <string>

#include "lib/text/failure.h"
#include "tools/cli/flag.h"
#include "tools/cli/parse_flags.h"

namespace scone::tools {

cli::Command self_command();
cli::Command cert_command();

// Carry out what was parsed by these commands; hand back the text for stdout.
// Preconditions: parsed.command is one of their subcommands, help was not asked for.
text::Outcome<std::string> run_self(const cli::ParsedCommand& parsed);
text::Outcome<std::string> run_cert(const cli::ParsedCommand& parsed);

// The session signing key of the state file, as SPKI PEM.
text::Outcome<std::string> session_signing_key_pem(const cli::ParsedCommand& parsed);

}  // namespace scone::tools
