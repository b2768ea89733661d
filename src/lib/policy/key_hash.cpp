#include "lib/policy/key_hash.h"

#include "lib/crypto/hash.h"
#include "lib/crypto/key.h"
#include "lib/crypto/x509.h"
#include "lib/text/base64.h"
#include "lib/text/hex.h"

namespace scone::policy {

std::string key_hash_of_spki(base::Bytes spki_der) {
    return text::to_base58check(kKeyHashVersion, crypto::sha256(spki_der));
}

std::optional<std::string> key_hash_of_certificate(std::string_view pem) {
    auto certificate = crypto::Certificate::from_pem(pem);
    if (!certificate)
        return std::nullopt;
    auto key = certificate->public_key();
    if (!key)
        return std::nullopt;
    auto spki = key->spki_der();
    return spki ? std::optional(key_hash_of_spki(*spki)) : std::nullopt;
}

std::optional<std::string> key_hash_of_public_key(std::string_view pem) {
    auto key = crypto::PublicKey::from_spki_pem(pem);
    if (!key)
        return std::nullopt;
    auto spki = key->spki_der();
    return spki ? std::optional(key_hash_of_spki(*spki)) : std::nullopt;
}

bool is_key_hash(std::string_view text) {
    auto payload = text::from_base58check(text);
    return payload && payload->version == kKeyHashVersion && payload->bytes.size() == 32;
}

std::optional<std::string> key_hash_of_signer(std::string_view pem_or_base58) {
    auto payload = text::from_base58check(pem_or_base58);
    if (!payload)
        return key_hash_of_public_key(pem_or_base58);
    if (payload->version != kSignerKeyVersion || payload->bytes.size() != 32)
        return std::nullopt;
    // SubjectPublicKeyInfo of an Ed25519 key: RFC 8410, section 4.
    std::vector<uint8_t> spki{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                              0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    spki.insert(spki.end(), payload->bytes.begin(), payload->bytes.end());
    return key_hash_of_spki(spki);
}

std::string certificate_hash(std::string_view pem) {
    return text::to_hex(crypto::sha256(base::as_bytes(pem)));
}

}  // namespace scone::policy
