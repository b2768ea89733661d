// Turns a quote into evidence: real ones with Intel's collateral, simulated ones where both the
// operator (--allow-simulation) and the policy (tolerate: [debug-mode]) accept them.
//
// Side:    host
// Errors:  an error chain: what could not be verified, why, and the option or line of the policy
//          that would accept it, where there is one
// Threads: safe
#pragma once

#include <filesystem>

#include "lib/attest/platform_cache.h"
#include "lib/attest/tolerances.h"
#include "lib/policy/session.h"
#include "services/cas/evidence.h"
#include "services/cas/options.h"

namespace scone::cas {

attest::Tolerances tolerances_of(const policy::Security& security);

class QuoteCheck {
  public:
    QuoteCheck(Simulation simulation, std::filesystem::path collateral)
        : simulation_(simulation), collateral_folder_(std::move(collateral)) {}

    // Verifies the quote, that it binds `report_data`, and that the platform's state is tolerated.
    Attested<Evidence> check(const channel::QuoteReply& quote,
                             const base::ByteArray<64>& report_data,
                             const attest::Tolerances& tolerances, int64_t now) const;

  private:
    Attested<Evidence> check_real(base::Bytes quote, const attest::Tolerances& tolerances,
                                  int64_t now) const;
    Attested<Evidence> check_simulated(base::Bytes quote, const attest::Tolerances& tolerances,
                                       int64_t now) const;

    Simulation simulation_;
    std::filesystem::path collateral_folder_;
    mutable attest::PlatformCache platforms_;
};

}  // namespace scone::cas
