// SIGSTRUCT: the signer's word on an enclave, checked as EINIT checks it.
//
// Side:   both; RSA-3072 with exponent 3 in plain integer arithmetic with Q1 and Q2, as the
//         processor does it. Signing is lib/sgx_signing.
// Errors: Truncated, Malformed, BadSignature, Mismatch, NotPermitted
// Source: Intel SDM volume 3D, SIGSTRUCT and EINIT
#pragma once

#include "lib/aead/sha256.h"
#include "lib/sgx/architecture.h"
#include "lib/sgx/sgx_error.h"

namespace scone::sgx {

inline constexpr base::ByteArray<16> kSigstructHeader = {6, 0, 0, 0, 0xE1, 0, 0, 0,
                                                         0, 0, 1, 0, 0,    0, 0, 0};
inline constexpr base::ByteArray<16> kSigstructHeader2 = {1,    1, 0, 0, 0x60, 0, 0, 0,
                                                          0x60, 0, 0, 0, 1,    0, 0, 0};
inline constexpr uint32_t kSigstructExponent = 3;
inline constexpr uint32_t kVendorIntel = 0x8086;

// A SIGSTRUCT whose form and signature were found right; only verify_sigstruct makes one.
class VerifiedSigstruct {
  public:
    const Sigstruct& fields() const { return fields_; }
    const Measurement256& mr_enclave() const { return mr_enclave_; }
    const Measurement256& mr_signer() const { return mr_signer_; }

  private:
    friend Result<VerifiedSigstruct> verify_sigstruct(base::Bytes bytes);
    VerifiedSigstruct() = default;

    Sigstruct fields_{};
    Measurement256 mr_enclave_{};
    Measurement256 mr_signer_{};
};

// Checks exactly 1808 bytes: headers, vendor, exponent, reserved zeros, RSA with Q1 and Q2.
Result<VerifiedSigstruct> verify_sigstruct(base::Bytes bytes);

// EINIT's comparison of the SECS as created and measured with the SIGSTRUCT.
// `mr_enclave` is the final measurement. Errors: Mismatch (number: the offset of the SIGSTRUCT
// field that differs), NotPermitted (PROVISIONKEY or EINITTOKEN_KEY, or KSS fields without KSS)
Result<void> check_einit(const VerifiedSigstruct& sigstruct, const Secs& secs,
                         const Measurement256& mr_enclave);

// The signed bytes: those before MODULUS, then those from MISCSELECT to ISVSVN.
inline constexpr size_t kSignedPartsSize = 256;
using SignedParts = base::ByteArray<kSignedPartsSize>;
SignedParts signed_parts(const Sigstruct& sigstruct);
// SHA-256 over the two signed parts: what PKCS#1 wraps.
aead::Digest sigstruct_digest(const Sigstruct& sigstruct);
// SHA-256 of the modulus as it lies there.
Measurement256 mr_signer_of(const RsaNumber& modulus);

// Q1 = floor(S^2 / N), Q2 = floor((S^3 - Q1*S*N) / N) for S < N, N with its top bit set; false
// otherwise.
bool compute_q1_q2(const RsaNumber& modulus, const RsaNumber& signature, RsaNumber& q1,
                   RsaNumber& q2);

}  // namespace scone::sgx
