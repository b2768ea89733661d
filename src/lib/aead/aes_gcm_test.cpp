// AES-256-GCM of every processor level against a published answer and OpenSSL.
#include "lib/aead/aes_gcm.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <vector>

#include "lib/aead/aes_gcm_ipsec_mb.h"
#include "lib/base/hex.h"

namespace scone::aead {
namespace {

std::vector<uint8_t> pattern(size_t size, uint32_t seed) {
    std::vector<uint8_t> bytes(size);
    for (uint8_t& byte : bytes) {
        seed = seed * 1664525 + 1013904223;
        byte = static_cast<uint8_t>(seed >> 24);
    }
    return bytes;
}

GcmTag openssl_seal(const GcmKey& key, const Nonce& nonce, base::Bytes aad, base::Bytes plain,
                    std::vector<uint8_t>& cipher_text) {
    cipher_text.assign(plain.size(), 0);
    GcmTag tag{};
    int size = 0;
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, key.expose().data(),
                       nonce.bytes.data());
    if (!aad.empty())
        EVP_EncryptUpdate(context, nullptr, &size, aad.data(), static_cast<int>(aad.size()));
    if (!plain.empty())
        EVP_EncryptUpdate(context, cipher_text.data(), &size, plain.data(),
                          static_cast<int>(plain.size()));
    EVP_EncryptFinal_ex(context, nullptr, &size);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, tag.data());
    EVP_CIPHER_CTX_free(context);
    return tag;
}

bool processor_has(CpuLevel level) {
    switch (level) {
        case CpuLevel::Sse:
            return true;
        case CpuLevel::Avx2:
            return __builtin_cpu_supports("avx2");
        case CpuLevel::VaesAvx512:
            return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("vpclmulqdq") &&
                   __builtin_cpu_supports("gfni");
    }
    return false;
}

// The levels that this processor has; a level that it lacks has no instance, so nothing is skipped.
std::vector<CpuLevel> levels() {
    std::vector<CpuLevel> found;
    for (CpuLevel level : {CpuLevel::Sse, CpuLevel::Avx2, CpuLevel::VaesAvx512})
        if (processor_has(level))
            found.push_back(level);
    return found;
}

class AesGcm : public testing::TestWithParam<CpuLevel> {
  protected:
    AesGcm() {
        std::vector<uint8_t> bytes = pattern(32, 7);
        key = GcmKey(std::span<const uint8_t, 32>(bytes.data(), 32));
        gcm_set_key(cipher, key, context);
        nonce.bytes.fill(0xA5);
    }
    const AesGcm256& cipher = aes_gcm_ipsec_mb(GetParam());
    GcmKey key;
    GcmKeyContext context;
    Nonce nonce;
};

TEST_P(AesGcm, GivesThePublishedAnswer) {
    // NIST SP 800-38D test case 14: zero key, zero nonce, one zero block.
    GcmKey zero_key;
    GcmKeyContext zero_context;
    gcm_set_key(cipher, zero_key, zero_context);
    uint8_t block[16] = {};
    auto tag = gcm_seal(cipher, zero_context, Nonce{}, {}, block, block);
    ASSERT_TRUE(tag);
    base::ByteArray<16> expected_block, expected_tag;
    ASSERT_TRUE(base::hex_decode("cea7403d4d606b6e074ec5d3baf39d18", expected_block));
    ASSERT_TRUE(base::hex_decode("d0d1c8a799996bf0265b98b5d48ab919", expected_tag));
    EXPECT_TRUE(base::equal_bytes(block, expected_block));
    EXPECT_EQ(*tag, expected_tag);
}

