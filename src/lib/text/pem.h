// PEM blocks: find, decode, encode.
//
// Side:   hosted
// Errors: nullopt for a block without its end line, a label that differs, a body that is not
//         base64, encapsulated headers, more than kMaxPemBlocks blocks, or no block at all
// Source: RFC 7468 (lax parsing: text between blocks and white space in bodies are skipped)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"

namespace scone::text {

inline constexpr size_t kMaxPemSize = 1 << 20;
inline constexpr size_t kMaxPemBlocks = 64;

struct PemBlock {
    std::string label;  // "CERTIFICATE", "PRIVATE KEY", "PUBLIC KEY"
    std::vector<uint8_t> der;
};

std::optional<std::vector<PemBlock>> from_pem(std::string_view text);
// The only block of the text, which must have this label; nullopt otherwise.
std::optional<std::vector<uint8_t>> single_from_pem(std::string_view text, std::string_view label);
// 64 characters a line, '\n' line ends.
std::string to_pem(std::string_view label, base::Bytes der);
// True when the text has a BEGIN line; says nothing about the rest.
bool looks_like_pem(std::string_view text);

}  // namespace scone::text
