// TOML texts without characters that toml++ cannot judge.
//
// Side:   hosted
// toml++ 3.3 has undefined behaviour for some characters beyond ASCII wherever it asks whether one
// is white space, also behind errors. So it gets none: TOML 1.0 permits them in strings and
// comments only, and strings can spell them.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/text/node.h"

namespace scone::text {

// The same document in ASCII: characters of strings as \uXXXX, of comments as '?'. Columns behind
// them change.
// Errors: the place of a character that stands anywhere else
// Preconditions: valid UTF-8
base::Result<std::string, Position> toml_in_ascii(std::string_view toml);

}  // namespace scone::text
