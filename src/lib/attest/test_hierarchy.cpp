#include "lib/attest/test_hierarchy.h"

#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include <cstring>

#include "lib/attest/signed_json.h"
#include "lib/base/hex.h"
#include "lib/crypto/hash.h"
#include "lib/crypto/signature.h"

namespace scone::attest::test {
namespace {

using Buffer = std::vector<uint8_t>;

Buffer der(uint8_t tag, Bytes content) {
    Buffer out{tag};
    if (content.size() >= 256)
        out.insert(out.end(), {0x82, static_cast<uint8_t>(content.size() >> 8)});
    else if (content.size() >= 128)
        out.push_back(0x81);
    out.push_back(static_cast<uint8_t>(content.size()));
    out.insert(out.end(), content.begin(), content.end());
    return out;
}

Buffer entry(std::initializer_list<uint8_t> suffix, const Buffer& value) {
    Buffer oid{0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
    oid.insert(oid.end(), suffix);
    Buffer pair = der(0x06, oid);
    pair.insert(pair.end(), value.begin(), value.end());
    return der(0x30, pair);
}

void append(Buffer& out, const Buffer& more) {
    out.insert(out.end(), more.begin(), more.end());
}

Buffer extension() {
    Buffer tcb;
    for (uint8_t i = 1; i <= 17; i++)
        append(tcb, entry({2, i}, der(0x02, Buffer{5})));
    append(tcb, entry({2, 18}, der(0x04, Buffer(16))));
    Buffer list = entry({1}, der(0x04, Buffer(16)));
    append(list, entry({2}, der(0x30, tcb)));
    append(list, entry({3}, der(0x04, Buffer(2))));
    append(list, entry({4}, der(0x04, Buffer{1, 2, 3, 4, 5, 6})));
    append(list, entry({5}, der(0x0a, Buffer{0})));
    return der(0x30, list);
}

crypto::PrivateKey new_key() {
    return crypto::PrivateKey::generate(crypto::NewKey::P256).value();
}

crypto::CertificateSpec spec(const char* name, bool is_authority) {
    crypto::CertificateSpec made;
    made.common_name = name;
    made.is_authority = is_authority;
    made.not_before = kNow - 1000 * kDay;
    made.not_after = kNow + 1000 * kDay;
    return made;
}

Authority make_root() {
    crypto::PrivateKey key = new_key();
    auto certificate = crypto::make_self_signed(spec("Test Root", true), key).value();
    return {std::move(key), std::move(certificate)};
}

Authority issue(const crypto::CertificateSpec& spec, const Authority& issuer) {
    crypto::PrivateKey key = new_key();
    auto certificate =
        crypto::issue_certificate(spec, key.public_key().value(), {issuer.certificate, issuer.key})
            .value();
    return {std::move(key), std::move(certificate)};
}

crypto::CertificateSpec leaf_spec() {
    crypto::CertificateSpec made = spec("Test PCK", false);
    made.extra_extensions.push_back({kSgxExtensionOid, extension()});
    return made;
}

std::string json_list(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts)
        out += (out.empty() ? "\"" : ",\"") + text + "\"";
    return "[" + out + "]";
}

std::string level_end(const char* status, const std::vector<std::string>& advisories) {
    return std::string(R"(,"tcbDate":"2024-01-01T00:00:00Z","tcbStatus":")") + status +
           R"(","advisoryIDs":)" + json_list(advisories) + "}";
}

}  // namespace

Hierarchy::Hierarchy()
    : root(make_root()),
      ca(issue(spec("Test PCK CA", true), root)),
      leaf(issue(leaf_spec(), ca)),
      tcb_signer(issue(spec("Test TCB Signing", false), root)) {}

TrustAnchor Hierarchy::anchor() const {
    return {root.key.public_key().value(),
            "Test Root",
            {"Test PCK CA", "Test PCK CA"},
            "Test PCK",
            "Test TCB Signing"};
}

Quote Hierarchy::quote() const {
    crypto::PrivateKey key = new_key();
    Quote made;
    made.version = 3;
    made.attestation_key = key.public_key()->p256_point().value();
    made.signed_bytes.assign(432, 7);
    made.signature = crypto::sign_p256_raw(key, made.signed_bytes).value();
    sgx::ReportBody report{};
    report.attributes.flags = 1;
    report.isv_svn = 5;
    base::copy_bytes(report.report_data, crypto::sha256(made.attestation_key));
    std::memcpy(made.qe_report_bytes.data(), &report, sizeof report);
    made.qe_report_signature = crypto::sign_p256_raw(leaf.key, made.qe_report_bytes).value();
    std::string chain = root.certificate.pem().value() + leaf.certificate.pem().value() +
                        ca.certificate.pem().value();
    made.certification_data.assign(chain.begin(), chain.end());
    return made;
}

