// Verification of Intel's DCAP quotes, step by step as Intel's QVL does it.
//
// Side:    hosted
// Units:   times in seconds since 1970. `time` is not the host's clock without thought: an enclave
//          bounds it from below by Verdict::collateral_issued of what it has seen before.
// Errors:  every code of error.h; none of them can be tolerated
// Threads: pure functions but for `cache`, which may be shared by threads; null: none is used
// Source:  Intel QVL, QuoteVerifier.cpp (the numbers 4.1.2.x are its own)
//
// Only Intel's root is trusted here. Quotes of simulated enclaves are another type and another
// function: simulated_quote.h.
#pragma once

#include <string_view>

#include "lib/attest/platform_cache.h"
#include "lib/attest/quote.h"
#include "lib/attest/verdict.h"

namespace scone::attest {

// As the provisioning service hands it out. Views; the verifier keeps none of them.
struct Collateral {
    std::string_view tcb_info;           // {"tcbInfo":...,"signature":...}
    std::string_view qe_identity;        // {"enclaveIdentity":...,"signature":...}
    std::string_view tcb_signing_chain;  // PEM: signer of both, then root
    Bytes pck_crl;                       // DER, or PEM; empty: not to be had
    Bytes root_ca_crl;                   // likewise
};

enum class ExpiredCollateral : uint8_t { Refuse, InsecureTolerate };
enum class MissingRevocationLists : uint8_t { Refuse, InsecureTolerate };

struct VerificationRules {
    int64_t time = 0;
    ExpiredCollateral expired_collateral = ExpiredCollateral::Refuse;
    MissingRevocationLists missing_lists = MissingRevocationLists::Refuse;
};

// A quote that Intel's keys vouch for. The TCB status, DEBUG, and whose enclave it is are for the
// policy to judge (tolerances.h).
class VerifiedQuote {
  public:
    Tee tee() const { return quote_.tee; }
    // The enclave's or the TD's own report; of the TEE that tee() names.
    const sgx::ReportBody& sgx_report() const { return quote_.sgx_report; }
    const TdReport& td_report() const { return quote_.td_report; }
    const ByteArray<64>& report_data() const;
    bool debug() const;
    ByteArray<16> qe_id() const { return quote_.qe_id(); }
    const Verdict& verdict() const { return verdict_; }

  private:
    friend Result<VerifiedQuote> verify_quote(Bytes, const Collateral&, const VerificationRules&,
                                              PlatformCache*);
    VerifiedQuote(Quote quote, Verdict verdict)
        : quote_(std::move(quote)), verdict_(std::move(verdict)) {}

    Quote quote_;
    Verdict verdict_;
};

Result<VerifiedQuote> verify_quote(Bytes quote, const Collateral& collateral,
                                   const VerificationRules& rules, PlatformCache* cache = nullptr);

// Which collateral a quote needs, by its PCK certificate, which is Intel's and valid.
struct CollateralNeeded {
    ByteArray<6> fmspc;
    bool is_platform_ca;  // else the processor CA
};
Result<CollateralNeeded> collateral_needed(const Quote& quote, int64_t time,
                                           PlatformCache* cache = nullptr);

}  // namespace scone::attest
