// The built-in signing key. Its private half is public on purpose.
//
// Side:   hosted
// Everybody can sign with it, so MRSIGNER of it says nothing. It signs enclaves whose owner named
// no key; those are recognised by MRENCLAVE. CAS refuses a policy that trusts this signer.
#pragma once

#include "lib/crypto/key.h"
#include "lib/sgx/debug_signer.h"
#include "lib/sgx_signing/signing_error.h"

namespace scone::sgx_signing {

using sgx::kDebugKeyMrsigner;

// Errors: Library.
Result<crypto::PrivateKey> built_in_debug_key();

}  // namespace scone::sgx_signing
