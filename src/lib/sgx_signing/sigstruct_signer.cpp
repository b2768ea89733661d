#include "lib/sgx_signing/sigstruct_signer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "lib/crypto/signature.h"
#include "lib/sgx/sigstruct.h"

namespace scone::sgx_signing {
namespace {

constexpr int kKeyBits = 3072;

using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, crypto::FreeWith<PKCS8_PRIV_KEY_INFO_free>>;
using BigNumber = std::unique_ptr<BIGNUM, crypto::FreeWith<BN_free>>;

std::unexpected<Error> library_failed(const char* text) {
    return base::fail(Error{ErrorCode::Library, text});
}

BigNumber parameter(const crypto::PrivateKey& key, const char* name) {
    BIGNUM* value = nullptr;
    if (EVP_PKEY_get_bn_param(key.native(), name, &value) != 1)
        return {};
    return BigNumber(value);
}

// The modulus as SIGSTRUCT has it, of a key that SIGSTRUCT can take.
Result<sgx::RsaNumber> modulus_of(const crypto::PrivateKey& key) {
    if (key.type() != crypto::KeyType::Rsa)
        return base::fail(Error{ErrorCode::WrongKey, "the signing key is not an RSA key"});
    BigNumber n = parameter(key, OSSL_PKEY_PARAM_RSA_N);
    BigNumber e = parameter(key, OSSL_PKEY_PARAM_RSA_E);
    if (!n || !e)
        return library_failed("cannot take the signing key apart");
    if (BN_num_bits(n.get()) != kKeyBits)
        return base::fail(Error{ErrorCode::WrongKey, "the signing key has not 3072 bits",
                                static_cast<uint64_t>(BN_num_bits(n.get()))});
    if (!BN_is_word(e.get(), sgx::kSigstructExponent))
        return base::fail(Error{ErrorCode::WrongKey, "the signing key's exponent is not 3"});
    sgx::RsaNumber modulus;
    if (BN_bn2lebinpad(n.get(), modulus.data(), static_cast<int>(modulus.size())) < 0)
        return library_failed("cannot write the signing key's modulus");
    return modulus;
}

Result<void> check_fields(const SigstructFields& fields) {
    uint64_t flags = fields.attributes.flags;
    if ((flags & (sgx::kAttributePROVISIONKEY | sgx::kAttributeEINITTOKEN_KEY)) != 0)
        return base::fail(Error{ErrorCode::BadFields,
                                "provisioning and launch keys are for Intel's enclaves", flags});
    if ((flags & sgx::kAttributeINIT) != 0)
        return base::fail(Error{ErrorCode::BadFields, "INIT is set by EINIT only", flags});
    if ((fields.attributes.xfrm & sgx::kXfrmLegacy) != sgx::kXfrmLegacy)
        return base::fail(
            Error{ErrorCode::BadFields, "XFRM lacks x87 or SSE", fields.attributes.xfrm});
    return {};
}

sgx::Sigstruct unsigned_sigstruct(const SigstructFields& fields, const sgx::RsaNumber& modulus) {
    sgx::Sigstruct s{};
    s.header = sgx::kSigstructHeader;
    s.date = fields.date;
    s.header2 = sgx::kSigstructHeader2;
    s.sw_defined = fields.sw_defined;
    s.modulus = modulus;
    s.exponent = sgx::kSigstructExponent;
    s.misc_select = fields.misc_select;
    s.misc_mask = fields.misc_mask;
    s.attributes = fields.attributes;
    s.attribute_mask = fields.attribute_mask;
    s.enclave_hash = fields.mr_enclave;
    s.isv_prod_id = fields.isv_prod_id;
    s.isv_svn = fields.isv_svn;
    return s;
}

}  // namespace

Result<crypto::PrivateKey> generate_signing_key() {
    crypto::PkeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nullptr));
    BigNumber exponent(BN_new());
    EVP_PKEY* made = nullptr;
    if (!context || !exponent || BN_set_word(exponent.get(), sgx::kSigstructExponent) != 1 ||
        EVP_PKEY_keygen_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), kKeyBits) != 1 ||
        EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), exponent.get()) != 1 ||
        EVP_PKEY_generate(context.get(), &made) != 1)
        return library_failed("cannot generate a signing key");
    crypto::PkeyHandle owner(made);
    // lib/crypto makes keys of its own kinds only; this one goes in through its encoding.
    unsigned char* der = nullptr;
    Pkcs8 pkcs8(EVP_PKEY2PKCS8(made));
    int size = pkcs8 ? i2d_PKCS8_PRIV_KEY_INFO(pkcs8.get(), &der) : 0;
    if (size <= 0)
        return library_failed("cannot encode the new signing key");
    auto key = crypto::PrivateKey::from_pkcs8_der({der, static_cast<size_t>(size)});
    OPENSSL_clear_free(der, static_cast<size_t>(size));
    if (!key)
        return library_failed("cannot read the new signing key");
    return std::move(*key);
}

Result<sgx::Measurement256> mr_signer_of(const crypto::PrivateKey& key) {
    return sgx::mr_signer_of(SCONE_TRY(modulus_of(key)));
}

Result<sgx::Sigstruct> sign_sigstruct(const SigstructFields& fields,
                                      const crypto::PrivateKey& key) {
    SCONE_TRY(check_fields(fields));
    sgx::Sigstruct s = unsigned_sigstruct(fields, SCONE_TRY(modulus_of(key)));

    sgx::SignedParts message = sgx::signed_parts(s);
    auto signature = crypto::sign(key, message);
    if (!signature || signature->size() != s.signature.size())
        return library_failed("cannot sign");
    sgx::RsaNumber little_endian;
    for (size_t i = 0; i < little_endian.size(); ++i)
        little_endian[i] = (*signature)[little_endian.size() - 1 - i];
    sgx::RsaNumber q1, q2;
    if (!sgx::compute_q1_q2(s.modulus, little_endian, q1, q2))
        return library_failed("cannot compute Q1 and Q2");
    s.signature = little_endian;
    s.q1 = q1;
    s.q2 = q2;
    return s;
}

}  // namespace scone::sgx_signing
