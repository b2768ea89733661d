#include "lib/crypto/signature.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

namespace scone::crypto {
namespace {

using EcdsaSignature = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;

const EVP_MD* digest_for(KeyType type) {
    switch (type) {
        case KeyType::P256:
        case KeyType::Rsa:
            return EVP_sha256();
        case KeyType::P384:
            return EVP_sha384();
        case KeyType::Ed25519:
            return nullptr;  // hashes by itself
    }
    __builtin_unreachable();
}

}  // namespace

Result<std::vector<uint8_t>> sign(const PrivateKey& key, Bytes message) {
    DigestContext context(EVP_MD_CTX_new());
    size_t size = 0;
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, digest_for(key.type()), nullptr, key.native()) !=
            1 ||
        EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) != 1)
        return error(ErrorCode::Library, "cannot sign");
    std::vector<uint8_t> out(size);
    if (EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) != 1)
        return error(ErrorCode::Library, "cannot sign");
    out.resize(size);
    return out;
}

Result<void> verify(const PublicKey& key, Bytes message, Bytes signature) {
    DigestContext context(EVP_MD_CTX_new());
    if (!context || EVP_DigestVerifyInit(context.get(), nullptr, digest_for(key.type()), nullptr,
                                         key.native()) != 1)
        return error(ErrorCode::Library, "cannot verify a signature with this key");
    int verdict = EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                   message.data(), message.size());
    ERR_clear_error();
    if (verdict != 1)
        return error(ErrorCode::BadSignature, "signature does not verify");
    return {};
}

Result<ByteArray<64>> sign_p256_raw(const PrivateKey& key, Bytes message) {
    if (key.type() != KeyType::P256)
        return error(ErrorCode::WrongKey, "expected a P-256 key");
    std::vector<uint8_t> der = SCONE_TRY(sign(key, message));
    const uint8_t* p = der.data();
    EcdsaSignature parts(d2i_ECDSA_SIG(nullptr, &p, static_cast<long>(der.size())));
    ByteArray<64> raw;
    if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), raw.data(), 32) != 32 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), raw.data() + 32, 32) != 32)
        return error(ErrorCode::Library, "cannot split an ECDSA signature");
    return raw;
}

Result<void> verify_p256_raw(const PublicKey& key, Bytes message,
                             std::span<const uint8_t, 64> signature) {
    if (key.type() != KeyType::P256)
        return error(ErrorCode::WrongKey, "expected a P-256 key");
    EcdsaSignature parts(ECDSA_SIG_new());
    BIGNUM* r = BN_bin2bn(signature.data(), 32, nullptr);
    BIGNUM* s = BN_bin2bn(signature.data() + 32, 32, nullptr);
    if (!parts || !r || !s || ECDSA_SIG_set0(parts.get(), r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return error(ErrorCode::Library, "cannot build an ECDSA signature");
    }
    uint8_t* der = nullptr;
    int size = i2d_ECDSA_SIG(parts.get(), &der);
    if (size <= 0)
        return error(ErrorCode::Library, "cannot encode an ECDSA signature");
    Result<void> verdict = verify(key, message, {der, static_cast<size_t>(size)});
    OPENSSL_free(der);
    return verdict;
}

}  // namespace scone::crypto
