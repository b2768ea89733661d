#include <gtest/gtest.h>

#include "lib/base/checked.h"
#include "lib/base/endian.h"
#include "lib/base/hex.h"
#include "lib/base/result.h"
#include "lib/base/secret.h"
#include "lib/base/source_names.h"

namespace scone::base {
namespace {

enum class Code { Odd };
Result<int, ErrorOf<Code>> half(int n) {
    if (n % 2)
        return fail(ErrorOf<Code>{Code::Odd, "number is odd", static_cast<uint64_t>(n)});
    return n / 2;
}
Result<int, ErrorOf<Code>> quarter(int n) {
    int h = SCONE_TRY(half(n));
    return half(h);
}

TEST(Result, TryPassesTheErrorUp) {
    EXPECT_EQ(quarter(8).value(), 2);
    ASSERT_FALSE(quarter(6));
    EXPECT_EQ(quarter(6).error(), Code::Odd);
    EXPECT_EQ(quarter(6).error().number, 3u);
}

TEST(Hex, RoundTripAndRefusals) {
    ByteArray<3> bytes{0x00, 0xab, 0xff};
    char text[6];
    hex_encode(bytes, text);
    EXPECT_EQ(std::string_view(text, 6), "00abff");
    ByteArray<3> back{};
    EXPECT_TRUE(hex_decode("00ABff", back));
    EXPECT_EQ(back, bytes);
    EXPECT_FALSE(hex_decode("00abf", back));
    EXPECT_FALSE(hex_decode("00abfg", back));
}

TEST(Checked, RefusesWhatDoesNotFit) {
    EXPECT_FALSE(checked_add<uint64_t>(UINT64_MAX, 1));
    EXPECT_EQ(checked_add<uint64_t>(2, 3), 5u);
    EXPECT_FALSE((checked_cast<uint8_t>(256)));
    EXPECT_TRUE(range_fits(4, 4, 8));
    EXPECT_FALSE(range_fits(UINT64_MAX, 2, 8));
    EXPECT_EQ(round_up(4097, 4096), 8192u);
}

TEST(Secret, MoveLeavesNothingBehind) {
    ByteArray<4> value{1, 2, 3, 4};
    Secret<4> first{std::span<const uint8_t, 4>(value)};
    Secret<4> second = std::move(first);
    EXPECT_EQ(second.expose()[3], 4);
    EXPECT_EQ(first.expose()[3], 0);  // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_FALSE(first == second);
}

std::string_view name_here(std::source_location where = std::source_location::current()) {
    return plain_function_name(where);
}
std::string_view unnamed_namespace() {
    return name_here();
}

TEST(SourceNames, AreAlikeFromBothCompilers) {
    EXPECT_EQ(unnamed_namespace(), "unnamed_namespace");
    EXPECT_EQ([] { return name_here(); }(), "TestBody");
    EXPECT_EQ(plain_function_name("int a::b::run(int (*)(), {anonymous}::T)"), "run");
    EXPECT_EQ(plain_function_name("void a::(anonymous namespace)::run(char)"), "run");
    EXPECT_EQ(plain_function_name("auto run(int)::(anonymous class)::operator()() const"), "run");
    EXPECT_EQ(plain_function_name("main"), "main");
    EXPECT_EQ(plain_function_name(""), "");
    EXPECT_EQ(plain_file_name(std::source_location::current()), "base_test.cpp");
}

TEST(Endian, LittleAndBig) {
    uint8_t buffer[8];
    store_le64(buffer, 0x0102030405060708);
    EXPECT_EQ(buffer[0], 8);
    EXPECT_EQ(load_be64(buffer), 0x0807060504030201u);
}

}  // namespace
}  // namespace scone::base
