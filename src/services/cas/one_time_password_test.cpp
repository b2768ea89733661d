#include "services/cas/one_time_password.h"

#include <gtest/gtest.h>

namespace scone::cas {
namespace {

// "12345678901234567890" of RFC 6238, appendix B, as base32.
constexpr const char* kSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

TEST(OneTimePassword, MatchesRfc6238) {
    base::Bytes secret = base::as_bytes("12345678901234567890");
    // The RFC's eight digits, shortened to six.
    EXPECT_EQ(otp_code(secret, 59 / 30), "287082");
    EXPECT_EQ(otp_code(secret, 1111111109 / 30), "081804");
    EXPECT_EQ(otp_code(secret, 1111111111 / 30), "050471");
    EXPECT_EQ(otp_code(secret, 1234567890 / 30), "005924");
    EXPECT_EQ(otp_code(secret, 2000000000 / 30), "279037");
}

TEST(OneTimePassword, CountsOnce) {
    OneTimePasswords passwords;
    EXPECT_EQ(passwords.check("s/a", kSecret, "287082", 59), OtpVerdict::Accepted);
    EXPECT_EQ(passwords.check("s/a", kSecret, "287082", 59), OtpVerdict::AlreadyUsed);
    EXPECT_EQ(passwords.check("s/b", kSecret, "287082", 59), OtpVerdict::Accepted);
}

TEST(OneTimePassword, ToleratesOneStepOnly) {
    OneTimePasswords passwords;
    EXPECT_EQ(passwords.check("a", kSecret, "287082", 59 + 30), OtpVerdict::Accepted);
    EXPECT_EQ(passwords.check("b", kSecret, "287082", 59 + 60), OtpVerdict::Wrong);
    EXPECT_EQ(passwords.check("c", kSecret, "", 59), OtpVerdict::Wrong);
    EXPECT_EQ(passwords.check("d", kSecret, "287083", 59), OtpVerdict::Wrong);
    EXPECT_EQ(passwords.check("e", "GEZDGNBV", "287082", 59), OtpVerdict::BadSecret);
    EXPECT_EQ(passwords.check("f", "!", "287082", 59), OtpVerdict::BadSecret);
}

}  // namespace
}  // namespace scone::cas
