// Makes SIGSTRUCTs.
//
// Side:    hosted
// Signing is deterministic: the same fields and key give the same 1808 bytes.
// Errors:  WrongKey, BadFields, Library
// Threads: pure functions; a key may be used by several threads at once
// Source:  Intel SDM volume 3D, SIGSTRUCT
#pragma once

#include "lib/crypto/key.h"
#include "lib/sgx/architecture.h"
#include "lib/sgx/attributes.h"
#include "lib/sgx_signing/signing_error.h"

namespace scone::sgx_signing {

struct SigstructFields {
    sgx::Measurement256 mr_enclave{};
    uint16_t isv_prod_id = 0;
    uint16_t isv_svn = 0;
    uint32_t date = 0;  // binary-coded decimal yyyymmdd; 0: none, so that builds are repeatable
    uint32_t sw_defined = 0;
    uint32_t misc_select = sgx::kOurMiscselect;
    uint32_t misc_mask = sgx::kOurMiscselectMask;
    // By default the same MRENCLAVE cannot be loaded with DEBUG, and any XFRM with AVX is accepted.
    sgx::Attributes attributes = {.flags = sgx::kOurAttributes, .xfrm = sgx::kOurXfrm};
    sgx::Attributes attribute_mask = {.flags = sgx::kOurAttributesMask, .xfrm = sgx::kOurXfrmMask};
};

// An RSA key of 3072 bits with exponent 3, the only kind that SIGSTRUCT takes.
Result<crypto::PrivateKey> generate_signing_key();

// What an enclave signed with this key has as MRSIGNER. Errors: WrongKey, Library.
Result<sgx::Measurement256> mr_signer_of(const crypto::PrivateKey& key);

// Errors: WrongKey; BadFields when an attribute that EINIT does not give to us is asked for.
Result<sgx::Sigstruct> sign_sigstruct(const SigstructFields& fields, const crypto::PrivateKey& key);

}  // namespace scone::sgx_signing
