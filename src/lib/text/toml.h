// TOML documents (configuration files) as the same tree that parse_yaml() gives.
//
// Side:   hosted
// Limits: 1 MiB; depth 64
// Note:   strings become double-quoted scalars, numbers, flags and dates plain ones
// Errors: a Diagnostic with line and column
// Source: TOML 1.0, read by toml++
#pragma once

#include <string_view>

#include "lib/base/result.h"
#include "lib/text/node.h"

namespace scone::text {

base::Result<Node, Diagnostic> parse_toml(std::string_view text);

}  // namespace scone::text
