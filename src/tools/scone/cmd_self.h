// `scone self` and `scone cert`: who the user of these tools is, as others know them.
//
// Side:   host
// Source: docs/formats/session.md, "Key hashes"
#pragma once

#include <string>

#include "lib/flags/flag.h"
#include "lib/flags/parse_flags.h"
#include "lib/text/failure.h"

namespace scone::tools {

flags::Command self_command();
flags::Command cert_command();

// Carry out what was parsed by these commands; hand back the text for stdout.
// Preconditions: parsed.command is one of their subcommands, help was not asked for.
text::Outcome<std::string> run_self(const flags::ParsedCommand& parsed);
text::Outcome<std::string> run_cert(const flags::ParsedCommand& parsed);

// The session signing key of the state file, as SPKI PEM.
text::Outcome<std::string> session_signing_key_pem(const flags::ParsedCommand& parsed);

}  // namespace scone::tools
