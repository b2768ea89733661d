// How a command tells its user of an error and of warnings: on stderr, in colour on a terminal.
//
// Side:    host
#pragma once

#include <cstdio>
#include <string_view>

#include "lib/text/error_text.h"

namespace scone::cli {

// Always when `stream` is a terminal, NO_COLOR is not set and TERM is not "dumb".
text::Colour colour_for(std::FILE* stream);

// Writes error_text() to stderr and returns the exit code for main().
int report(std::string_view program, const text::Failure& failure, text::Colour colour);

// Writes warning_text() to stderr.
void warn(std::string_view program, std::string_view text, text::Colour colour);

}  // namespace scone::cli
