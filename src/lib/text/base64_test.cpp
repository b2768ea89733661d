#include "lib/text/base64.h"

#include <gtest/gtest.h>

#include "lib/text/hex.h"

namespace scone::text {
namespace {

base::Bytes bytes_of(std::string_view text) {
    return base::as_bytes(text);
}
std::string text_of(const std::optional<std::vector<uint8_t>>& bytes) {
    return bytes ? std::string(bytes->begin(), bytes->end()) : "<none>";
}

TEST(Hex, RoundTripsAndRefusesOddOrForeignDigits) {
    EXPECT_EQ(to_hex(bytes_of("\x01\xfe")), "01fe");
    EXPECT_EQ(text_of(from_hex("4142")), "AB");
    EXPECT_FALSE(from_hex("414"));
    EXPECT_FALSE(from_hex("4g"));
    EXPECT_FALSE(array_from_hex<2>("414243"));
    EXPECT_EQ((*array_from_hex<2>("41FF"))[1], 0xFF);
}

TEST(Base64, KnownAnswersOfRfc4648) {
    const char* plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    const char* base64[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    const char* base32[] = {
        "", "MY======", "MZXQ====", "MZXW6===", "MZXW6YQ=", "MZXW6YTB", "MZXW6YTBOI======"};
    for (size_t i = 0; i < 7; i++) {
        EXPECT_EQ(to_base64(bytes_of(plain[i])), base64[i]);
        EXPECT_EQ(text_of(from_base64(base64[i])), plain[i]);
        EXPECT_EQ(to_base32(bytes_of(plain[i])), base32[i]);
        EXPECT_EQ(text_of(from_base32(base32[i])), plain[i]);
    }
    EXPECT_EQ(to_base64url(bytes_of("\xfb\xff")), "-_8");
    EXPECT_EQ(to_base64url(bytes_of("\xfb\xff"), Padding::Written), "-_8=");
    EXPECT_EQ(text_of(from_base64url("-_8")), "\xfb\xff");
    EXPECT_EQ(to_base32(bytes_of("foob"), Padding::Omitted), "MZXW6YQ");
    EXPECT_EQ(text_of(from_base32("MZXW6YQ")), "foob");
}

TEST(Base64, RefusesAnythingButTheOneText) {
    for (const char* bad : {"Zg", "Zg=", "Zg===", "Zh==", "Z", "Zm9v\n", "Zm 9v", "====", "Zm9=v",
                            "-_8=", "Zm9v===="})
        EXPECT_FALSE(from_base64(bad)) << bad;
    EXPECT_EQ(text_of(from_base64_lines(" Zm\r\n9v\t\n")), "foo");
    EXPECT_FALSE(from_base32("mzxw6==="));
    EXPECT_FALSE(from_base32("MZXW61"));
    EXPECT_FALSE(from_base64url("A"));
}

TEST(Base58Check, ReadsAPublishedKeyHash) {
    constexpr std::string_view kSample = "3s1pm8W6Be6cxvAQRbRP5YXd9YuERAr7KswN97uGtoPkRW87x1";
    auto payload = from_base58check(kSample);
    ASSERT_TRUE(payload);
    EXPECT_EQ(payload->version, 1);
    EXPECT_EQ(payload->bytes.size(), 32U);
    EXPECT_EQ(to_base58check(payload->version, payload->bytes), kSample);
}

TEST(Base58Check, KeepsLeadingZerosAndRefusesDamage) {
    std::vector<uint8_t> zeros(32);
    std::string text = to_base58check(0, zeros);
    EXPECT_EQ(from_base58check(text)->bytes, zeros);
    EXPECT_FALSE(from_base58check("1" + text));
    EXPECT_FALSE(from_base58check("3s1pm8W6Be6cxvAQRbRP5YXd9YuERAr7KswN97uGtoPkRW87x2"));
    EXPECT_FALSE(from_base58check("0OIl"));
    EXPECT_FALSE(from_base58check(""));
    EXPECT_FALSE(from_base58check(std::string(129, '2')));
}

}  // namespace
}  // namespace scone::text
