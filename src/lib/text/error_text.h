// How a program tells its user of an error: three lines at most.
//
// Side:    hosted
//   sconify_image: cannot read native image 'repo/app:1': not in the local store
//     while: step 1 of 9, reading the native image
//     try:   docker pull repo/app:1, or give an image folder: --from=oci:./app
// Source:  docs/reference/exit-codes.md
#pragma once

#include <string>
#include <string_view>

#include "lib/text/failure.h"

namespace scone::text {

enum class Colour { Never, Always };

// The lines above without the last newline. Line breaks inside the failure's texts become blanks,
// control characters '?': the text may quote foreign data.
std::string error_text(std::string_view program, const Failure& failure,
                       Colour colour = Colour::Never);
// "program: warning: text".
std::string warning_text(std::string_view program, std::string_view text, Colour colour);

}  // namespace scone::text
