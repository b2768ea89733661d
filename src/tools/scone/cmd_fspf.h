// `scone fspf`: file system protection files, from the command line.
//
// What stands on stdout has the exact shape that scripts parse: of `encrypt` the 9th word is the
// tag and the 11th the key.
//
// Side:   host
// Source: docs/formats/fspf.md
#pragma once

#include <string>

#include "lib/flags/flag.h"
#include "lib/flags/parse_flags.h"
#include "lib/text/failure.h"

namespace scone::tools {

flags::Command fspf_command();

// Carries out what was parsed by fspf_command(); hands back the text for stdout. Warnings go to
// stderr. Preconditions: parsed.command is one of its subcommands, help was not asked for.
text::Outcome<std::string> run_fspf(const flags::ParsedCommand& parsed);

}  // namespace scone::tools
