#include "services/cas/quote_check.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "lib/text/json.h"

namespace scone::cas {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

// A quote that a real machine made, and a folder with Intel's collateral of two days.
class QuoteCheckTest : public testing::Test {
  protected:
    static constexpr const char* kQuote = "sgx-v3-00606a000000-signal-6ba1d1";
    static constexpr const char* kFmspc = "00606a000000";

    void SetUp() override {
        const char* vectors = std::getenv("SCONE_TEST_VECTORS");
        if (vectors == nullptr)
            GTEST_SKIP() << "SCONE_TEST_VECTORS is not set";
        source_ = fs::path(vectors) / "dcap" / kQuote;
        std::string name = testing::TempDir() + "quote_check_XXXXXX";
        folder_ = mkdtemp(name.data());
        std::string bytes = read(source_ / "quote.bin");
        quote_ = {channel::QuoteKind::Dcap, {bytes.begin(), bytes.end()}};
        auto parsed = attest::parse_quote(quote_.quote);
        ASSERT_TRUE(parsed);
        report_data_ = parsed->sgx_report.report_data;
    }
    void TearDown() override {
        if (!folder_.empty())
            fs::remove_all(folder_);
    }
    // Lays the collateral out as an operator does; the time at which it is valid.
    int64_t use_collateral(const std::string& status) {
        auto expected = text::parse_json(read(source_ / "expected.json")).value();
        for (const text::Json& entry : *expected.find_array("verifications")) {
            const std::string* got = entry.find("expected")->find_string("tcb_status");
            if (got == nullptr || *got != status)
                continue;
            const std::string& name = *entry.find_string("collateral");
            fs::create_directories(folder_ / kFmspc);
            auto copy = [&](const char* from, const fs::path& to) {
                fs::copy_file(source_ / name / from, folder_ / to,
                              fs::copy_options::overwrite_existing);
            };
            copy("tcb_info.json", fs::path(kFmspc) / "tcb_info.json");
            copy("qe_identity.json", "qe_identity.json");
            copy("tcb_signing_chain.pem", "tcb_signing_chain.pem");
            copy("pck_crl.der", "pck_crl_platform.der");
            copy("root_ca_crl.der", "root_ca_crl.der");
            return seconds(*entry.find_string("verify_at"));
        }
        ADD_FAILURE() << "no collateral with " << status;
        return 0;
    }
    static int64_t seconds(const std::string& text) {
        std::tm parts{};
        EXPECT_NE(strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts), nullptr);
        return timegm(&parts);
    }
    std::string verdict(int64_t time, const attest::Tolerances& tolerances = {}) const {
        auto got =
            QuoteCheck(Simulation::Refused, folder_).check(quote_, report_data_, tolerances, time);
        return got ? "accepted" : print_error_chain(got.error());
    }

    fs::path source_;
    fs::path folder_;
    channel::QuoteReply quote_;
    base::ByteArray<64> report_data_{};
};

TEST_F(QuoteCheckTest, AcceptsARealQuoteOfAnUpToDatePlatform) {
    int64_t time = use_collateral("UpToDate");
    EXPECT_EQ(verdict(time), "accepted");
    report_data_[0] ^= 1;
    EXPECT_NE(verdict(time).find("another TLS key"), std::string::npos);
}

TEST_F(QuoteCheckTest, NamesWhatAPolicyMustTolerate) {
    int64_t time = use_collateral("OutOfDate");
    std::string why = verdict(time);
    EXPECT_NE(why.find("OutOfDate"), std::string::npos) << why;
    EXPECT_NE(why.find("outdated-tcb"), std::string::npos) << why;
    EXPECT_NE(why.find("`security.attestation`"), std::string::npos) << why;
    EXPECT_NE(why.find("INTEL-SA-"), std::string::npos) << why;
}

TEST_F(QuoteCheckTest, MissingCollateralIsNamed) {
    int64_t time = use_collateral("UpToDate");
    fs::remove(folder_ / "qe_identity.json");
    EXPECT_NE(verdict(time).find("collateral is missing: no file"), std::string::npos);
    EXPECT_NE(verdict(0).find("PckChainInvalid"), std::string::npos) << verdict(0);
    fs::remove_all(folder_);
    folder_.clear();
    EXPECT_NE(verdict(0).find("--collateral DIR"), std::string::npos);
}

// What was accepted once is accepted again only with the same files, and as long as they hold.
TEST_F(QuoteCheckTest, NewCollateralCountsAtOnce) {
    int64_t time = use_collateral("UpToDate");
    QuoteCheck check(Simulation::Refused, folder_);
    auto verdict_at = [&](int64_t when) {
        auto got = check.check(quote_, report_data_, {}, when);
        return got ? "accepted" : print_error_chain(got.error());
    };
    ASSERT_EQ(verdict_at(time), "accepted");
    EXPECT_EQ(verdict_at(time), "accepted");
    EXPECT_NE(verdict_at(time + 10 * 365 * 86400).find("PckChainInvalid"), std::string::npos);
    EXPECT_NE(verdict_at(time + 90 * 86400).find("CollateralExpired"), std::string::npos);
    std::ofstream(folder_ / "pck_crl_platform.der", std::ios::binary | std::ios::app) << "x";
    EXPECT_NE(verdict_at(time).find("CrlInvalid"), std::string::npos) << verdict_at(time);
    fs::remove(folder_ / "pck_crl_platform.der");
    EXPECT_NE(verdict_at(time).find("collateral is missing"), std::string::npos);
}

TEST_F(QuoteCheckTest, SimulatedIsNotASynonymOfReal) {
    int64_t time = use_collateral("UpToDate");
    quote_.kind = channel::QuoteKind::Simulated;
    attest::Tolerances tolerant;
    tolerant.debug_mode = true;
    auto got = QuoteCheck(Simulation::InsecureAllowed, folder_)
                   .check(quote_, report_data_, tolerant, time);
    EXPECT_FALSE(got);
}

}  // namespace
}  // namespace scone::cas
