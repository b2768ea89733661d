// UTF-8: is it, and make it so.
//
// Side:   hosted
// Source: RFC 3629 (no surrogates, nothing above U+10FFFF, shortest form only)
#pragma once

#include <string>
#include <string_view>

namespace scone::text {

// Size of the well-formed sequence that starts at `at`; 0 when none does.
size_t utf8_sequence_size(std::string_view text, size_t at);
bool is_valid_utf8(std::string_view text);
// The text with each byte that is no part of a well-formed sequence replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace scone::text
