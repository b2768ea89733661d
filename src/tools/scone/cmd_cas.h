// `scone cas`: which CAS is trusted, and by what evidence.
//
// A CAS that runs outside an enclave has no evidence. It is refused, unless
// --only_for_testing-disable-attestation-verification says to pin its key all the same.
//
// Side:   host
// Source: docs/formats/client-config.md
#pragma once

#include <string>

#include "lib/flags/flag.h"
#include "lib/flags/parse_flags.h"
#include "lib/text/failure.h"

namespace scone::tools {

flags::Command cas_command();

// Carries out what was parsed by cas_command(); hands back the text for stdout.
// Preconditions: parsed.command is one of its subcommands, help was not asked for.
text::Outcome<std::string> run_cas(const flags::ParsedCommand& parsed);

}  // namespace scone::tools
