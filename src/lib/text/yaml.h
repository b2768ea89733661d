// YAML documents: parse with positions and limits, write deterministically.
//
// Side:   hosted
// Limits: size, depth and node count below; one document; keys are scalars
// Errors: a Diagnostic with line and column: malformed text, a key twice in one mapping, anchors,
//         aliases, merge keys, tags that were not allowed, directives, complex keys, a second
//         document, invalid UTF-8, control characters, or a limit exceeded
// Source: YAML 1.2.2, read by libyaml
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/text/node.h"

namespace scone::text {

struct YamlOptions {
    size_t max_size = size_t{1} << 20;
    size_t max_depth = 64;
    size_t max_nodes = 100'000;
    std::vector<std::string_view> allowed_tags = {};  // "!cas"
};

// An empty document is a null scalar.
base::Result<Node, Diagnostic> parse_yaml(std::string_view text, const YamlOptions& options = {});

// Block style, two blanks of indentation, "---" first: the same tree always gives the same bytes,
// and parse_yaml() of them gives an equal tree. Scalars that came as Plain stay plain where the
// text allows it; text of several lines becomes a literal block; the rest is double quoted.
std::string write_yaml(const Node& root);

}  // namespace scone::text
