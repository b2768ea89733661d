// What is signed here is accepted by the checks of EINIT, and by nothing else.
#include "lib/sgx_signing/sigstruct_signer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "lib/sgx/sigstruct.h"
#include "lib/sgx_signing/debug_key.h"

namespace scone::sgx_signing {
namespace {

base::Bytes bytes_of(const sgx::Sigstruct& s) {
    return {reinterpret_cast<const uint8_t*>(&s), sizeof s};
}

SigstructFields some_fields() {
    SigstructFields fields;
    fields.mr_enclave.fill(0x5C);
    fields.isv_prod_id = 7;
    fields.isv_svn = 9;
    return fields;
}

TEST(SigstructSigner, SignsWhatVerifies) {
    auto key = built_in_debug_key();
    ASSERT_TRUE(key);
    auto signed_one = sign_sigstruct(some_fields(), *key);
    ASSERT_TRUE(signed_one);
    auto verified = sgx::verify_sigstruct(bytes_of(*signed_one));
    ASSERT_TRUE(verified) << verified.error().text;
    EXPECT_EQ(verified->mr_enclave(), some_fields().mr_enclave);
    EXPECT_EQ(verified->mr_signer(), kDebugKeyMrsigner);
    EXPECT_EQ(*mr_signer_of(*key), kDebugKeyMrsigner);
    EXPECT_EQ(verified->fields().isv_prod_id, 7);
    EXPECT_EQ(verified->fields().isv_svn, 9);
}

TEST(SigstructSigner, IsDeterministic) {
    auto key = built_in_debug_key();
    ASSERT_TRUE(key);
    auto first = sign_sigstruct(some_fields(), *key);
    auto second = sign_sigstruct(some_fields(), *key);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(std::memcmp(&*first, &*second, sizeof *first), 0);
}

TEST(SigstructSigner, AdmitsEveryProcessorButNoDebugging) {
    auto signed_one = sign_sigstruct(some_fields(), *built_in_debug_key());
    ASSERT_TRUE(signed_one);
    auto verified = sgx::verify_sigstruct(bytes_of(*signed_one));
    ASSERT_TRUE(verified);
    sgx::Secs secs{};
    secs.misc_select = sgx::kOurMiscselect;
    for (uint64_t xfrm : {0x3u, 0x7u, 0xE7u}) {
        secs.attributes = {.flags = sgx::kOurAttributes, .xfrm = xfrm};
        EXPECT_TRUE(sgx::check_einit(*verified, secs, verified->mr_enclave())) << xfrm;
    }
    secs.attributes.flags |= sgx::kAttributeDEBUG;
    EXPECT_EQ(sgx::check_einit(*verified, secs, verified->mr_enclave()).error(),
              sgx::ErrorCode::Mismatch);
}

TEST(SigstructSigner, AnotherKeyIsAnotherSigner) {
    auto key = generate_signing_key();
    ASSERT_TRUE(key);
    auto signed_one = sign_sigstruct(some_fields(), *key);
    ASSERT_TRUE(signed_one);
    auto verified = sgx::verify_sigstruct(bytes_of(*signed_one));
    ASSERT_TRUE(verified);
    EXPECT_NE(verified->mr_signer(), kDebugKeyMrsigner);
    EXPECT_EQ(verified->mr_signer(), *mr_signer_of(*key));
}

TEST(SigstructSigner, RefusesOtherKeys) {
    for (crypto::NewKey kind : {crypto::NewKey::Rsa3072, crypto::NewKey::Rsa2048,
                                crypto::NewKey::P256, crypto::NewKey::Ed25519}) {
        auto key = crypto::PrivateKey::generate(kind);
        ASSERT_TRUE(key);
        EXPECT_EQ(sign_sigstruct(some_fields(), *key).error(), ErrorCode::WrongKey);
        EXPECT_EQ(mr_signer_of(*key).error(), ErrorCode::WrongKey);
    }
}

TEST(SigstructSigner, RefusesAttributesThatEinitRefuses) {
    auto key = built_in_debug_key();
    ASSERT_TRUE(key);
    for (uint64_t flag :
         {sgx::kAttributeINIT, sgx::kAttributePROVISIONKEY, sgx::kAttributeEINITTOKEN_KEY}) {
        SigstructFields fields = some_fields();
        fields.attributes.flags |= flag;
        EXPECT_EQ(sign_sigstruct(fields, *key).error(), ErrorCode::BadFields);
    }
    SigstructFields fields = some_fields();
    fields.attributes.xfrm = 4;
    EXPECT_EQ(sign_sigstruct(fields, *key).error(), ErrorCode::BadFields);
}

}  // namespace
}  // namespace scone::sgx_signing
