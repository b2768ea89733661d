// The steps of DCAP verification under a given trust anchor. Only quote_verifier.cpp (Intel's
// root), simulated_quote.cpp (the simulation root, which ships with its key) and tests of the
// algorithm use this file: what it hands back is no verified quote.
//
// Side:    hosted
#pragma once

#include "lib/attest/pck_chain.h"
#include "lib/attest/quote_verifier.h"

namespace scone::attest {

// Steps that need no collateral: PCK chain, QE report signature, attestation key binding, quote
// signature.
Result<PckChain> check_quote_signatures(const Quote& quote, const TrustAnchor& anchor,
                                        int64_t time);

// All steps.
Result<Verdict> check_quote(const Quote& quote, const Collateral& collateral,
                            const VerificationRules& rules, const TrustAnchor& anchor);

}  // namespace scone::attest
