#include "lib/text/base64.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace scone::text {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kBase58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

constexpr std::array<int8_t, 256> reverse(std::string_view alphabet) {
    std::array<int8_t, 256> table{};
    table.fill(-1);
    for (size_t i = 0; i < alphabet.size(); i++)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<int8_t>(i);
    return table;
}
constexpr auto kFromBase64 = reverse(kBase64);
constexpr auto kFromBase64Url = reverse(kBase64Url);
constexpr auto kFromBase32 = reverse(kBase32);
constexpr auto kFromBase58 = reverse(kBase58);

// Digits of `bits` bits each, filled up with '=' to a multiple of `group` digits.
std::string encode(base::Bytes bytes, std::string_view alphabet, unsigned bits, size_t group,
                   Padding padding) {
    std::string out;
    out.reserve((bytes.size() * 8 + bits - 1) / bits + group);
    uint32_t pending = 0;
    unsigned pending_bits = 0;
    const uint32_t mask = (1U << bits) - 1;
    for (uint8_t byte : bytes) {
        pending = pending << 8 | byte;
        pending_bits += 8;
        while (pending_bits >= bits) {
            pending_bits -= bits;
            out += alphabet[pending >> pending_bits & mask];
        }
    }
    if (pending_bits > 0)
        out += alphabet[pending << (bits - pending_bits) & mask];
    while (padding == Padding::Written && out.size() % group != 0)
        out += '=';
    return out;
}

enum class PaddingRule { Required, Either };

std::optional<std::vector<uint8_t>> decode(std::string_view text,
                                           const std::array<int8_t, 256>& table, unsigned bits,
                                           size_t group, PaddingRule rule) {
    size_t padded_size = text.size();
    while (!text.empty() && text.back() == '=')
        text.remove_suffix(1);
    bool has_padding = text.size() != padded_size;
    if ((has_padding || rule == PaddingRule::Required) &&
        (padded_size % group != 0 || padded_size - text.size() >= group))
        return std::nullopt;
    std::vector<uint8_t> out;
    out.reserve(text.size() * bits / 8);
    uint32_t pending = 0;
    unsigned pending_bits = 0;
    for (char c : text) {
        int8_t digit = table[static_cast<unsigned char>(c)];
        if (digit < 0)
            return std::nullopt;
        pending = pending << bits | static_cast<uint32_t>(digit);
        pending_bits += bits;
        if (pending_bits >= 8) {
            pending_bits -= 8;
            out.push_back(static_cast<uint8_t>(pending >> pending_bits));
        }
    }
    // A whole digit left over, or bits that no encoder writes.
    if (pending_bits >= bits || (pending & ((1U << pending_bits) - 1)) != 0)
        return std::nullopt;
    return out;
}

base::ByteArray<4> base58_checksum(base::Bytes bytes) {
    base::ByteArray<SHA256_DIGEST_LENGTH> once{};
    base::ByteArray<SHA256_DIGEST_LENGTH> twice{};
    SHA256(bytes.data(), bytes.size(), once.data());
    SHA256(once.data(), once.size(), twice.data());
    return {twice[0], twice[1], twice[2], twice[3]};
}

// number = number * factor + addend, the number being big endian in `digits` of base `radix`,
// least significant first.
template <class Digit>
void multiply_add(std::vector<Digit>& digits, unsigned factor, unsigned addend, unsigned radix) {
    unsigned carry = addend;
    for (Digit& digit : digits) {
        carry += static_cast<unsigned>(digit) * factor;
        digit = static_cast<Digit>(carry % radix);
        carry /= radix;
    }
    while (carry > 0) {
        digits.push_back(static_cast<Digit>(carry % radix));
        carry /= radix;
    }
}

}  // namespace

std::string to_base64(base::Bytes bytes) {
    return encode(bytes, kBase64, 6, 4, Padding::Written);
}

std::optional<std::vector<uint8_t>> from_base64(std::string_view text) {
    return decode(text, kFromBase64, 6, 4, PaddingRule::Required);
}

std::optional<std::vector<uint8_t>> from_base64_lines(std::string_view text) {
    std::string packed;
    packed.reserve(text.size());
    std::ranges::copy_if(text, std::back_inserter(packed),
                         [](char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; });
    return from_base64(packed);
}

std::string to_base64url(base::Bytes bytes, Padding padding) {
    return encode(bytes, kBase64Url, 6, 4, padding);
}

std::optional<std::vector<uint8_t>> from_base64url(std::string_view text) {
    return decode(text, kFromBase64Url, 6, 4, PaddingRule::Either);
}

std::string to_base32(base::Bytes bytes, Padding padding) {
    return encode(bytes, kBase32, 5, 8, padding);
}

std::optional<std::vector<uint8_t>> from_base32(std::string_view text) {
    return decode(text, kFromBase32, 5, 8, PaddingRule::Either);
}

std::string to_base58check(uint8_t version, base::Bytes bytes) {
    std::vector<uint8_t> payload{version};
    payload.insert(payload.end(), bytes.begin(), bytes.end());
    base::ByteArray<4> checksum = base58_checksum(payload);
    payload.insert(payload.end(), checksum.begin(), checksum.end());

    std::vector<uint8_t> digits;
    for (uint8_t byte : payload)
        multiply_add(digits, 256, byte, 58);
    std::string out;
    for (size_t i = 0; i < payload.size() && payload[i] == 0; i++)
        out += kBase58[0];
    for (size_t i = digits.size(); i > 0; i--)
        out += kBase58[digits[i - 1]];
    return out;
}

std::optional<Base58Payload> from_base58check(std::string_view text) {
    constexpr size_t kLongestText = 128;
    if (text.size() > kLongestText)
        return std::nullopt;
    std::vector<uint8_t> bytes;  // least significant first
    for (char c : text) {
        int8_t digit = kFromBase58[static_cast<unsigned char>(c)];
        if (digit < 0)
            return std::nullopt;
        multiply_add(bytes, 58, static_cast<unsigned>(digit), 256);
    }
    for (size_t i = 0; i < text.size() && text[i] == kBase58[0]; i++)
        bytes.push_back(0);
    std::ranges::reverse(bytes);
    if (bytes.size() < 5)
        return std::nullopt;
    base::Bytes checked{bytes.data(), bytes.size() - 4};
    if (!base::equal_bytes(base58_checksum(checked), {checked.data() + checked.size(), 4}))
        return std::nullopt;
    return Base58Payload{bytes.front(), {bytes.begin() + 1, bytes.end() - 4}};
}

}  // namespace scone::text
