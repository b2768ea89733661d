// Where a TOML text has characters that toml++ cannot judge.
//
// Side:   hosted
// toml++ 3.3 has undefined behaviour for U+00A1 to U+0499 wherever it asks whether a character is
// white space. TOML 1.0 permits what is not ASCII in strings and comments only, and there toml++
// asks after a backslash alone.
#pragma once

#include <optional>
#include <string_view>

#include "lib/text/node.h"

namespace scone::text {

// The first character that is not ASCII and stands outside of strings and comments, or behind a
// backslash and the white space after it in a string of several lines.
// Preconditions: valid UTF-8.
std::optional<Position> misplaced_non_ascii(std::string_view toml);

}  // namespace scone::text
