// Making simulated quotes.
#include <algorithm>
#include <cstring>

#include "lib/attest/dcap_checks.h"
#include "lib/attest/simulated_qe_identity.h"
#include "lib/attest/simulated_quote.h"
#include "lib/attest/simulation_root.h"
#include "lib/base/endian.h"
#include "lib/crypto/hash.h"
#include "lib/crypto/signature.h"
#include "lib/sgx/attributes.h"
#include "lib/sgx/simulated_processor.h"

namespace scone::attest {
namespace {

using Buffer = std::vector<uint8_t>;

constexpr int64_t kNotBefore = 1704067200;  // 2024-01-01
constexpr int64_t kNotAfter = 2524607999;   // 2049-12-31, as the root

void append(Buffer& out, Bytes more) {
    out.insert(out.end(), more.begin(), more.end());
}
void append_le16(Buffer& out, uint16_t value) {
    ByteArray<2> bytes;
    base::store_le16(bytes.data(), value);
    append(out, bytes);
}
void append_le32(Buffer& out, uint32_t value) {
    ByteArray<4> bytes;
    base::store_le32(bytes.data(), value);
    append(out, bytes);
}

// DER, for contents below 64 KiB: all that the SGX extension needs.
Buffer der(uint8_t tag, Bytes content) {
    Buffer out{tag};
    size_t size = content.size();
    if (size >= 256) {
        out.insert(out.end(), {0x82, static_cast<uint8_t>(size >> 8)});
    } else if (size >= 128) {
        out.push_back(0x81);
    }
    out.push_back(static_cast<uint8_t>(size));
    append(out, content);
    return out;
}

// SEQUENCE { OID 1.2.840.113741.1.13.1 + suffix, value }
Buffer der_entry(std::initializer_list<uint8_t> suffix, const Buffer& value) {
    Buffer oid{0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
    oid.insert(oid.end(), suffix);
    Buffer pair = der(0x06, oid);
    append(pair, value);
    return der(0x30, pair);
}

Buffer sgx_extension(const ByteArray<16>& ppid) {
    Buffer tcb;
    for (uint8_t i = 1; i <= 16; i++)
        append(tcb, der_entry({2, i}, der(0x02, Buffer{sgx::kSimulatedCpuSvn[i - 1u]})));
    append(tcb, der_entry({2, 17}, der(0x02, Buffer{1})));
    append(tcb, der_entry({2, 18}, der(0x04, sgx::kSimulatedCpuSvn)));
    Buffer list = der_entry({1}, der(0x04, ppid));
    append(list, der_entry({2}, der(0x30, tcb)));
    append(list, der_entry({3}, der(0x04, Buffer(2))));
    append(list, der_entry({4}, der(0x04, Buffer(6))));
    append(list, der_entry({5}, der(0x0a, Buffer{0})));
    return der(0x30, list);
}

ByteArray<16> machine_id(const sgx::FuseKey& fuse_key) {
    crypto::Sha256Digest digest = crypto::sha256_of_parts(
        {base::as_bytes("scone simulated platform id 1"), fuse_key.expose()});
    ByteArray<16> id;
    base::copy_bytes(id, digest);
    return id;
}

template <class T>
Result<T> or_library_error(crypto::Result<T> result) {
    if (!result)
        return error(ErrorCode::Library, result.error().text);
    return std::move(*result);
}

Buffer quote_header(const ByteArray<16>& qe_id) {
    Buffer out;
    append_le16(out, 3);  // version
    append_le16(out, 2);  // ECDSA P-256
    append_le32(out, 0);  // reserved
    append_le16(out, 1);  // QE SVN
    append_le16(out, 1);  // PCE SVN
    append(out, kSimulatedQeVendor);
    append(out, qe_id);
    append_le32(out, 0);
    return out;
}

}  // namespace

sgx::EnclaveIdentity simulated_qe_identity() {
    sgx::EnclaveIdentity identity;
    identity.attributes.flags =
        sgx::kAttributeINIT | sgx::kAttributeMODE64BIT | sgx::kAttributePROVISIONKEY;
    identity.attributes.xfrm = sgx::kXfrmLegacy;
    identity.mr_enclave = crypto::sha256(base::as_bytes("scone simulated quoting enclave 1"));
    identity.mr_signer = crypto::sha256(base::as_bytes("scone simulated quoting signer"));
    identity.isv_prod_id = 1;
    identity.isv_svn = 1;
    return identity;
}

Result<SimulatedQuotingKeys> make_simulated_quoting_keys(const sgx::FuseKey& fuse_key) {
    auto attestation_key =
        SCONE_TRY(or_library_error(crypto::PrivateKey::generate(crypto::NewKey::P256)));
    auto pck = SCONE_TRY(or_library_error(crypto::PrivateKey::generate(crypto::NewKey::P256)));
    SimulationAuthority root = SCONE_TRY(simulation_root());
    SimulationAuthority ca = SCONE_TRY(simulation_pck_ca());
    crypto::CertificateSpec spec;
    spec.common_name = kSimulationPckName;
    spec.not_before = kNotBefore;
    spec.not_after = kNotAfter;
    spec.extra_extensions.push_back({kSgxExtensionOid, sgx_extension(machine_id(fuse_key))});
    auto leaf = SCONE_TRY(or_library_error(crypto::issue_certificate(
        spec, SCONE_TRY(or_library_error(pck.public_key())), {ca.certificate, ca.key})));
    std::string chain = SCONE_TRY(or_library_error(leaf.pem()));
    chain += SCONE_TRY(or_library_error(ca.certificate.pem()));
    chain += SCONE_TRY(or_library_error(root.certificate.pem()));
    return SimulatedQuotingKeys{std::move(attestation_key), std::move(pck), std::move(chain)};
}

Result<SimulatedQuotingEnclave> SimulatedQuotingEnclave::start(const sgx::FuseKey& fuse_key,
                                                               SimulatedQuotingKeys keys) {
    TrustAnchor anchor = SCONE_TRY(simulation_trust_anchor());
    PckChain chain = SCONE_TRY(check_pck_chain(keys.pck_chain_pem, anchor, kNotBefore));
    auto certified = chain.leaf_key.key_hash();
    auto own = SCONE_TRY(or_library_error(keys.pck.public_key())).key_hash();
    if (!certified || !own || *certified != *own)
        return error(ErrorCode::PckChainInvalid, "simulated PCK certificate is for another key");
    if (chain.extension.ppid != machine_id(fuse_key))
        return error(ErrorCode::PckChainInvalid,
                     "simulated PCK certificate is for another machine");
    SimulatedQuotingEnclave enclave(fuse_key, std::move(keys), machine_id(fuse_key));
    SCONE_TRY(enclave.prepare());
    return enclave;
}

// The QE's report over the attestation key, signed once by the PCK.
Result<void> SimulatedQuotingEnclave::prepare() {
    auto key = SCONE_TRY(or_library_error(keys_.attestation_key.public_key()));
    attestation_point_ = SCONE_TRY(or_library_error(key.p256_point()));
    sgx::EnclaveIdentity identity = simulated_qe_identity();
    sgx::ReportBody body{};
    body.cpu_svn = sgx::kSimulatedCpuSvn;
    body.attributes = identity.attributes;
    body.mr_enclave = identity.mr_enclave;
    body.mr_signer = identity.mr_signer;
    body.isv_prod_id = identity.isv_prod_id;
    body.isv_svn = identity.isv_svn;
    base::copy_bytes(body.report_data, crypto::sha256(attestation_point_));  // no auth data
    std::memcpy(qe_report_.data(), &body, sizeof body);
    qe_report_signature_ =
        SCONE_TRY(or_library_error(crypto::sign_p256_raw(keys_.pck, qe_report_)));
    return {};
}

sgx::TargetInfo SimulatedQuotingEnclave::target_info() const {
    return sgx::target_info_of(simulated_qe_identity());
}
sgx::Measurement256 SimulatedQuotingEnclave::mr_enclave() const {
    return simulated_qe_identity().mr_enclave;
}

Result<std::vector<uint8_t>> SimulatedQuotingEnclave::quote(const sgx::Report& report) const {
    sgx::SimulatedProcessor processor{fuse_key_, sgx::kSimulatedCpuSvn, sgx::kSimulatedOwnerEpoch};
    sgx::KeyRequest request{};
    request.key_name = sgx::kKeyREPORT;
    request.key_id = report.key_id;
    auto key = sgx::get_key(processor, simulated_qe_identity(), request);
    if (!key)
        return error(ErrorCode::ReportMac, key.error().text, key.error().number);
    auto verified = sgx::verify_report(report, key->expose());
    if (!verified)
        return error(ErrorCode::ReportMac,
                     "report was not made on this simulated machine for its quoting enclave");
    Buffer out = quote_header(qe_id_);
    const sgx::ReportBody& body = verified->body();
    // SAFETY: a trivial struct without padding, looked at as bytes.
    append(out, {reinterpret_cast<const uint8_t*>(&body), sizeof body});
    auto signature = SCONE_TRY(or_library_error(crypto::sign_p256_raw(keys_.attestation_key, out)));
    Buffer data;
    append(data, signature);
    append(data, attestation_point_);
    append(data, qe_report_);
    append(data, qe_report_signature_);
    append_le16(data, 0);  // no authentication data
    append_le16(data, static_cast<uint16_t>(CertificationType::PckChain));
    append_le32(data, static_cast<uint32_t>(keys_.pck_chain_pem.size()));
    append(data, base::as_bytes(keys_.pck_chain_pem));
    append_le32(out, static_cast<uint32_t>(data.size()));
    append(out, data);
    return out;
}

}  // namespace scone::attest
