// How a command tells its user of an error and of its progress: on stderr, three lines at most.
//
// Side:    host
//   sconify_image: cannot read native image 'repo/app:1': not in the local store
//     while: step 1 of 9, reading the native image
//     try:   docker pull repo/app:1, or give an image folder: --from=oci:./app
// Source:  docs/reference/exit-codes.md
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "lib/text/failure.h"

namespace scone::cli {

enum class Colour { Never, Always };

// Always when `stream` is a terminal, NO_COLOR is not set and TERM is not "dumb".
Colour colour_for(std::FILE* stream);

// The lines above without the last newline. Line breaks inside the failure's texts become blanks,
// control characters '?': the text may quote foreign data.
std::string error_text(std::string_view program, const text::Failure& failure, Colour colour);

// Writes error_text() to stderr and returns the exit code for main().
int report(std::string_view program, const text::Failure& failure, Colour colour);

// "program: warning: text" on stderr.
void warn(std::string_view program, std::string_view text, Colour colour);

}  // namespace scone::cli
