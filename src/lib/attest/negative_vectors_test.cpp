// What real and damaged evidence must be refused for.
#include "lib/attest/dcap_checks.h"
#include "lib/attest/tcb_info.h"
#include "lib/attest/vector_files.h"

namespace scone::attest {
namespace {

namespace fs = std::filesystem;

fs::path negative(const char* name) {
    return vectors::root() / "negative" / name;
}

int64_t at(const char* time) {
    return parse_utc_time(time).value();
}

// Result of the checks that need no collateral.
Result<PckChain> signatures(const std::string& bytes, const char* time) {
    Quote quote = SCONE_TRY(parse_quote(base::as_bytes(bytes)));
    return check_quote_signatures(quote, SCONE_TRY(intel_trust_anchor()), at(time));
}

TEST(NegativeVectors, ChainOutOfOrderIsSorted) {
    SCONE_NEED_VECTORS();
    auto got = signatures(vectors::read(negative("sgx-quote-chain-out-of-order") / "quote.bin"),
                          "2020-06-02T00:00:00Z");
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ("Intel SGX PCK Certificate", got->leaf.subject_common_name());
}

TEST(NegativeVectors, CorruptedQuoteSignatureIsRefused) {
    SCONE_NEED_VECTORS();
    auto got = signatures(vectors::read(negative("sgx-quote-signature-corrupted") / "quote.bin"),
                          "2020-06-02T00:00:00Z");
    ASSERT_FALSE(got);
    EXPECT_EQ(ErrorCode::QuoteSignature, got.error().code) << got.error().text;
}

TEST(NegativeVectors, QuoteWithoutCertificatesIsRefused) {
    SCONE_NEED_VECTORS();
    auto got = signatures(vectors::read(negative("sgx-quote-raw-tcb") / "quote.bin"),
                          "2020-06-02T00:00:00Z");
    ASSERT_FALSE(got);
    EXPECT_EQ(ErrorCode::NoPckCertificate, got.error().code);
    EXPECT_EQ(3u, got.error().number);
}

TEST(NegativeVectors, TamperedChainIsRefused) {
    SCONE_NEED_VECTORS();
    std::string evidence = vectors::read(negative("oe-sgx-evidence-bad-chain") / "evidence.bin");
    auto got = signatures(evidence.substr(16), "2020-06-02T00:00:00Z");
    ASSERT_FALSE(got);
    EXPECT_EQ(ErrorCode::PckChainInvalid, got.error().code) << got.error().text;

    std::string certificate = vectors::read(negative("oe-ratls-cert-ec-bad") / "cert.der");
    std::string quote = certificate.substr(397);
    // The quote ends inside the certificate; its own lengths say where.
    uint32_t size = 436;
    memcpy(&size, quote.data() + 432, sizeof size);
    got = signatures(quote.substr(0, 436 + size), "2020-06-02T00:00:00Z");
    ASSERT_FALSE(got);
    EXPECT_EQ(ErrorCode::PckChainInvalid, got.error().code) << got.error().text;
}

TEST(NegativeVectors, SampleUnderATestRootIsRefused) {
    SCONE_NEED_VECTORS();
    fs::path folder = negative("intel-sample-sgx-test-root");
    auto quote = parse_quote(base::as_bytes(vectors::read(folder / "quote.dat")));
    ASSERT_TRUE(quote) << quote.error().text;
    // The sample carries no chain in the quote; put the one beside it in.
    std::string chain =
        vectors::read(folder / "pckCert.pem") + "\n" + vectors::read(folder / "pckSignChain.pem");
    auto anchor = intel_trust_anchor().value();
    auto got = check_pck_chain(chain, anchor, at("2026-01-01T00:00:00Z"));
    ASSERT_FALSE(got);
    EXPECT_EQ(ErrorCode::UntrustedRoot, got.error().code) << got.error().text;

    // Under its own root the signatures are right: what is refused is the root.
    auto root = crypto::Certificate::from_pem(vectors::read(folder / "trustedRootCaCert.pem"));
    anchor.root_key = root->public_key().value();
    quote->certification_type = CertificationType::PckChain;
    quote->certification_data.assign(chain.begin(), chain.end());
    auto checked = check_quote_signatures(*quote, anchor, at("2026-01-01T00:00:00Z"));
    EXPECT_TRUE(checked) << checked.error().text;
}

TEST(NegativeVectors, OldCollateralIsExpired) {
    SCONE_NEED_VECTORS();
    fs::path folder = negative("sgx-collateral-mixed-dates");
    vectors::CollateralFiles files(folder);
    files.pck_crl = vectors::read(folder / "pck_crl.pem");
    files.root_crl = vectors::read(folder / "root_ca_crl.pem");
    VerificationRules rules;
    rules.time = at("2024-03-01T00:00:00Z");
    std::string quote = vectors::read(folder / "quote.bin");
    auto got = verify_quote(base::as_bytes(quote), files.view(), rules);
    ASSERT_FALSE(got);
    EXPECT_EQ(ErrorCode::CollateralExpired, got.error().code) << got.error().text;
    EXPECT_EQ("2021-04-30",
              format_utc_time(static_cast<int64_t>(got.error().number)).substr(0, 10));
}

TEST(NegativeVectors, TcbInfoWithADefectIsRefusedByTheFieldsName) {
    SCONE_NEED_VECTORS();
    const std::pair<const char*, const char*> cases[] = {
        {"tcb-info-float", "version"},
        {"tcb-info-integer-with-sign", "version"},
        {"tcb-info-invalid-next-update", "nextUpdate"},
        {"tcb-info-pce-svn", "pcesvn"},
        {"tcb-info-property-missing-level1", "version"},
        {"tcb-info-property-missing-level3", "pcesvn"},
        {"tcb-info-property-wrong-type-level1", "fmspc"},
        {"tcb-info-property-wrong-type-level3", "sgxtcbcomp"},
        {"tcb-info-string-escape", "issueDate"},
    };
    for (auto [folder, field] : cases) {
        SCOPED_TRACE(folder);
        std::string text = vectors::read(negative(folder) / "tcb_info.json");
        auto inner = text::raw_slice(text, "tcbInfo");
        if (!inner) {
            EXPECT_STREQ("tcb-info-string-escape",
                         folder);  // a bare newline in a string is no JSON
            continue;
        }
        auto got = parse_tcb_info(*inner);
        ASSERT_FALSE(got);
        EXPECT_EQ(ErrorCode::CollateralMalformed, got.error().code);
        EXPECT_TRUE(std::string_view(got.error().text).starts_with(field)) << got.error().text;
    }
}

TEST(NegativeVectors, TcbInfoWithABadSignatureIsRefused) {
    SCONE_NEED_VECTORS();
    text::Json file = vectors::read_json(negative("tcb-info-bad-signature") / "00906ea10000.tcb");
    const std::string* raw = file.find_string("raw_tcb_info");
    ASSERT_TRUE(raw);
    std::vector<uint8_t> signature;
    for (const text::Json& byte : *file.find_array("signature"))
        signature.push_back(static_cast<uint8_t>(byte.as_uint64().value()));
    auto signer = crypto::Certificate::from_pem(
        vectors::read(vectors::root() / "roots/intel/Intel_SGX_TCB_Signing_2018_2025.pem"));
    SignedDocument document{*raw, {}};
    ASSERT_GE(signature.size(), 64u);
    base::copy_bytes(document.signature, signature);
    auto got = check_document_signature(document, signer->public_key().value());
    ASSERT_FALSE(got);
    EXPECT_EQ(ErrorCode::CollateralSignature, got.error().code);
}

}  // namespace
}  // namespace scone::attest
