// Private and public keys, and their encodings.
//
// Side:    hosted
// Layout:  private keys PKCS#8 (PEM or DER), public keys SubjectPublicKeyInfo (PEM or DER)
// Errors:  Malformed, TooLarge (input above 64 KiB), Unsupported (another algorithm or key size),
//          Library
// Threads: a key may be used by several threads at once
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/crypto/error.h"
#include "lib/crypto/hash.h"
#include "lib/crypto/openssl_handle.h"
#include "lib/crypto/secret_bytes.h"

namespace scone::crypto {

inline constexpr size_t kMaxKeyFileSize = size_t{64} * 1024;

// RSA keys that are read may have 2048 to 8192 bits; they report Rsa.
enum class KeyType : uint8_t { P256, P384, Ed25519, Rsa };
enum class NewKey : uint8_t { P256, P384, Ed25519, Rsa2048, Rsa3072 };

// SHA-256 of a public key's SubjectPublicKeyInfo in DER: how keys are pinned and named in policies.
using KeyHash = Sha256Digest;

class PublicKey {
  public:
    static Result<PublicKey> from_spki_der(Bytes der);
    static Result<PublicKey> from_spki_pem(std::string_view pem);
    // A P-256 point x || y, big endian; refused when it is not on the curve.
    static Result<PublicKey> from_p256_point(std::span<const uint8_t, 64> point);
    // Takes a reference of its own. For keys that OpenSSL handed out.
    static Result<PublicKey> from_native(EVP_PKEY* key);

    PublicKey(const PublicKey& other);
    PublicKey& operator=(const PublicKey& other);
    PublicKey(PublicKey&&) noexcept = default;
    PublicKey& operator=(PublicKey&&) noexcept = default;

    KeyType type() const { return type_; }
    Result<std::vector<uint8_t>> spki_der() const;
    Result<std::string> spki_pem() const;
    Result<KeyHash> key_hash() const;
    // x || y; WrongKey unless P-256.
    Result<ByteArray<64>> p256_point() const;
    EVP_PKEY* native() const { return key_.get(); }

  private:
    PublicKey(PkeyHandle key, KeyType type) : key_(std::move(key)), type_(type) {}
    PkeyHandle key_;
    KeyType type_;
};

class PrivateKey {
  public:
    static Result<PrivateKey> generate(NewKey kind);
    // PKCS#8 or the older "EC PRIVATE KEY" and "RSA PRIVATE KEY"; encrypted keys are refused.
    static Result<PrivateKey> from_pem(std::string_view pem);
    static Result<PrivateKey> from_pkcs8_der(Bytes der);

    PrivateKey(PrivateKey&&) noexcept = default;
    PrivateKey& operator=(PrivateKey&&) noexcept = default;
    // A second holder of the same key.
    PrivateKey share() const;

    KeyType type() const { return type_; }
    Result<SecretBytes> pkcs8_pem() const;
    Result<SecretBytes> pkcs8_der() const;
    Result<PublicKey> public_key() const;
    EVP_PKEY* native() const { return key_.get(); }

  private:
    PrivateKey(PkeyHandle key, KeyType type) : key_(std::move(key)), type_(type) {}
    PkeyHandle key_;
    KeyType type_;
};

}  // namespace scone::crypto
