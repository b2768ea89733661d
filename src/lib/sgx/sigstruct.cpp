#include "lib/sgx/sigstruct.h"

#include "lib/sgx/attributes.h"
#include "lib/sgx/object_bytes_unsafe.h"
#include "lib/sgx/wide_integer.h"
#include "lib/sgx/zeros.h"

namespace scone::sgx {
namespace {

std::unexpected<Error> malformed(const char* text, uint64_t offset) {
    return base::fail(Error{ErrorCode::Malformed, text, offset});
}
std::unexpected<Error> bad_signature(const char* text) {
    return base::fail(Error{ErrorCode::BadSignature, text});
}
std::unexpected<Error> mismatch(const char* text, uint64_t offset) {
    return base::fail(Error{ErrorCode::Mismatch, text, offset});
}

Result<void> check_form(const Sigstruct& s) {
    if (s.header != kSigstructHeader)
        return malformed("SIGSTRUCT begins with another HEADER", offsetof(Sigstruct, header));
    if (s.vendor != 0 && s.vendor != kVendorIntel)
        return malformed("SIGSTRUCT names an unknown VENDOR", offsetof(Sigstruct, vendor));
    if (s.header2 != kSigstructHeader2)
        return malformed("SIGSTRUCT has another HEADER2", offsetof(Sigstruct, header2));
    if (s.exponent != kSigstructExponent)
        return malformed("SIGSTRUCT's exponent is not 3", offsetof(Sigstruct, exponent));
    if (!all_zero(s.reserved_44) || !all_zero(s.reserved_908) || !all_zero(s.reserved_992) ||
        !all_zero(s.reserved_1028))
        return malformed("a reserved byte of SIGSTRUCT is not zero",
                         offsetof(Sigstruct, reserved_44));
    return {};
}

// EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 9.2), little endian as SIGSTRUCT has its numbers.
RsaNumber padded_digest(const aead::Digest& digest) {
    constexpr uint8_t kDigestInfo[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                       0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    RsaNumber out;
    out.fill(0xFF);
    size_t at = 0;
    for (size_t i = digest.size(); i-- > 0;)
        out[at++] = digest[i];
    for (size_t i = sizeof kDigestInfo; i-- > 0;)
        out[at++] = kDigestInfo[i];
    out[at] = 0;
    out[kRsaSize - 2] = 1;
    out[kRsaSize - 1] = 0;
    return out;
}

// S^3 mod N by Q1 and Q2, as the processor does it: two products, two differences, no division.
Result<RsaNumber> open_signature(const Sigstruct& s) {
    Wide n = wide_from_bytes(s.modulus.data());
    Wide signature = wide_from_bytes(s.signature.data());
    if (!top_bit_set(n))
        return bad_signature("the modulus of SIGSTRUCT has less than 3072 bits");
    if (!less(signature, n))
        return bad_signature("the signature of SIGSTRUCT is not below its modulus");
    Wide square, cube;  // mod N
    if (!subtract_to_wide(multiply(signature, signature), multiply(wide_from_bytes(s.q1.data()), n),
                          square) ||
        !less(square, n))
        return bad_signature("Q1 of SIGSTRUCT does not fit its signature");
    if (!subtract_to_wide(multiply(signature, square), multiply(wide_from_bytes(s.q2.data()), n),
                          cube) ||
        !less(cube, n))
        return bad_signature("Q2 of SIGSTRUCT does not fit its signature");
    RsaNumber out;
    wide_to_bytes(cube, out);
    return out;
}

}  // namespace

Result<VerifiedSigstruct> verify_sigstruct(base::Bytes bytes) {
    if (bytes.size() != sizeof(Sigstruct))
        return base::fail(
            Error{ErrorCode::Truncated, "SIGSTRUCT has not 1808 bytes", sizeof(Sigstruct)});
    VerifiedSigstruct verified;
    Sigstruct& s = verified.fields_;
    __builtin_memcpy(&s, bytes.data(), sizeof s);
    SCONE_TRY(check_form(s));
    RsaNumber opened = SCONE_TRY(open_signature(s));
    if (opened != padded_digest(sigstruct_digest(s)))
        return bad_signature("the signature of SIGSTRUCT is not over its fields");
    verified.mr_enclave_ = s.enclave_hash;
    verified.mr_signer_ = mr_signer_of(s.modulus);
    return verified;
}

Result<void> check_einit(const VerifiedSigstruct& sigstruct, const Secs& secs,
                         const Measurement256& mr_enclave) {
    const Sigstruct& s = sigstruct.fields();
    if (sigstruct.mr_enclave() != mr_enclave)
        return mismatch("the enclave's measurement is not the signed one",
                        offsetof(Sigstruct, enclave_hash));
    // Copies: fields of the packed struct may not be bound to references.
    Attributes mask = s.attribute_mask;
    Attributes wanted = s.attributes;
    if (((secs.attributes.flags ^ wanted.flags) & mask.flags) != 0 ||
        ((secs.attributes.xfrm ^ wanted.xfrm) & mask.xfrm) != 0)
        return mismatch("the enclave's attributes are not the signed ones",
                        offsetof(Sigstruct, attributes));
    if (((secs.misc_select ^ s.misc_select) & s.misc_mask) != 0)
        return mismatch("the enclave's MISCSELECT is not the signed one",
                        offsetof(Sigstruct, misc_select));
    if ((secs.attributes.flags & (kAttributePROVISIONKEY | kAttributeEINITTOKEN_KEY)) != 0)
        return base::fail(Error{ErrorCode::NotPermitted,
                                "only Intel's enclaves may hold provisioning or launch keys",
                                offsetof(Sigstruct, attributes)});
    bool kss = (secs.attributes.flags & kAttributeKSS) != 0;
    if (!kss && (!all_zero(s.isv_family_id) || !all_zero(s.isv_ext_prod_id) ||
                 !all_zero(secs.config_id) || secs.config_svn != 0))
        return base::fail(Error{ErrorCode::NotPermitted,
                                "configuration and family identities need the KSS attribute",
                                offsetof(Sigstruct, isv_family_id)});
    return {};
}

SignedParts signed_parts(const Sigstruct& sigstruct) {
    base::Bytes bytes = object_bytes(sigstruct);
    constexpr size_t kFirstSize = offsetof(Sigstruct, modulus);
    constexpr size_t kSecond = offsetof(Sigstruct, misc_select);
    constexpr size_t kSecondSize = offsetof(Sigstruct, reserved_1028) - kSecond;
    static_assert(kFirstSize + kSecondSize == kSignedPartsSize);
    SignedParts parts;
    base::copy_bytes(parts, bytes.first(kFirstSize));
    base::copy_bytes({parts.data() + kFirstSize, kSecondSize}, bytes.subspan(kSecond));
    return parts;
}

aead::Digest sigstruct_digest(const Sigstruct& sigstruct) {
    return aead::sha256(signed_parts(sigstruct));
}

Measurement256 mr_signer_of(const RsaNumber& modulus) {
    return aead::sha256(modulus);
}

bool compute_q1_q2(const RsaNumber& modulus, const RsaNumber& signature, RsaNumber& q1,
                   RsaNumber& q2) {
    Wide n = wide_from_bytes(modulus.data());
    Wide s = wide_from_bytes(signature.data());
    if (!top_bit_set(n) || !less(s, n))
        return false;
    Wide first, second, square, cube;
    if (!divide(multiply(s, s), n, first, square) || !divide(multiply(s, square), n, second, cube))
        return false;
    wide_to_bytes(first, q1);
    wide_to_bytes(second, q2);
    return true;
}

}  // namespace scone::sgx