std::vector<uint8_t> Hierarchy::revocation_list(const Authority& issuer,
                                                std::vector<const crypto::Certificate*> revoked,
                                                int64_t this_update, int64_t next_update) {
    crypto::X509CrlHandle list(X509_CRL_new());
    X509_CRL_set_version(list.get(), 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.native()));
    ASN1_TIME* time = ASN1_TIME_set(nullptr, this_update);
    X509_CRL_set1_lastUpdate(list.get(), time);
    ASN1_TIME_set(time, next_update);
    X509_CRL_set1_nextUpdate(list.get(), time);
    for (const crypto::Certificate* certificate : revoked) {
        X509_REVOKED* item = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(item, X509_get_serialNumber(certificate->native()));
        X509_REVOKED_set_revocationDate(item, time);
        X509_CRL_add0_revoked(list.get(), item);
    }
    ASN1_TIME_free(time);
    X509_CRL_sign(list.get(), issuer.key.native(), EVP_sha256());
    uint8_t* bytes = nullptr;
    int size = i2d_X509_CRL(list.get(), &bytes);
    std::vector<uint8_t> out(bytes, bytes + size);
    OPENSSL_free(bytes);
    return out;
}

std::string Hierarchy::signed_document(const char* name, const std::string& inner) const {
    auto signature = crypto::sign_p256_raw(tcb_signer.key, base::as_bytes(inner)).value();
    std::string hex(128, '0');
    base::hex_encode(signature, hex);
    return std::string("{\"") + name + "\":" + inner + ",\"signature\":\"" + hex + "\"}";
}

std::string Hierarchy::tcb_info() const {
    std::string list;
    for (const Level& level : levels) {
        list += list.empty() ? R"({"tcb":{)" : R"(,{"tcb":{)";
        for (int i = 1; i <= 16; i++) {
            std::string number = (i < 10 ? "0" : "") + std::to_string(i);
            list += "\"sgxtcbcomp" + number + "svn\":" + std::to_string(level.svn) + ",";
        }
        list += "\"pcesvn\":" + std::to_string(level.svn) + "}" +
                level_end(level.status, level.advisories);
    }
    return signed_document(
        "tcbInfo", R"({"version":2,"issueDate":")" + format_utc_time(issued) +
                       R"(","nextUpdate":")" + format_utc_time(next_update) + R"(","fmspc":")" +
                       fmspc + R"(","pceId":"0000","tcbType":0,"tcbEvaluationDataNumber":3,)" +
                       R"("tcbLevels":[)" + list + "]}");
}

std::string Hierarchy::qe_identity() const {
    std::string list;
    for (const QeLevel& level : qe_levels) {
        list += list.empty() ? R"({"tcb":{"isvsvn":)" : R"(,{"tcb":{"isvsvn":)";
        list += std::to_string(level.isv_svn) + "}" + level_end(level.status, level.advisories);
    }
    return signed_document(
        "enclaveIdentity",
        R"({"id":"QE","version":2,"issueDate":")" + format_utc_time(issued) +
            R"(","nextUpdate":")" + format_utc_time(next_update) +
            R"(","tcbEvaluationDataNumber":4,"miscselect":"00000000",)" +
            R"("miscselectMask":"FFFFFFFF","attributes":")" + qe_attributes +
            R"(","attributesMask":"FFFFFFFFFFFFFFFF0000000000000000","mrsigner":")" +
            std::string(64, '0') + R"(","isvprodid":0,"tcbLevels":[)" + list + "]}");
}

OwnCollateral Hierarchy::collateral() const {
    return {tcb_info(), qe_identity(),
            tcb_signer.certificate.pem().value() + root.certificate.pem().value(),
            revocation_list(ca, revoked_by_ca), revocation_list(root, revoked_by_root)};
}

Result<Verdict> Hierarchy::check() const {
    return check_quote(quote(), collateral().view(), rules, anchor());
}

}  // namespace scone::attest::test
