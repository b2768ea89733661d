// The algorithm under a root of the test's own: what real evidence cannot show.
#include "lib/attest/dcap_checks.h"

#include <gtest/gtest.h>

#include "lib/attest/test_hierarchy.h"

namespace scone::attest {
namespace {

using test::Hierarchy;
using test::kDay;
using test::kNow;

std::string status(const Hierarchy& hierarchy) {
    auto verdict = hierarchy.check();
    return verdict ? name_of(verdict->status) : name_of(verdict.error().code);
}

TEST(DcapChecks, HierarchyOfTheTestIsAccepted) {
    Hierarchy hierarchy;
    auto verdict = hierarchy.check();
    ASSERT_TRUE(verdict) << verdict.error().text;
    EXPECT_EQ(TcbStatus::UpToDate, verdict->status);
    EXPECT_EQ(3u, verdict->tcb_evaluation_data_number);
    EXPECT_EQ(kNow + kDay, verdict->collateral_next_update);
    EXPECT_EQ("UpToDate", status(hierarchy));
    EXPECT_EQ(
        "status UpToDate, TCB level of 2024-01-01, advisories none, FMSPC 010203040506, "
        "collateral 1 day old",
        describe(*verdict, kNow));
}

TEST(DcapChecks, HighestLevelReachedCountsWhateverTheOrder) {
    Hierarchy hierarchy;
    hierarchy.levels = {
        {3, "OutOfDate"}, {7, "UpToDate"}, {5, "ConfigurationNeeded"}, {1, "Revoked"}};
    EXPECT_EQ("ConfigurationNeeded", status(hierarchy));
    hierarchy.levels = {{7, "UpToDate"}, {6, "OutOfDate"}};
    EXPECT_EQ("TcbNotSupported", status(hierarchy));
}

TEST(DcapChecks, RevokedLevelsAreRefused) {
    Hierarchy hierarchy;
    hierarchy.levels = {{5, "Revoked"}};
    EXPECT_EQ("TcbRevoked", status(hierarchy));
    hierarchy.levels = {{5, "UpToDate"}};
    hierarchy.qe_levels = {{6, "UpToDate"}, {4, "Revoked"}};
    EXPECT_EQ("TcbRevoked", status(hierarchy));
}

TEST(DcapChecks, QuotingEnclavesLevelCounts) {
    Hierarchy hierarchy;
    hierarchy.levels = {{5, "ConfigurationNeeded", {"A", "B"}}};
    hierarchy.qe_levels = {{4, "OutOfDate", {"B", "C"}}, {6, "UpToDate"}};
    auto verdict = hierarchy.check();
    ASSERT_TRUE(verdict);
    EXPECT_EQ(TcbStatus::OutOfDateConfigurationNeeded, verdict->status);
    EXPECT_EQ((std::vector<std::string>{"A", "B", "C"}), verdict->advisories);
    EXPECT_EQ((std::vector<std::string>{"A", "B"}), verdict->platform_advisories);
    hierarchy.qe_levels = {{6, "UpToDate"}};
    EXPECT_EQ("TcbNotSupported", status(hierarchy));
    hierarchy.qe_levels = {{5, "UpToDate"}};
    hierarchy.qe_attributes[1] = '3';
    EXPECT_EQ("QeIdentityMismatch", status(hierarchy));
}

TEST(DcapChecks, RevokedCertificatesAreRefused) {
    Hierarchy hierarchy;
    hierarchy.revoked_by_ca = {&hierarchy.leaf.certificate};
    EXPECT_EQ("PckRevoked", status(hierarchy));
    hierarchy.revoked_by_ca = {&hierarchy.root.certificate};
    EXPECT_EQ("UpToDate", status(hierarchy));
    hierarchy.revoked_by_root = {&hierarchy.ca.certificate};
    EXPECT_EQ("PckRevoked", status(hierarchy));
    hierarchy.revoked_by_root = {&hierarchy.tcb_signer.certificate};
    EXPECT_EQ("PckRevoked", status(hierarchy));
}

TEST(DcapChecks, CollateralForAnotherPlatformOrTimeIsRefused) {
    Hierarchy hierarchy;
    hierarchy.fmspc = "010203040507";
    EXPECT_EQ("CollateralMismatch", status(hierarchy));
    hierarchy.fmspc = "010203040506";
    hierarchy.next_update = kNow - 1;
    EXPECT_EQ("CollateralExpired", status(hierarchy));
    hierarchy.rules.expired_collateral = ExpiredCollateral::InsecureTolerate;
    EXPECT_TRUE(hierarchy.check()->collateral_expired);
    hierarchy.issued = hierarchy.next_update = kNow + 10;
    EXPECT_EQ("CollateralMismatch", status(hierarchy));
}

TEST(DcapChecks, SignaturesOfOthersAreRefused) {
    Hierarchy hierarchy;
    Hierarchy other;
    hierarchy.tcb_signer = std::move(other.tcb_signer);
    EXPECT_EQ("CollateralSignature", status(hierarchy));
    Hierarchy forged;
    forged.leaf.key = crypto::PrivateKey::generate(crypto::NewKey::P256).value();
    EXPECT_EQ("QeReportSignature", status(forged));
    Hierarchy foreign;
    foreign.ca = std::move(other.ca);
    EXPECT_EQ("PckChainInvalid", status(foreign));
}

TEST(DcapChecks, BindingOfTheAttestationKeyIsChecked) {
    Hierarchy hierarchy;
    Quote quote = hierarchy.quote();
    quote.auth_data = {1};
    EXPECT_EQ(ErrorCode::AttestationKeyBinding,
              check_quote_signatures(quote, hierarchy.anchor(), kNow).error().code);
    quote = hierarchy.quote();
    quote.signed_bytes[0] ^= 1;
    EXPECT_EQ(ErrorCode::QuoteSignature,
              check_quote_signatures(quote, hierarchy.anchor(), kNow).error().code);
    quote = hierarchy.quote();
    EXPECT_EQ(ErrorCode::PckChainInvalid,
              check_quote_signatures(quote, hierarchy.anchor(), kNow + 2000 * kDay).error().code);
}

TEST(DcapChecks, IntelsRootIsNoTestsRoot) {
    Hierarchy hierarchy;
    auto intel = intel_trust_anchor().value();
    EXPECT_EQ(ErrorCode::UntrustedRoot,
              check_quote_signatures(hierarchy.quote(), intel, kNow).error().code);
    intel.root_name = "Test Root";  // the name alone makes no root
    EXPECT_EQ(ErrorCode::UntrustedRoot,
              check_quote_signatures(hierarchy.quote(), intel, kNow).error().code);
}

}  // namespace
}  // namespace scone::attest
