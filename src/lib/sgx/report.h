// REPORT: an enclave's identity with a MAC for one other enclave on the same processor.
//
// Side:   both
// Errors: Malformed (reserved bytes of TARGETINFO), BadMac
// Source: Intel SDM volume 3D, EREPORT
#pragma once

#include "lib/sgx/architecture.h"
#include "lib/sgx/key_request.h"
#include "lib/sgx/sgx_error.h"

namespace scone::sgx {

// EREPORT on a simulated processor. `key_id` is the processor's report KEYID of this power cycle.
Result<Report> make_report(const SimulatedProcessor& processor, const EnclaveIdentity& enclave,
                           const TargetInfo& target, const base::ByteArray<64>& report_data,
                           const base::ByteArray<32>& key_id);

// A body whose MAC was found right; only verify_report makes one.
class VerifiedReport {
  public:
    const ReportBody& body() const { return body_; }

  private:
    friend Result<VerifiedReport> verify_report(const Report& report,
                                                std::span<const uint8_t, 16> report_key);
    VerifiedReport() = default;

    ReportBody body_{};
};

// `report_key` is what EGETKEY(REPORT, report.key_id) gave to the verifying enclave.
Result<VerifiedReport> verify_report(const Report& report, std::span<const uint8_t, 16> report_key);

// The TARGETINFO that names the enclave of this report as the target.
TargetInfo target_info_of(const ReportBody& body);
TargetInfo target_info_of(const EnclaveIdentity& enclave);

}  // namespace scone::sgx
