// Accepting simulated quotes.
#include "lib/attest/simulated_quote.h"

#include "lib/attest/dcap_checks.h"
#include "lib/attest/simulated_qe_identity.h"
#include "lib/attest/simulation_root.h"

namespace scone::attest {
namespace {

Result<void> check_allowed(AllowSimulation operator_says, const Tolerances& policy) {
    if (operator_says != AllowSimulation::Yes)
        return error(ErrorCode::SimulationNotAllowed,
                     "enclave is simulated, and CAS was not started with --allow-simulation");
    if (!policy.debug_mode)
        return error(ErrorCode::SimulationNotAllowed,
                     "enclave is simulated, and the session does not tolerate debug-mode");
    return {};
}

}  // namespace

Result<VerifiedSimulatedQuote> verify_simulated_quote(Bytes bytes, AllowSimulation operator_says,
                                                      const Tolerances& policy, int64_t time,
                                                      PlatformCache* cache) {
    SCONE_TRY(check_allowed(operator_says, policy));
    Quote quote = SCONE_TRY(parse_quote(bytes));
    if (quote.version != 3 || quote.tee != Tee::Sgx || quote.qe_vendor_id != kSimulatedQeVendor)
        return error(ErrorCode::NotSimulated, "quote is not that of a simulated quoting enclave");
    TrustAnchor anchor = SCONE_TRY(simulation_trust_anchor());
    PckChain chain = SCONE_TRY(check_quote_signatures(quote, anchor, time, cache));
    sgx::ReportBody qe_report = quote.qe_report();
    if (qe_report.mr_enclave != simulated_qe_identity().mr_enclave ||
        qe_report.mr_signer != simulated_qe_identity().mr_signer)
        return error(ErrorCode::QeIdentityMismatch,
                     "quoting enclave is not the simulated one of this product");
    if (quote.qe_id() != chain.extension.ppid)
        return error(ErrorCode::QeIdentityMismatch, "quote and its PCK name different machines");
    return VerifiedSimulatedQuote(quote.sgx_report, quote.qe_id());
}

}  // namespace scone::attest
