// The text of a quoted YAML scalar, from the bytes between its quotes.
//
// Side:    hosted; for yaml_parser.cpp only
// Note:    libfyaml 0.7.12 gives wrong text for 'a''''b' and loses memory on the way, so that its
//          tokens are used for the places of quoted scalars only
// Errors:  nullopt: an escape that YAML does not know or that stands for no character
// Source:  YAML 1.2.2, sections 5.7, 7.3.1, 7.3.2
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace scone::text {

std::string single_quoted_text(std::string_view between_quotes);
std::optional<std::string> double_quoted_text(std::string_view between_quotes);

}  // namespace scone::text
