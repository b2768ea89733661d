#include "lib/text/pem.h"

#include <gtest/gtest.h>

namespace scone::text {
namespace {

TEST(Pem, RoundTrips) {
    std::vector<uint8_t> der(100, 0xA5);
    std::string text = to_pem("CERTIFICATE", der);
    EXPECT_TRUE(text.starts_with("-----BEGIN CERTIFICATE-----\npaWl"));
    EXPECT_EQ(*single_from_pem(text, "CERTIFICATE"), der);
    EXPECT_FALSE(single_from_pem(text, "PUBLIC KEY"));
    auto two = from_pem("a comment\n" + text + "\n" + to_pem("PRIVATE KEY", der));
    ASSERT_TRUE(two);
    EXPECT_EQ(two->size(), 2U);
    EXPECT_EQ(two->back().label, "PRIVATE KEY");
    EXPECT_FALSE(single_from_pem(text + text, "CERTIFICATE"));
}

TEST(Pem, AcceptsCarriageReturnsAndIndentedBodies) {
    EXPECT_TRUE(from_pem("-----BEGIN X-----\r\nAAAA\r\n-----END X-----\r\n"));
    EXPECT_TRUE(from_pem("-----BEGIN X-----\n  AAAA\n-----END X-----"));
}

TEST(Pem, RefusesBrokenBlocks) {
    for (const char* bad :
         {"", "no block", "-----BEGIN X-----\nAAAA\n", "-----BEGIN X-----\nAAAA\n-----END Y-----\n",
          "-----BEGIN X-----\nA:AA\n-----END X-----\n", "-----BEGIN X-----\n-----END X-----\n",
          "-----BEGIN X\nAAAA\n-----END X-----\n", "z-----BEGIN X-----\nAAAA\n-----END X-----\n"})
        EXPECT_FALSE(from_pem(bad)) << bad;
    std::string many;
    for (size_t i = 0; i <= kMaxPemBlocks; i++)
        many += "-----BEGIN X-----\nAAAA\n-----END X-----\n";
    EXPECT_FALSE(from_pem(many));
}

}  // namespace
}  // namespace scone::text
