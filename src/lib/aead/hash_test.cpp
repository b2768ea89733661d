// SHA-256, HMAC and HKDF against OpenSSL and published answers.
#include <cpuid.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <string>
#include <vector>

#include "lib/aead/hmac.h"
#include "lib/aead/page_digests.h"
#include "lib/aead/sha256.h"
#include "lib/base/hex.h"

namespace scone::aead {
namespace {

std::vector<uint8_t> pattern(size_t size) {
    std::vector<uint8_t> bytes(size);
    uint32_t state = 12345;
    for (uint8_t& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<uint8_t>(state >> 24);
    }
    return bytes;
}

std::string hex(base::Bytes bytes) {
    std::string text(bytes.size() * 2, ' ');
    base::hex_encode(bytes, text);
    return text;
}

Digest openssl_sha256(base::Bytes bytes) {
    Digest digest;
    SHA256(bytes.data(), bytes.size(), digest.data());
    return digest;
}

class Sha256Test : public testing::TestWithParam<Sha256Compress> {};

// The block functions that this processor can run.
std::vector<Sha256Compress> block_functions() {
    std::vector<Sha256Compress> found = {sha256_compress_portable};
    unsigned eax, ebx = 0, ecx, edx;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & 1u << 29) != 0)
        found.push_back(sha256_compress_sha_ni);
    return found;
}

TEST_P(Sha256Test, GivesThePublishedAnswers) {
    // FIPS 180-4 examples.
    EXPECT_EQ(hex(sha256(base::as_bytes("abc"), GetParam())),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256({}, GetParam())),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(PageDigests, AreThoseOfEachPage) {
    const bool has_sha = block_functions().size() > 1;
    for (size_t size : {0, 1, 4095, 4096, 4097, 8192, 12288, 12289, 65536}) {
        const std::vector<uint8_t> bytes = pattern(size);
        std::vector<Digest> wanted, got(page_digest_count(size));
        for (base::Bytes rest = bytes; !rest.empty();) {
            const size_t page = std::min(rest.size(), kDigestedPageSize);
            wanted.push_back(openssl_sha256(rest.first(page)));
            rest = rest.subspan(page);
        }
        page_digests(bytes, sha256_compress_portable, sha256_compress_two_portable, got);
        EXPECT_EQ(got, wanted) << size;
        if (!has_sha)
            continue;
        std::fill(got.begin(), got.end(), Digest{});
        page_digests(bytes, sha256_compress_sha_ni, sha256_compress_two_sha_ni, got);
        EXPECT_EQ(got, wanted) << size;
    }
}

TEST(PageDigests, OfAFileAndItsSizeNameItsContent) {
    const std::vector<uint8_t> bytes = pattern(4097);
    std::vector<Digest> pages(2);
    page_digests(bytes, sha256_compress_portable, sha256_compress_two_portable, pages);
    std::vector<uint8_t> text = {0x01, 0x10, 0, 0, 0, 0, 0, 0};
    for (const Digest& page : pages)
        text.insert(text.end(), page.begin(), page.end());
    const auto digest = [&](uint64_t size) {
        return content_digest(size, bytes_of(pages), sha256_compress_portable);
    };
    EXPECT_EQ(digest(4097), openssl_sha256(text));
    EXPECT_NE(digest(4098), digest(4097));
}

TEST_P(Sha256Test, AgreesWithOpensslAtEveryLength) {
    std::vector<uint8_t> bytes = pattern(1000);
    for (size_t size = 0; size <= bytes.size(); ++size) {
        base::Bytes part(bytes.data(), size);
        ASSERT_EQ(sha256(part, GetParam()), openssl_sha256(part)) << size;
    }
}

TEST_P(Sha256Test, AnyCutGivesTheSameDigest) {
    std::vector<uint8_t> bytes = pattern(300);
    Digest expected = openssl_sha256(bytes);
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
        Sha256 hash(GetParam());
        hash.update({bytes.data(), cut});
        hash.update({});
        hash.update(base::Bytes(bytes).subspan(cut));
        ASSERT_EQ(hash.finish(), expected) << cut;
    }
}

TEST_P(Sha256Test, StartsAnewAfterFinish) {
    Sha256 hash(GetParam());
    hash.update(base::as_bytes("something else"));
    (void)hash.finish();
    hash.update(base::as_bytes("abc"));
    EXPECT_EQ(hash.finish(), sha256(base::as_bytes("abc")));
}

INSTANTIATE_TEST_SUITE_P(Compress, Sha256Test, testing::ValuesIn(block_functions()));

TEST(Hmac, AgreesWithOpensslForAllKeySizes) {
    std::vector<uint8_t> key = pattern(200);
    std::vector<uint8_t> message = pattern(333);
    for (size_t size = 0; size <= key.size(); ++size) {
        Digest expected;
        unsigned length = 0;
        HMAC(EVP_sha256(), key.data(), static_cast<int>(size), message.data(), message.size(),
             expected.data(), &length);
        ASSERT_EQ(hmac_sha256({key.data(), size}, message), expected) << size;
    }
}

TEST(Hkdf, GivesTheAnswersOfRfc5869) {
    std::vector<uint8_t> secret(22, 0x0B);
    std::vector<uint8_t> salt(13), info(10), out(42);
    for (size_t i = 0; i < salt.size(); ++i)
        salt[i] = static_cast<uint8_t>(i);
    for (size_t i = 0; i < info.size(); ++i)
        info[i] = static_cast<uint8_t>(0xF0 + i);
    ASSERT_TRUE(hkdf_sha256(salt, secret, info, out));
    EXPECT_EQ(
        hex(out),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    ASSERT_TRUE(hkdf_sha256({}, secret, {}, out));
    EXPECT_EQ(
        hex(out),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hkdf, RefusesMoreThan255Blocks) {
    std::vector<uint8_t> out(255 * 32 + 1);
    EXPECT_EQ(hkdf_sha256({}, {}, {}, out).error(), ErrorCode::TooLarge);
    out.resize(255 * 32);
    EXPECT_TRUE(hkdf_sha256({}, {}, {}, out));
}

}  // namespace
}  // namespace scone::aead
