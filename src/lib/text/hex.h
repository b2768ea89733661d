// Hexadecimal text of bytes, in strings and vectors.
//
// Side: hosted
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/hex.h"

namespace scone::text {

// Lower-case digits, two for each byte.
std::string to_hex(base::Bytes bytes);
// Either case; nullopt when the digits are odd in number or anything else stands in the text.
std::optional<std::vector<uint8_t>> from_hex(std::string_view digits);

// Exactly N bytes, else nullopt.
template <size_t N>
std::optional<base::ByteArray<N>> array_from_hex(std::string_view digits) {
    base::ByteArray<N> out{};
    if (!base::hex_decode(digits, out))
        return std::nullopt;
    return out;
}

}  // namespace scone::text
