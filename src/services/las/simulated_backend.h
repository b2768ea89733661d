// Quotes of the simulated SGX processor.
//
// Side:    host
// State:   attestation.key and pck.key (PKCS#8 PEM, 0600), pck_chain.pem; made at the first start
// Errors:  InvalidInput (a file is malformed, or belongs to another machine's fuse key), Failed
//          (cannot read or write)
// Source:  docs/formats/simulated-quote.md
#pragma once

#include "services/las/quoting_backend.h"

namespace scone::las {

// The fuse key is the published one, or that of SCONE_SIM_FUSE_KEY_FILE.
text::Outcome<std::unique_ptr<QuotingBackend>> open_simulated_backend(
    const std::string& state_folder);

}  // namespace scone::las
