// $NAME and ${NAME} in the values of a document.
//
// Side:   hosted
// Syntax: NAME is [A-Za-z_][A-Za-z0-9_]*. "$$" stays as it is, and so does everything up to the
//         closing "$$" of a $$SCONE::...$$. "\$" gives "$". A '$' before anything else stays.
// Errors: "Value for variable $NAME is missing at line L column C", one for each missing variable,
//         50 at most
// Source: docs/reference/session-language.md, "Substitution"
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/text/node.h"

namespace scone::text {

using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;

// In values only (keys and comments are left alone), so that a value can never add structure: it
// stays one scalar. A plain scalar that becomes "~" is null. `source` is the text that `root` was
// parsed from: it gives the exact columns. Empty when every variable had a value; with an error
// the tree is left half changed.
std::vector<Diagnostic> substitute_variables(Node& root, std::string_view source,
                                             const VariableLookup& lookup);

// In a whole text, for templates whose variables stand for several lines of it.
base::Result<std::string, std::vector<Diagnostic>> substitute_text(std::string_view source,
                                                                   const VariableLookup& lookup);

}  // namespace scone::text
