// Quotes of the simulated SGX processor: made by a simulated quoting enclave, accepted only on
// purpose. They have the layout of a DCAP quote, version 3, and prove nothing about hardware.
//
// Side:    hosted
// Layout:  docs/formats/simulated-quote.md
// Errors:  SimulationNotAllowed, NotSimulated, ReportMac, and those of quote.h and pck_chain.h
// Threads: a SimulatedQuotingEnclave may be used by several threads at once
#pragma once

#include "lib/attest/tolerances.h"
#include "lib/crypto/x509.h"
#include "lib/sgx/key_request.h"
#include "lib/sgx/report.h"

namespace scone::attest {

// Whether the operator of the verifier accepts simulated enclaves at all (--allow-simulation).
enum class AllowSimulation : uint8_t { No, Yes };

// A quote under the simulation root. A type of its own: nothing turns it into a VerifiedQuote.
class VerifiedSimulatedQuote {
  public:
    const sgx::ReportBody& report() const { return report_; }
    const ByteArray<64>& report_data() const { return report_.report_data; }
    ByteArray<16> qe_id() const { return qe_id_; }

  private:
    friend Result<VerifiedSimulatedQuote> verify_simulated_quote(Bytes, AllowSimulation,
                                                                 const Tolerances&, int64_t,
                                                                 PlatformCache*);
    VerifiedSimulatedQuote(const sgx::ReportBody& report, const ByteArray<16>& qe_id)
        : report_(report), qe_id_(qe_id) {}

    sgx::ReportBody report_;
    ByteArray<16> qe_id_;
};

// SimulationNotAllowed unless the operator allows it and the policy tolerates debug-mode; the text
// says which of the two is missing.
Result<VerifiedSimulatedQuote> verify_simulated_quote(Bytes quote, AllowSimulation operator_says,
                                                      const Tolerances& policy, int64_t time,
                                                      PlatformCache* cache = nullptr);

// The keys of a simulated quoting enclave: kept across restarts.
struct SimulatedQuotingKeys {
    crypto::PrivateKey attestation_key;
    crypto::PrivateKey pck;
    std::string pck_chain_pem;  // leaf, CA, root
};
// New keys for the machine with this fuse key, certified under the simulation root.
Result<SimulatedQuotingKeys> make_simulated_quoting_keys(const sgx::FuseKey& fuse_key);

class SimulatedQuotingEnclave {
  public:
    // PckChainInvalid when the chain is not that of `keys.pck`, or for another machine.
    static Result<SimulatedQuotingEnclave> start(const sgx::FuseKey& fuse_key,
                                                 SimulatedQuotingKeys keys);

    // What callers make their report for.
    sgx::TargetInfo target_info() const;
    // The machine's id in policies: depends on the fuse key only.
    ByteArray<16> qe_id() const { return qe_id_; }
    sgx::Measurement256 mr_enclave() const;
    // Checks that the report was made on this machine for this enclave, and signs it. ReportMac.
    Result<std::vector<uint8_t>> quote(const sgx::Report& report) const;

  private:
    SimulatedQuotingEnclave(const sgx::FuseKey& fuse_key, SimulatedQuotingKeys keys,
                            const ByteArray<16>& qe_id)
        : fuse_key_(fuse_key.duplicate()), keys_(std::move(keys)), qe_id_(qe_id) {}
    Result<void> prepare();

    sgx::FuseKey fuse_key_;
    SimulatedQuotingKeys keys_;
    ByteArray<16> qe_id_;
    ByteArray<64> attestation_point_{};
    ByteArray<384> qe_report_{};
    ByteArray<64> qe_report_signature_{};
};

}  // namespace scone::attest