TEST_P(AesGcm, AgreesWithOpensslAtManyLengths) {
    std::vector<uint8_t> plain = pattern(9000, 1);
    std::vector<uint8_t> aad = pattern(9000, 2);
    std::vector<uint8_t> expected;
    for (size_t size = 0; size <= plain.size(); size += size < 600 ? 1 : 173) {
        nonce.bytes[3] = static_cast<uint8_t>(size);
        base::Bytes data(plain.data(), size);
        base::Bytes associated(aad.data(), size < 300 ? size : size % 41);
        GcmTag expected_tag = openssl_seal(key, nonce, associated, data, expected);
        std::vector<uint8_t> out(size);
        auto tag = gcm_seal(cipher, context, nonce, associated, data, out);
        ASSERT_TRUE(tag);
        ASSERT_EQ(*tag, expected_tag) << size;
        ASSERT_EQ(out, expected) << size;
        ASSERT_TRUE(gcm_open(cipher, context, nonce, associated, out, *tag, out)) << size;
        ASSERT_TRUE(base::equal_bytes(out, data)) << size;
    }
}

TEST_P(AesGcm, AuthenticatesWithoutEncrypting) {
    std::vector<uint8_t> aad = pattern(4096, 9), none;
    auto tag = gcm_seal(cipher, context, nonce, aad, {}, {});
    ASSERT_TRUE(tag);
    EXPECT_EQ(*tag, openssl_seal(key, nonce, aad, {}, none));
    EXPECT_TRUE(gcm_open(cipher, context, nonce, aad, {}, *tag, {}));
    aad[4095] ^= 1;
    EXPECT_EQ(gcm_open(cipher, context, nonce, aad, {}, *tag, {}).error(), ErrorCode::TagMismatch);
}

TEST_P(AesGcm, RefusesEveryChangedBitAndWipes) {
    std::vector<uint8_t> plain = pattern(4096, 3), aad = pattern(20, 4);
    std::vector<uint8_t> sealed(plain.size()), out(plain.size());
    GcmTag tag = *gcm_seal(cipher, context, nonce, aad, plain, sealed);

    auto opens = [&] {
        out.assign(out.size(), 0xEE);
        return gcm_open(cipher, context, nonce, aad, sealed, tag, out).has_value();
    };
    ASSERT_TRUE(opens());
    EXPECT_EQ(out, plain);
    for (size_t position : {size_t{0}, size_t{2000}, size_t{4095}}) {
        sealed[position] ^= 0x10;
        EXPECT_FALSE(opens()) << position;
        EXPECT_EQ(out, std::vector<uint8_t>(out.size())) << "plaintext was not wiped";
        sealed[position] ^= 0x10;
    }
    for (uint8_t& byte : tag) {
        byte ^= 1;
        EXPECT_FALSE(opens());
        byte ^= 1;
    }
    aad[19] ^= 0x80;
    EXPECT_FALSE(opens());
    aad[19] ^= 0x80;
    nonce.bytes[11] ^= 1;
    EXPECT_FALSE(opens());
}

TEST_P(AesGcm, RefusesAnOutputThatIsTooSmall) {
    std::vector<uint8_t> plain(100), out(99);
    EXPECT_EQ(gcm_seal(cipher, context, nonce, {}, plain, out).error(), ErrorCode::TooLarge);
    EXPECT_EQ(gcm_open(cipher, context, nonce, {}, plain, GcmTag{}, out).error(),
              ErrorCode::TooLarge);
}

INSTANTIATE_TEST_SUITE_P(Level, AesGcm, testing::ValuesIn(levels()));

TEST(NonceCounter, NeverRepeatsAndEnds) {
    NonceCounter counter({1, 2, 3, 4}, UINT64_MAX - 2);
    auto first = counter.next();
    auto second = counter.next();
    ASSERT_TRUE(first && second);
    EXPECT_NE(*first, *second);
    EXPECT_EQ(first->bytes[0], 1);
    EXPECT_EQ(first->bytes[4], 0xFD);
    EXPECT_FALSE(counter.next());
    EXPECT_FALSE(counter.next());
}

}  // namespace
}  // namespace scone::aead
