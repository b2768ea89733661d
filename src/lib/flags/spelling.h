// How flags, arguments and commands are written in help and manual pages.
//
// Side:    hosted
// Threads: pure functions
#pragma once

#include <string>

#include "lib/flags/flag.h"

namespace scone::flags {

// "-c, --config=FILE"
std::string flag_spelling(const Flag& flag);
// The flag's text with what the table says of default, variable and repetition.
std::string flag_help(const Flag& flag);
// "[HASH]"
std::string argument_spelling(const Argument& argument);
// "scone cas attest [OPTIONS] ADDRESS [HASH]"
std::string usage_line(const Command& command, std::string_view path);

}  // namespace scone::flags
