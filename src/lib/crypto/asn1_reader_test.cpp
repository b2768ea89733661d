#include "lib/crypto/asn1_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace scone::crypto {
namespace {

using Text = std::vector<uint8_t>;

TEST(Asn1Reader, ReadsNestedElements) {
    Text der{0x30, 0x06, 0x02, 0x01, 0x05, 0x01, 0x01, 0xff};
    Asn1Reader outer(der);
    auto inner = outer.expect_sequence();
    ASSERT_TRUE(inner);
    EXPECT_EQ(5u, asn1_unsigned(inner->expect(der_tag::kInteger).value()).value());
    EXPECT_TRUE(asn1_boolean(inner->expect(der_tag::kBoolean).value()).value());
    EXPECT_TRUE(inner->finish());
    EXPECT_TRUE(outer.at_end());
}

TEST(Asn1Reader, RefusesLengthsThatAreNotDer) {
    for (Text bad : {Text{}, Text{0x04}, Text{0x04, 0x02, 0x00}, Text{0x04, 0x80, 0x00, 0x00},
                     Text{0x04, 0x81, 0x01, 0x00}, Text{0x04, 0x82, 0x00, 0x81},
                     Text{0x04, 0x85, 0, 0, 0, 0, 1, 0}, Text{0x1f, 0x01, 0x00},
                     Text{0x04, 0x84, 0xff, 0xff, 0xff, 0xff}}) {
        Asn1Reader reader(bad);
        EXPECT_FALSE(reader.next());
        EXPECT_EQ(bad.empty(), reader.at_end());
    }
}

TEST(Asn1Reader, RefusesIntegersThatAreNegativeLongOrPadded) {
    EXPECT_EQ(128u, asn1_unsigned(Text{0x00, 0x80}).value());
    EXPECT_EQ(ErrorCode::Malformed, asn1_unsigned(Text{}).error().code);
    EXPECT_EQ(ErrorCode::Malformed, asn1_unsigned(Text{0x80}).error().code);
    EXPECT_EQ(ErrorCode::Malformed, asn1_unsigned(Text{0x00, 0x7f}).error().code);
    EXPECT_EQ(ErrorCode::TooLarge, asn1_unsigned(Text{1, 2, 3, 4, 5, 6, 7, 8, 9}).error().code);
    EXPECT_FALSE(asn1_boolean(Text{0x01}));
}

TEST(Asn1Reader, WritesObjectIdentifiers) {
    Text sgx{0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
    EXPECT_EQ("1.2.840.113741.1.13.1", asn1_oid_text(sgx).value());
    EXPECT_EQ("2.999", asn1_oid_text(Text{0x88, 0x37}).value());
    EXPECT_FALSE(asn1_oid_text(Text{0x2a, 0x86}));
    EXPECT_FALSE(asn1_oid_text(Text{0x2a, 0x80, 0x01}));
    EXPECT_FALSE(
        asn1_oid_text(Text{0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}));
}

}  // namespace
}  // namespace scone::crypto
