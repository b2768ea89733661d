#include "lib/attest/quote_verifier.h"

#include "lib/attest/dcap_checks.h"
#include "lib/sgx/attributes.h"

namespace scone::attest {

const ByteArray<64>& VerifiedQuote::report_data() const {
    return quote_.tee == Tee::Tdx ? quote_.td_report.report_data : quote_.sgx_report.report_data;
}

bool VerifiedQuote::debug() const {
    if (quote_.tee == Tee::Tdx)
        return (quote_.td_report.td_attributes[0] & 1) != 0;
    return (quote_.sgx_report.attributes.flags & sgx::kAttributeDEBUG) != 0;
}

Result<VerifiedQuote> verify_quote(Bytes bytes, const Collateral& collateral,
                                   const VerificationRules& rules, PlatformCache* cache) {
    Quote quote = SCONE_TRY(parse_quote(bytes));
    if (quote.qe_vendor_id != kIntelQeVendor)
        return error(ErrorCode::QuoteUnsupported, "quoting enclave is not Intel's");
    TrustAnchor anchor = SCONE_TRY(intel_trust_anchor());
    Verdict verdict = SCONE_TRY(check_quote(quote, collateral, rules, anchor, cache));
    return VerifiedQuote(std::move(quote), std::move(verdict));
}

Result<CollateralNeeded> collateral_needed(const Quote& quote, int64_t time, PlatformCache* cache) {
    TrustAnchor anchor = SCONE_TRY(intel_trust_anchor());
    PckChain chain = SCONE_TRY(check_quote_chain(quote, anchor, time, cache));
    return CollateralNeeded{chain.extension.fmspc,
                            chain.leaf.issuer_common_name().find("Platform") != std::string::npos};
}

}  // namespace scone::attest
