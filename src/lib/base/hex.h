// Lower-case hexadecimal text of bytes, without allocation.
//
// Side: both
#pragma once

#include <span>
#include <string_view>

#include "lib/base/bytes.h"

namespace scone::base {

// Writes two digits per byte. Preconditions: out.size() >= 2 * bytes.size().
void hex_encode(Bytes bytes, std::span<char> out);
// Reads exactly 2 * out.size() digits of either case; false when the text is anything else.
bool hex_decode(std::string_view text, MutableBytes out);

}  // namespace scone::base
