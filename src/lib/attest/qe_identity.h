// QE identity: which quoting enclaves are Intel's, and which of them are current.
//
// Side:    hosted
// Errors:  CollateralMalformed (the text names the field), QeIdentityMismatch, TcbNotSupported
// Source:  Intel PCS API v4, "Get QE Identity"; QVL, EnclaveReportVerifier
#pragma once

#include "lib/attest/quote.h"
#include "lib/attest/signed_json.h"

namespace scone::attest {

struct QeIdentity {
    Tee tee = Tee::Sgx;  // of the quotes that this enclave signs: id "QE" or "TD_QE"
    Validity validity;
    ByteArray<4> misc_select{};  // as they lie in a report
    ByteArray<4> misc_select_mask{};
    ByteArray<16> attributes{};
    ByteArray<16> attributes_mask{};
    ByteArray<32> mr_signer{};
    uint16_t isv_prod_id = 0;
    std::vector<IsvLevel> levels;  // highest first
};

// `signed_bytes`: the inner object of {"enclaveIdentity": ...}.
Result<QeIdentity> parse_qe_identity(std::string_view signed_bytes);

// QeIdentityMismatch when the report is another enclave's; else its level, or TcbNotSupported.
Result<const IsvLevel*> match_qe(const QeIdentity& identity, const sgx::ReportBody& qe_report);

}  // namespace scone::attest
