// What a policy lets pass, and what is missing when it does not.
//
// Side:    hosted
// Rule:    an UpToDate platform passes, whatever advisories its level lists. Any other status is
// taken
//          apart into categories; each must be tolerated, and each advisory of the levels that
//          matched must be ignored by name or by its shortcut. "*" counts only with debug-mode.
//          Revoked and unsupported levels never come this far. DEBUG needs debug-mode.
// Source:  session language 0.3, security.attestation; docs/reference/differences.md
#pragma once

#include <string>
#include <vector>

#include "lib/attest/quote_verifier.h"

namespace scone::attest {

struct Tolerances {
    bool debug_mode = false;
    bool hyperthreading = false;             // INTEL-SA-00233
    bool insecure_igpu = false;              // INTEL-SA-00219
    bool aepic_leak = false;                 // INTEL-SA-00657
    bool software_hardening_needed = false;  // category
    bool insecure_configuration = false;     // category
    bool outdated_tcb = false;               // category
    std::vector<std::string> ignored_advisories = {};
    bool ignores_all_advisories = false;  // "*"
};

// One thing in the way, and the line of the session's `security.attestation` that would accept it;
// empty where "*" lacks debug-mode.
struct Shortcoming {
    std::string what;
    std::string remedy;
    friend bool operator==(const Shortcoming&, const Shortcoming&) = default;
};

// Nothing, or everything that is in the way.
base::Result<void, std::vector<Shortcoming>> check_tolerances(const VerifiedQuote& quote,
                                                              const Tolerances& tolerances);
// The same over its parts: for the checks of the rule itself.
base::Result<void, std::vector<Shortcoming>> check_tolerances(const Verdict& verdict, bool is_debug,
                                                              const Tolerances& tolerances);

}  // namespace scone::attest
