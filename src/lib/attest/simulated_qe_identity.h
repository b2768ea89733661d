// Who the simulated quoting enclave is: an identity that no real enclave can have, since its
// measurements are hashes of texts.
//
// Side: hosted
#pragma once

#include "lib/sgx/key_request.h"

namespace scone::attest {

sgx::EnclaveIdentity simulated_qe_identity();

}  // namespace scone::attest
