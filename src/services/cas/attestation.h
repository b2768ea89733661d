// Does this enclave have the properties that the policy demands of the service?
//
// Side:    host
// Errors:  an error chain in SCONE's words; it names what came and what was expected
// Threads: pure functions
// Source:  docs/reference/session-language.md, "attestation"
#pragma once

#include <span>

#include "lib/policy/session.h"
#include "services/cas/evidence.h"

namespace scone::cas {

struct AttestationDemand {
    std::span<const policy::AttestationVariant> variants;  // fragments put in
    std::span<const std::string> platforms;                // likewise; empty: any
};

// Nothing is granted by default: an enclave passes when one variant holds in all its factors and
// its platform is listed. What of the platform's state is tolerated was judged by QuoteCheck.
Attested<void> check_enclave(const Evidence& evidence, const AttestationDemand& demand);

// "DCAP quote verification failed", "Failed to verify DCAP report", "The program enclave is not
// trustworthy": what stands before each reason.
channel::ErrorChain distrust(const char* kind);

// Signers whose private key everybody has: a factor that names one proves nothing.
bool is_public_signer(const sgx::Measurement256& mrsigner);

}  // namespace scone::cas
