// Real SGX and TDX quotes against the statuses that an independent program computed.
#include <algorithm>

#include "lib/attest/vector_files.h"
#include "lib/base/hex.h"

namespace scone::attest {
namespace {

namespace fs = std::filesystem;
using text::Json;

std::string hex(Bytes bytes) {
    std::string out(bytes.size() * 2, '0');
    base::hex_encode(bytes, out);
    return out;
}

std::vector<fs::path> folders() {
    std::vector<fs::path> list;
    for (const auto& entry : fs::directory_iterator(vectors::root() / "dcap"))
        if (fs::exists(entry.path() / "quote.bin"))
            list.push_back(entry.path());
    std::ranges::sort(list);
    return list;
}

VerificationRules rules_for(const Json& verification) {
    VerificationRules rules;
    rules.time = parse_utc_time(*verification.find_string("verify_at")).value();
    if (*verification.find_string("crls") != "pck and root")
        rules.missing_lists = MissingRevocationLists::InsecureTolerate;
    return rules;
}

void expect_verdict(const Result<VerifiedQuote>& got, const Json& expected) {
    const std::string& status = *expected.find_string("tcb_status");
    if (status == "TcbNotSupported") {
        ASSERT_FALSE(got);
        EXPECT_EQ(ErrorCode::TcbNotSupported, got.error().code) << got.error().text;
        return;
    }
    ASSERT_TRUE(got) << name_of(got.error().code) << ": " << got.error().text;
    const Verdict& verdict = got->verdict();
    EXPECT_EQ(status, name_of(verdict.status));
    EXPECT_EQ(*expected.find_string("platform_tcb_status"), name_of(verdict.platform_status));
    EXPECT_EQ(*expected.find_string("qe_tcb_status"), name_of(verdict.qe_status));
    EXPECT_EQ(*expected.find_string("tcb_level_date"), format_utc_time(verdict.tcb_date));
    const std::string* module = expected.find_string("tdx_module_status");
    ASSERT_EQ(module != nullptr, verdict.tdx_module_status.has_value());
    EXPECT_EQ(module != nullptr ? *module : "", module ? name_of(*verdict.tdx_module_status) : "");
    std::vector<std::string> advisories;
    for (const Json& id : *expected.find_array("platform_advisory_ids"))
        advisories.push_back(*id.as_string());
    std::vector<std::string> got_advisories = verdict.platform_advisories;
    std::ranges::sort(advisories);
    std::ranges::sort(got_advisories);
    EXPECT_EQ(advisories, got_advisories);
}

TEST(DcapVectors, EveryQuoteGetsItsExpectedVerdict) {
    SCONE_NEED_VECTORS();
    size_t verdicts = 0;
    for (const fs::path& folder : folders()) {
        SCOPED_TRACE(folder.filename());
        Json expected = vectors::read_json(folder / "expected.json");
        std::string quote = vectors::read(folder / "quote.bin");
        for (const Json& verification : *expected.find_array("verifications")) {
            const std::string& name = *verification.find_string("collateral");
            SCOPED_TRACE(name);
            vectors::CollateralFiles files(folder / name);
            auto got = verify_quote(base::as_bytes(quote), files.view(), rules_for(verification));
            expect_verdict(got, *verification.find("expected"));
            verdicts++;
        }
    }
    EXPECT_GE(verdicts, 40u);
}

TEST(DcapVectors, EveryReportIsReadRight) {
    SCONE_NEED_VECTORS();
    for (const fs::path& folder : folders()) {
        SCOPED_TRACE(folder.filename());
        Json expected = vectors::read_json(folder / "expected.json");
        auto quote = parse_quote(base::as_bytes(vectors::read(folder / "quote.bin")));
        ASSERT_TRUE(quote) << quote.error().text;
        const Json& report = *expected.find("report");
        EXPECT_EQ(report.find_uint64("quote_version").value(), quote->version);
        if (quote->tee == Tee::Tdx) {
            EXPECT_EQ(*report.find_string("report_data"), hex(quote->td_report.report_data));
            continue;
        }
        EXPECT_EQ(*report.find_string("mrenclave"), hex(quote->sgx_report.mr_enclave));
        EXPECT_EQ(*report.find_string("mrsigner"), hex(quote->sgx_report.mr_signer));
        EXPECT_EQ(*report.find_string("report_data"), hex(quote->sgx_report.report_data));
        EXPECT_EQ(report.find_uint64("isv_prod_id").value(), quote->sgx_report.isv_prod_id);
        EXPECT_EQ(report.find_bool("debug").value(), (quote->sgx_report.attributes.flags & 2) != 0);
    }
}

// One bit anywhere in the structure that matters must be noticed; bytes of trailing padding and of
// the chain's PEM text outside the certificates may change.
TEST(DcapVectors, ChangedQuotesAreRefused) {
    SCONE_NEED_VECTORS();
    fs::path folder = vectors::root() / "dcap" / "sgx-v3-00606a000000-signal-a9ba7b";
    Json expected = vectors::read_json(folder / "expected.json");
    const Json& verification = expected.find_array("verifications")->at(0);
    vectors::CollateralFiles files(folder / *verification.find_string("collateral"));
    std::string quote = vectors::read(folder / "quote.bin");
    VerificationRules rules = rules_for(verification);
    ASSERT_TRUE(verify_quote(base::as_bytes(quote), files.view(), rules));
    for (size_t at = 0; at < 1056; at += 3) {
        if (at >= 4 && at < 8)
            continue;  // TEE type: reserved in version 3, but signed; see below
        quote[at] = static_cast<char>(quote[at] ^ 0x10);
        EXPECT_FALSE(verify_quote(base::as_bytes(quote), files.view(), rules)) << at;
        quote[at] = static_cast<char>(quote[at] ^ 0x10);
    }
    for (size_t size = 0; size < 1056; size += 13)
        EXPECT_FALSE(verify_quote(base::as_bytes(quote.substr(0, size)), files.view(), rules));
    EXPECT_TRUE(verify_quote(base::as_bytes(quote + std::string(500, '\0')), files.view(), rules));
    EXPECT_FALSE(verify_quote(base::as_bytes(quote + "x"), files.view(), rules));
    quote[5] = 1;
    EXPECT_FALSE(verify_quote(base::as_bytes(quote), files.view(), rules));
}

TEST(DcapVectors, ChangedCollateralIsRefused) {
    SCONE_NEED_VECTORS();
    fs::path folder = vectors::root() / "dcap" / "sgx-v3-00606a000000-signal-a9ba7b";
    Json expected = vectors::read_json(folder / "expected.json");
    const Json& verification = expected.find_array("verifications")->at(1);
    const vectors::CollateralFiles files(folder / *verification.find_string("collateral"));
    std::string quote = vectors::read(folder / "quote.bin");
    VerificationRules rules = rules_for(verification);
    auto code = [&](auto change, VerificationRules rules) {
        vectors::CollateralFiles changed = files;
        change(changed);
        auto got = verify_quote(base::as_bytes(quote), changed.view(), rules);
        return got ? ErrorCode::Library : got.error().code;
    };
    EXPECT_EQ(ErrorCode::CollateralSignature,
              code([](auto& f) { f.tcb_info[f.tcb_info.find("tcbDate") + 11] = '9'; }, rules));
    EXPECT_EQ(
        ErrorCode::CollateralSignature,
        code([](auto& f) { f.qe_identity[f.qe_identity.find("tcbDate") + 11] = '9'; }, rules));
    EXPECT_EQ(ErrorCode::CrlInvalid, code([](auto& f) { f.pck_crl.back() ^= 1; }, rules));
    EXPECT_EQ(ErrorCode::CrlInvalid, code([](auto& f) { f.pck_crl.clear(); }, rules));
    EXPECT_EQ(ErrorCode::CrlInvalid, code([](auto& f) { f.root_crl = f.pck_crl; }, rules));
    EXPECT_EQ(ErrorCode::CollateralMalformed, code([](auto& f) { f.tcb_info.clear(); }, rules));
    EXPECT_EQ(ErrorCode::CollateralSignature,
              code([](auto& f) { f.signing_chain.clear(); }, rules));
    VerificationRules later = rules;
    later.time += int64_t{40} * 86400;
    EXPECT_EQ(ErrorCode::CollateralExpired, code([](auto&) {}, later));
    later.expired_collateral = ExpiredCollateral::InsecureTolerate;
    EXPECT_EQ(ErrorCode::Library, code([](auto&) {}, later));
    VerificationRules early = rules;
    early.time -= int64_t{20} * 86400;
    EXPECT_EQ(ErrorCode::CollateralMismatch, code([](auto&) {}, early));
}

TEST(DcapVectors, TcbInfoOfAnotherTeeIsRefused) {
    SCONE_NEED_VECTORS();
    fs::path dcap = vectors::root() / "dcap";
    fs::path sgx = dcap / "sgx-v3-00606a000000-signal-a9ba7b";
    Json expected = vectors::read_json(sgx / "expected.json");
    VerificationRules rules = rules_for(expected.find_array("verifications")->at(1));
    rules.expired_collateral = ExpiredCollateral::InsecureTolerate;
    vectors::CollateralFiles files(
        sgx / *expected.find_array("verifications")->at(1).find_string("collateral"));
    vectors::CollateralFiles tdx(dcap / "tdx-v5-00806f050000-oe-fc9acb" / "collateral-20260627");
    files.tcb_info = tdx.tcb_info;
    auto got = verify_quote(base::as_bytes(vectors::read(sgx / "quote.bin")), files.view(), rules);
    ASSERT_FALSE(got);
    EXPECT_EQ(ErrorCode::CollateralMismatch, got.error().code) << got.error().text;
}

}  // namespace
}  // namespace scone::attest
