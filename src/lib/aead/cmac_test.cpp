// AES-128 and CMAC against published answers and OpenSSL.
#include "lib/aead/cmac.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <vector>

#include "lib/aead/aes128.h"
#include "lib/base/hex.h"

namespace scone::aead {
namespace {

template <size_t N>
base::ByteArray<N> from_hex(std::string_view text) {
    base::ByteArray<N> bytes{};
    EXPECT_TRUE(base::hex_decode(text, bytes));
    return bytes;
}

CmacTag openssl_cmac(base::Bytes key, base::Bytes message) {
    EVP_MAC* mac = EVP_MAC_fetch(nullptr, "CMAC", nullptr);
    EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
    char cipher[] = "AES-128-CBC";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                               OSSL_PARAM_construct_end()};
    CmacTag tag{};
    size_t size = 0;
    EXPECT_TRUE(EVP_MAC_init(context, key.data(), key.size(), parameters));
    EXPECT_TRUE(EVP_MAC_update(context, message.data(), message.size()));
    EXPECT_TRUE(EVP_MAC_final(context, tag.data(), &size, tag.size()));
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    return tag;
}

TEST(Aes128, GivesTheAnswerOfFips197) {
    Aes128 cipher(from_hex<16>("000102030405060708090a0b0c0d0e0f"));
    auto block = from_hex<16>("00112233445566778899aabbccddeeff");
    cipher.encrypt(block.data());
    EXPECT_EQ(block, from_hex<16>("69c4e0d86a7b0430d8cdb78070b4c55a"));
}

TEST(Cmac, GivesTheAnswersOfRfc4493) {
    auto key = from_hex<16>("2b7e151628aed2a6abf7158809cf4f3c");
    auto message = from_hex<64>(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
    base::Bytes bytes(message);
    EXPECT_EQ(aes128_cmac(key, {}), from_hex<16>("bb1d6929e95937287fa37d129b756746"));
    EXPECT_EQ(aes128_cmac(key, bytes.first(16)), from_hex<16>("070a16b46b4d4144f79bdd9dd04a287c"));
    EXPECT_EQ(aes128_cmac(key, bytes.first(40)), from_hex<16>("dfa66747de9ae63030ca32611497c827"));
    EXPECT_EQ(aes128_cmac(key, bytes), from_hex<16>("51f0bebf7e3b9d92fc49741779363cfe"));
}

TEST(Cmac, AgreesWithOpensslAtEveryLength) {
    std::vector<uint8_t> message(432);
    base::ByteArray<16> key{};
    for (size_t i = 0; i < message.size(); ++i)
        message[i] = static_cast<uint8_t>(i * 37 + 11);
    for (size_t size = 0; size <= message.size(); ++size) {
        key[size % 16] = static_cast<uint8_t>(key[size % 16] * 5 + size);
        ASSERT_EQ(aes128_cmac(key, {message.data(), size}),
                  openssl_cmac(key, {message.data(), size}))
            << size;
    }
}

}  // namespace
}  // namespace scone::aead
