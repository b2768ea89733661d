// Signatures; the scheme follows from the key.
//
//   P-256    ECDSA with SHA-256        Ed25519  Ed25519
//   P-384    ECDSA with SHA-384        RSA      PKCS#1 v1.5 with SHA-256
//
// Side:    hosted
// Layout:  ECDSA as DER SEQUENCE {r, s}; the functions named raw take r || s, big endian
// Errors:  BadSignature, WrongKey, Malformed, Library
#pragma once

#include <vector>

#include "lib/crypto/key.h"

namespace scone::crypto {

Result<std::vector<uint8_t>> sign(const PrivateKey& key, Bytes message);
Result<void> verify(const PublicKey& key, Bytes message, Bytes signature);

Result<ByteArray<64>> sign_p256_raw(const PrivateKey& key, Bytes message);
Result<void> verify_p256_raw(const PublicKey& key, Bytes message,
                             std::span<const uint8_t, 64> signature);

}  // namespace scone::crypto
