#include "lib/crypto/key.h"

#include <gtest/gtest.h>

#include "lib/crypto/signature.h"

namespace scone::crypto {
namespace {

class EachKey : public testing::TestWithParam<NewKey> {};

TEST_P(EachKey, KeepsItsIdentityThroughEveryEncoding) {
    PrivateKey key = PrivateKey::generate(GetParam()).value();
    KeyHash hash = key.public_key().value().key_hash().value();
    SecretBytes pem = key.pkcs8_pem().value();
    EXPECT_TRUE(pem.expose_text().starts_with("-----BEGIN PRIVATE KEY-----"));
    SecretBytes der = key.pkcs8_der().value();
    EXPECT_EQ(hash, PrivateKey::from_pem(pem.expose_text())->public_key()->key_hash().value());
    EXPECT_EQ(hash, PrivateKey::from_pkcs8_der(der.expose())->public_key()->key_hash().value());
    PublicKey again = PublicKey::from_spki_pem(key.public_key()->spki_pem().value()).value();
    EXPECT_EQ(hash, again.key_hash().value());
    EXPECT_EQ(hash, PublicKey::from_spki_der(again.spki_der().value())->key_hash().value());
    EXPECT_EQ(key.type(), again.type());
}

TEST_P(EachKey, VerifiesItsOwnSignatureAndNoOther) {
    PrivateKey key = PrivateKey::generate(GetParam()).value();
    PrivateKey stranger = PrivateKey::generate(GetParam()).value();
    PublicKey public_key = key.public_key().value();
    std::vector<uint8_t> signature = sign(key, base::as_bytes("message")).value();
    EXPECT_TRUE(verify(public_key, base::as_bytes("message"), signature));
    EXPECT_FALSE(verify(public_key, base::as_bytes("Message"), signature));
    EXPECT_FALSE(verify(stranger.public_key().value(), base::as_bytes("message"), signature));
    signature[signature.size() / 2] ^= 1;
    EXPECT_EQ(ErrorCode::BadSignature,
              verify(public_key, base::as_bytes("message"), signature).error().code);
    EXPECT_FALSE(verify(public_key, base::as_bytes("message"), {}));
}

INSTANTIATE_TEST_SUITE_P(Key, EachKey,
                         testing::Values(NewKey::P256, NewKey::P384, NewKey::Ed25519,
                                         NewKey::Rsa2048, NewKey::Rsa3072));

TEST(Key, SplitsP256PointsAndSignatures) {
    PrivateKey key = PrivateKey::generate(NewKey::P256).value();
    ByteArray<64> point = key.public_key()->p256_point().value();
    PublicKey from_point = PublicKey::from_p256_point(point).value();
    EXPECT_EQ(key.public_key()->key_hash().value(), from_point.key_hash().value());
    ByteArray<64> signature = sign_p256_raw(key, base::as_bytes("message")).value();
    EXPECT_TRUE(verify_p256_raw(from_point, base::as_bytes("message"), signature));
    signature[63] ^= 1;
    EXPECT_FALSE(verify_p256_raw(from_point, base::as_bytes("message"), signature));
    EXPECT_FALSE(verify_p256_raw(from_point, base::as_bytes("message"), ByteArray<64>{}));
    point[63] ^= 1;  // no longer on the curve
    EXPECT_EQ(ErrorCode::Malformed, PublicKey::from_p256_point(point).error().code);
    PrivateKey other = PrivateKey::generate(NewKey::Ed25519).value();
    EXPECT_EQ(ErrorCode::WrongKey, other.public_key()->p256_point().error().code);
}

TEST(Key, RefusesWhatIsNoKey) {
    EXPECT_EQ(ErrorCode::Malformed, PrivateKey::from_pem("").error().code);
    EXPECT_EQ(ErrorCode::Malformed,
              PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\n").error().code);
    EXPECT_EQ(ErrorCode::TooLarge, PrivateKey::from_pem(std::string(70000, 'x')).error().code);
    EXPECT_EQ(ErrorCode::Malformed, PrivateKey::from_pkcs8_der(ByteArray<4>{}).error().code);
    EXPECT_EQ(ErrorCode::Malformed, PublicKey::from_spki_der({}).error().code);
    SecretBytes der = PrivateKey::generate(NewKey::P256)->pkcs8_der().value();
    std::vector<uint8_t> longer(der.expose().begin(), der.expose().end());
    longer.push_back(0);
    EXPECT_EQ(ErrorCode::Malformed, PrivateKey::from_pkcs8_der(longer).error().code);
}

}  // namespace
}  // namespace scone::crypto
