#include "lib/attest/pck_chain.h"

#include <algorithm>

namespace scone::attest {
namespace {

using crypto::Certificate;
using crypto::PublicKey;

// x || y of the key of "Intel SGX Root CA". Two certificates with this key exist.
constexpr ByteArray<64> kIntelRootKey{
    0x0b, 0xa9, 0xc4, 0xc0, 0xc0, 0xc8, 0x61, 0x93, 0xa3, 0xfe, 0x23, 0xd6, 0xb0, 0x2c, 0xda, 0x10,
    0xa8, 0xbb, 0xd4, 0xe8, 0x8e, 0x48, 0xb4, 0x45, 0x85, 0x61, 0xa3, 0x6e, 0x70, 0x55, 0x25, 0xf5,
    0x67, 0x91, 0x8e, 0x2e, 0xdc, 0x88, 0xe4, 0x0d, 0x86, 0x0b, 0xd0, 0xcc, 0x4e, 0xe2, 0x6a, 0xac,
    0xc9, 0x88, 0xe5, 0x05, 0xa9, 0x53, 0x55, 0x8c, 0x45, 0x3f, 0x6b, 0x09, 0x04, 0xae, 0x73, 0x94};

Result<PublicKey> p256_key_of(const Certificate& certificate, ErrorCode code) {
    auto key = certificate.public_key();
    if (!key || key->type() != crypto::KeyType::P256)
        return error(code, "certificate's key is not P-256");
    return std::move(*key);
}

const Certificate* find_named(std::span<const Certificate> list, std::string_view subject) {
    auto found = std::ranges::find_if(
        list, [&](const Certificate& c) { return c.subject_common_name() == subject; });
    return found == list.end() ? nullptr : &*found;
}

// Names and key of the root, its own signature, its validity.
Result<Certificate> check_root(std::span<const Certificate> list, const TrustAnchor& anchor,
                               int64_t time, ErrorCode code) {
    const Certificate* root = find_named(list, anchor.root_name);
    if (root == nullptr)
        return error(ErrorCode::UntrustedRoot, "chain has no root of the expected name");
    PublicKey key = SCONE_TRY(p256_key_of(*root, code));
    auto got = key.p256_point();
    auto wanted = anchor.root_key.p256_point();
    if (!got || !wanted || *got != *wanted)
        return error(ErrorCode::UntrustedRoot, "chain ends at a root that is not the trusted one");
    if (!root->self_issued() || !root->check_signed_by(anchor.root_key))
        return error(code, "root certificate is not signed by itself");
    if (!root->may_issue_certificates())
        return error(code, "root certificate may not issue certificates");
    if (!root->valid_at(time))
        return error(code, "root certificate is not valid at the time of the check",
                     static_cast<uint64_t>(root->not_after()));
    return *root;
}

Result<void> check_issued(const Certificate& certificate, const Certificate& issuer,
                          const PublicKey& issuer_key, int64_t time, ErrorCode code) {
    if (!certificate.names_as_issuer(issuer))
        return error(code, "certificate names another issuer than the one of its chain");
    if (!certificate.check_signed_by(issuer_key))
        return error(code, "certificate is not signed by its issuer");
    if (!certificate.valid_at(time))
        return error(code, "certificate is not valid at the time of the check",
                     static_cast<uint64_t>(certificate.not_after()));
    if (certificate.has_unknown_critical_extension())
        return error(code, "certificate has a critical extension that is not understood");
    return {};
}

Result<std::vector<Certificate>> read_list(std::string_view pem, ErrorCode code) {
    auto list = Certificate::list_from_pem(pem);
    if (!list)
        return error(code, list.error().text, list.error().number);
    return std::move(*list);
}

}  // namespace

Result<TrustAnchor> intel_trust_anchor() {
    auto key = PublicKey::from_p256_point(kIntelRootKey);
    if (!key)
        return error(ErrorCode::Library, key.error().text);
    return TrustAnchor{std::move(*key),
                       "Intel SGX Root CA",
                       {"Intel SGX PCK Processor CA", "Intel SGX PCK Platform CA"},
                       "Intel SGX PCK Certificate",
                       "Intel SGX TCB Signing"};
}

Result<PckChain> check_pck_chain(std::string_view pem, const TrustAnchor& anchor, int64_t time) {
    constexpr ErrorCode kCode = ErrorCode::PckChainInvalid;
    std::vector<Certificate> list = SCONE_TRY(read_list(pem, kCode));
    // 4.1.2.4.3: the root, looked up by name: some quotes carry their chain in another order.
    Certificate root = SCONE_TRY(check_root(list, anchor, time, kCode));
    const Certificate* leaf = find_named(list, anchor.leaf_name);
    if (leaf == nullptr)
        return error(kCode, "chain has no PCK certificate");
    const Certificate* ca = nullptr;
    for (const char* name : anchor.ca_names)
        if (leaf->issuer_common_name() == name)
            ca = find_named(list, name);
    if (ca == nullptr)
        return error(kCode, "chain has no certificate of the PCK's issuer");
    PublicKey ca_key = SCONE_TRY(p256_key_of(*ca, kCode));
    PublicKey leaf_key = SCONE_TRY(p256_key_of(*leaf, kCode));
    SCONE_TRY(check_issued(*ca, root, anchor.root_key, time, kCode));
    if (!ca->may_issue_certificates())
        return error(kCode, "PCK CA may not issue certificates");
    // 4.1.2.4.4
    SCONE_TRY(check_issued(*leaf, *ca, ca_key, time, kCode));
    if (leaf->may_issue_certificates() || !leaf->may_sign_data())
        return error(kCode, "PCK certificate's key usage is not that of a signer");
    auto content = leaf->extension(kSgxExtensionOid);
    if (!content)
        return error(ErrorCode::PckExtensionMalformed, "PCK certificate has no SGX extension");
    PckExtension extension = SCONE_TRY(parse_pck_extension(*content));
    return PckChain{*leaf, *ca, root, std::move(leaf_key), std::move(ca_key), extension};
}

Result<Certificate> check_tcb_signer(std::string_view pem, const TrustAnchor& anchor,
                                     int64_t time) {
    constexpr ErrorCode kCode = ErrorCode::CollateralSignature;
    std::vector<Certificate> list = SCONE_TRY(read_list(pem, kCode));
    Certificate root = SCONE_TRY(check_root(list, anchor, time, kCode));
    const Certificate* signer = find_named(list, anchor.tcb_signer_name);
    if (signer == nullptr)
        return error(kCode, "signing chain has no certificate of the TCB signer");
    SCONE_TRY(check_issued(*signer, root, anchor.root_key, time, kCode));
    if (signer->may_issue_certificates() || !signer->may_sign_data())
        return error(kCode, "TCB signer's key usage is not that of a signer");
    SCONE_TRY(p256_key_of(*signer, kCode));
    return *signer;
}

}  // namespace scone::attest
