// Base64 and base32 text of bytes (RFC 4648), and Base58Check.
//
// Side:   hosted
// Errors: nullopt for any character outside the alphabet, wrong length, wrong padding, or unused
//         bits that are not zero; each byte string has exactly one accepted text
// Source: RFC 4648 sections 4 to 6; Base58Check as in the key hashes of docs/formats/session.md
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"

namespace scone::text {

enum class Padding { Written, Omitted };

std::string to_base64(base::Bytes bytes);
std::optional<std::vector<uint8_t>> from_base64(std::string_view text);
// Spaces, tabs and line ends are skipped: PEM bodies, JSON made by hand.
std::optional<std::vector<uint8_t>> from_base64_lines(std::string_view text);

// '-' and '_' instead of '+' and '/'.
std::string to_base64url(base::Bytes bytes, Padding padding = Padding::Omitted);
// Accepts the text with or without padding.
std::optional<std::vector<uint8_t>> from_base64url(std::string_view text);

std::string to_base32(base::Bytes bytes, Padding padding = Padding::Written);
// Upper case; accepts the text with or without padding.
std::optional<std::vector<uint8_t>> from_base32(std::string_view text);

struct Base58Payload {
    uint8_t version = 0;
    std::vector<uint8_t> bytes;
};
// Base58 (Bitcoin's alphabet) of version byte, bytes and the first 4 bytes of their double SHA-256.
std::string to_base58check(uint8_t version, base::Bytes bytes);
// nullopt also when the checksum is wrong or the text is longer than 128 characters.
std::optional<Base58Payload> from_base58check(std::string_view text);

}  // namespace scone::text
