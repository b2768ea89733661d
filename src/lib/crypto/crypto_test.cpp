// Known answers: FIPS 180-4 examples, RFC 2202, RFC 4231, RFC 5869.
#include <gtest/gtest.h>

#include <string>

#include "lib/base/hex.h"
#include "lib/crypto/aead.h"
#include "lib/crypto/hash.h"
#include "lib/crypto/kdf.h"
#include "lib/crypto/random.h"

namespace scone::crypto {
namespace {

std::string hex(Bytes bytes) {
    std::string text(bytes.size() * 2, '\0');
    base::hex_encode(bytes, text);
    return text;
}

TEST(Hash, GivesTheStandardsAnswers) {
    EXPECT_EQ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
              hex(sha256(base::as_bytes("abc"))));
    EXPECT_EQ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hex(sha256({})));
    EXPECT_EQ(sha512(base::as_bytes("abc")),
              sha512_of_parts({base::as_bytes("a"), {}, base::as_bytes("bc")}));
    EXPECT_EQ("ddaf35a193617aba", hex(sha512(base::as_bytes("abc"))).substr(0, 16));
    EXPECT_EQ("cb00753f45a35e8b", hex(sha384(base::as_bytes("abc"))).substr(0, 16));
}

TEST(Kdf, GivesTheStandardsAnswers) {
    EXPECT_EQ(
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        hex(hmac_sha256(base::as_bytes("Jefe"), base::as_bytes("what do ya want for nothing?"))
                .value()));
    EXPECT_EQ("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
              hex(hmac_sha1(base::as_bytes("Jefe"), base::as_bytes("what do ya want for nothing?"))
                      .value()));
    ByteArray<22> key;
    key.fill(0x0b);
    ByteArray<13> salt;
    for (size_t i = 0; i < salt.size(); i++)
        salt[i] = static_cast<uint8_t>(i);
    ByteArray<10> info;
    for (size_t i = 0; i < info.size(); i++)
        info[i] = static_cast<uint8_t>(0xf0 + i);
    ByteArray<42> out;
    ASSERT_TRUE(hkdf_sha256(key, salt, info, out));
    EXPECT_EQ(
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        hex(out));
    std::vector<uint8_t> too_much(255 * 32 + 1);
    EXPECT_EQ(ErrorCode::TooLarge, hkdf_sha256(key, {}, {}, too_much).error().code);
}

TEST(Aead, OpensOnlyWhatWasSealedUnderTheSameKeyAndData) {
    AeadKey key;
    ASSERT_TRUE(fill_random(key.expose_mutable()));
    for (std::string_view text : {"", "x", "a longer message of more than one block"}) {
        auto sealed = seal(key, base::as_bytes(text), base::as_bytes("name")).value();
        EXPECT_EQ(text, open(key, sealed, base::as_bytes("name")).value().expose_text());
        EXPECT_EQ(ErrorCode::BadTag, open(key, sealed, base::as_bytes("other")).error().code);
        for (size_t i = 0; i < sealed.size(); i++) {
            sealed[i] ^= 1;
            EXPECT_EQ(ErrorCode::BadTag, open(key, sealed, base::as_bytes("name")).error().code);
            sealed[i] ^= 1;
        }
        sealed.pop_back();
        EXPECT_FALSE(open(key, sealed, base::as_bytes("name")));
    }
    EXPECT_EQ(ErrorCode::Malformed, open(key, {}, {}).error().code);
}

TEST(Random, StaysBelowItsLimit) {
    for (int i = 0; i < 200; i++)
        EXPECT_LT(random_below(7).value(), 7u);
    EXPECT_EQ(0u, random_below(1).value());
}

TEST(SecretBytes, IsEmptyAfterAMove) {
    SecretBytes secret(std::string_view("key"));
    SecretBytes other = std::move(secret);
    EXPECT_TRUE(secret.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
    EXPECT_EQ("key", other.expose_text());
    EXPECT_TRUE(other == other.duplicate());
}

}  // namespace
}  // namespace scone::crypto
