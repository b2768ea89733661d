// Key hashes: the short names of keys in access policies and on the command line.
//
// Side:    hosted
// Layout:  Base58Check text of  +0 u8 version  +1 u8[32]
//            version 1:  SHA-256 of the key's SubjectPublicKeyInfo (DER), any algorithm
//            version 10: an Ed25519 signer's raw public key
// Source:  docs/formats/session.md, "Key hashes"
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"

namespace scone::policy {

inline constexpr uint8_t kKeyHashVersion = 1;
inline constexpr uint8_t kSignerKeyVersion = 10;

std::string key_hash_of_spki(base::Bytes spki_der);
// Of the first certificate of the PEM text; nullopt when there is none that can be read.
std::optional<std::string> key_hash_of_certificate(std::string_view pem);
// Of a PEM public key ("PUBLIC KEY").
std::optional<std::string> key_hash_of_public_key(std::string_view pem);
// True for a Base58Check text of version 1 with 32 bytes.
bool is_key_hash(std::string_view text);
// The key hash of a signer: of its SPKI PEM, or of a version 10 text; nullopt when neither.
std::optional<std::string> key_hash_of_signer(std::string_view pem_or_base58);
// Lower-case hex SHA-256 of the text: what `sha256sum client.crt` prints (language 0.2).
std::string certificate_hash(std::string_view pem);

}  // namespace scone::policy
