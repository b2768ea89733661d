// The steps of DCAP verification under a given trust anchor. Only quote_verifier.cpp (Intel's
// root), simulated_quote.cpp (the simulation root, which ships with its key) and tests of the
// algorithm use this file: what it hands back is no verified quote.
//
// Side:    hosted
#pragma once

#include "lib/attest/platform_cache.h"
#include "lib/attest/quote_verifier.h"

namespace scone::attest {

// Steps that need no collateral: PCK chain, QE report signature, attestation key binding, quote
// signature. `cache` may be null: then everything is checked anew.
Result<PckChain> check_quote_signatures(const Quote& quote, const TrustAnchor& anchor, int64_t time,
                                        PlatformCache* cache = nullptr);

// The PCK chain alone.
Result<PckChain> check_quote_chain(const Quote& quote, const TrustAnchor& anchor, int64_t time,
                                   PlatformCache* cache);

// All steps. Only what strict rules accept is kept in `cache`.
Result<Verdict> check_quote(const Quote& quote, const Collateral& collateral,
                            const VerificationRules& rules, const TrustAnchor& anchor,
                            PlatformCache* cache = nullptr);

}  // namespace scone::attest
