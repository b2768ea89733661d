// A platform that is kept is one that would be accepted now.
#include "lib/attest/platform_cache.h"

#include <gtest/gtest.h>

#include "lib/attest/test_hierarchy.h"

namespace scone::attest {
namespace {

using test::Hierarchy;
using test::kDay;
using test::kNow;

struct PlatformCacheTest : testing::Test {
    Hierarchy hierarchy;
    PlatformCache cache;
    test::OwnCollateral collateral = hierarchy.collateral();

    std::string check(int64_t time = kNow) { return check(hierarchy.quote(), time); }
    std::string check(const Quote& quote, int64_t time = kNow) {
        auto verdict =
            check_quote(quote, collateral.view(), {.time = time}, hierarchy.anchor(), &cache);
        return verdict ? name_of(verdict->status) : name_of(verdict.error().code);
    }
    size_t kept() const { return cache.size(); }
};

TEST_F(PlatformCacheTest, EachQuoteIsVerified) {
    EXPECT_EQ("UpToDate", check());
    EXPECT_EQ(2u, kept());  // with this collateral, and the chain alone
    EXPECT_EQ("UpToDate", check());
    EXPECT_EQ(2u, kept());
    Quote forged = hierarchy.quote();
    forged.signed_bytes[0] ^= 1;
    EXPECT_EQ("QuoteSignature", check(forged));
    forged = hierarchy.quote();
    forged.qe_report_signature[5] ^= 1;
    EXPECT_EQ("QeReportSignature", check(forged));
    forged = hierarchy.quote();
    forged.auth_data = {1};
    EXPECT_EQ("AttestationKeyBinding", check(forged));
}

TEST_F(PlatformCacheTest, ANewRevocationListCountsAtOnce) {
    ASSERT_EQ("UpToDate", check());
    auto before = collateral;
    collateral.pck_list = Hierarchy::revocation_list(hierarchy.ca, {&hierarchy.leaf.certificate});
    EXPECT_EQ("PckRevoked", check());
    EXPECT_EQ("PckRevoked", check());  // a refusal is not kept
    collateral = before;
    collateral.root_list = Hierarchy::revocation_list(hierarchy.root, {&hierarchy.ca.certificate});
    EXPECT_EQ("PckRevoked", check());
}

TEST_F(PlatformCacheTest, OtherCollateralIsVerifiedAnew) {
    ASSERT_EQ("UpToDate", check());
    hierarchy.levels = {{5, "OutOfDate"}};
    collateral.tcb_info = hierarchy.tcb_info();
    EXPECT_EQ("OutOfDate", check());
    collateral.tcb_info[collateral.tcb_info.find("OutOfDate")] = 'o';
    EXPECT_EQ("CollateralSignature", check());
}

TEST_F(PlatformCacheTest, ItHoldsAsLongAsAllThatItIsMadeOf) {
    ASSERT_EQ("UpToDate", check());
    EXPECT_EQ("UpToDate", check(kNow + kDay));
    EXPECT_EQ("CollateralExpired", check(kNow + kDay + 1));
    EXPECT_EQ("CollateralMismatch", check(kNow - kDay - 1));  // not issued yet
    EXPECT_EQ("PckChainInvalid", check(kNow + 2000 * kDay));
    // The list that expires first ends it.
    collateral.pck_list = Hierarchy::revocation_list(hierarchy.ca, {}, kNow - kDay, kNow + 100);
    ASSERT_EQ("UpToDate", check());
    EXPECT_EQ("UpToDate", check(kNow + 100));
    EXPECT_EQ("CollateralExpired", check(kNow + 101));
}

TEST_F(PlatformCacheTest, AnotherRootKnowsNothingOfIt) {
    ASSERT_EQ("UpToDate", check());
    auto intel = intel_trust_anchor().value();
    EXPECT_EQ(ErrorCode::UntrustedRoot,
              check_quote_signatures(hierarchy.quote(), intel, kNow, &cache).error().code);
    Hierarchy other;
    EXPECT_EQ(ErrorCode::UntrustedRoot,
              check_quote_signatures(hierarchy.quote(), other.anchor(), kNow, &cache).error().code);
}

TEST_F(PlatformCacheTest, LaxRulesKeepNothing) {
    VerificationRules lax{.time = kNow,
                          .expired_collateral = ExpiredCollateral::InsecureTolerate,
                          .missing_lists = MissingRevocationLists::InsecureTolerate};
    collateral.pck_list.clear();
    ASSERT_TRUE(check_quote(hierarchy.quote(), collateral.view(), lax, hierarchy.anchor(), &cache));
    EXPECT_EQ(1u, kept());  // the chain, which no rule concerns
    EXPECT_EQ("CrlInvalid", check());
}

TEST_F(PlatformCacheTest, TheOldestMakesRoom) {
    ASSERT_EQ("UpToDate", check());
    auto platform = std::make_shared<const CheckedPlatform>(
        CheckedPlatform{check_pck_chain(base::as_text(hierarchy.quote().certification_data),
                                        hierarchy.anchor(), kNow)
                            .value(),
                        {},
                        {}});
    for (size_t i = 0; i < 2 * PlatformCache::kMaxEntries; ++i)
        cache.keep(crypto::sha256(base::as_bytes(std::to_string(i))), platform);
    EXPECT_EQ(PlatformCache::kMaxEntries, kept());
    EXPECT_FALSE(cache.find(crypto::sha256(base::as_bytes(std::string("0"))), kNow));
}

}  // namespace
}  // namespace scone::attest
