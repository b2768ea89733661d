// `scone run`: run an image without a container engine's daemon, by runc.
//
// The image is unpacked to a temporary folder and runs there as its configuration says, in the
// host's network. Nothing of it is left at the end.
//
// Side:    host
// Errors:  those of tools/oci, root_folder.h and container.h
#pragma once

#include "lib/flags/flag.h"
#include "lib/flags/parse_flags.h"
#include "lib/text/failure.h"

namespace scone::tools {

flags::Command run_command();

// Hands back the exit code of the program in the container.
// Preconditions: parsed by run_command(), help was not asked for; no other thread runs yet.
text::Outcome<int> run_image(const flags::ParsedCommand& parsed);

}  // namespace scone::tools
