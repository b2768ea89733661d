// The PCK certificate chain of a quote: leaf, CA, root, in whatever order the quote has them.
//
// Side:    hosted
// Errors:  PckChainInvalid, UntrustedRoot, PckExtensionMalformed
// Source:  Intel QVL, PckCertVerifier (4.1.2.4.1 to .5); PCK certificate profile
#pragma once

#include <string_view>

#include "lib/attest/pck_extension.h"
#include "lib/crypto/x509.h"

namespace scone::attest {

// A key that chains and collateral must end at, and the names its certificates carry.
struct TrustAnchor {
    crypto::PublicKey root_key;
    const char* root_name;
    std::array<const char*, 2> ca_names;
    const char* leaf_name;
    const char* tcb_signer_name;
};
// Intel's root for SGX and TDX. Library when OpenSSL cannot hold the key.
Result<TrustAnchor> intel_trust_anchor();

struct PckChain {
    crypto::Certificate leaf;
    crypto::Certificate ca;
    crypto::Certificate root;
    crypto::PublicKey leaf_key;
    crypto::PublicKey ca_key;
    PckExtension extension;
};

// Finds and checks leaf, CA and root among the PEM certificates: names, signatures, validity at
// `time`, basic constraints, key usage, and that the root's key is the anchor's.
Result<PckChain> check_pck_chain(std::string_view pem, const TrustAnchor& anchor, int64_t time);

// Finds and checks the signer of TCB info and QE identity, likewise. CollateralSignature otherwise.
Result<crypto::Certificate> check_tcb_signer(std::string_view pem, const TrustAnchor& anchor,
                                             int64_t time);

}  // namespace scone::attest
