#include "lib/crypto/x509.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace scone::crypto {
namespace {

using OidHandle = std::unique_ptr<ASN1_OBJECT, FreeWith<ASN1_OBJECT_free>>;
using TimeHandle = std::unique_ptr<ASN1_TIME, FreeWith<ASN1_TIME_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

BioHandle read_from(std::string_view text) {
    return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Seconds since 1970 of a certificate's time; nullopt when it is no time.
std::optional<int64_t> seconds_of(const ASN1_TIME* time) {
    TimeHandle epoch(ASN1_TIME_set(nullptr, 0));
    int days = 0;
    int seconds = 0;
    if (time == nullptr || !epoch || ASN1_TIME_check(time) != 1 ||
        ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1)
        return std::nullopt;
    return int64_t{days} * 86400 + seconds;
}

std::string common_name_of(const X509_NAME* name) {
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0)
        return {};
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    uint8_t* text = nullptr;
    int size = ASN1_STRING_to_UTF8(&text, value);
    if (size < 0)
        return {};
    std::string out(base::as_text({text, static_cast<size_t>(size)}));
    OPENSSL_free(text);
    return out;
}

}  // namespace

Result<Certificate> Certificate::adopt(X509Handle handle) {
    ERR_clear_error();
    if (!handle)
        return error(ErrorCode::Malformed, "not an X.509 certificate");
    auto not_before = seconds_of(X509_get0_notBefore(handle.get()));
    auto not_after = seconds_of(X509_get0_notAfter(handle.get()));
    if (!not_before || !not_after)
        return error(ErrorCode::Malformed, "certificate's validity is not a pair of times");
    // Parses and caches the extensions now: later reads from several threads change nothing.
    if (X509_check_purpose(handle.get(), -1, 0) != 1) {
        ERR_clear_error();
        return error(ErrorCode::Malformed, "certificate's extensions are malformed");
    }
    Certificate certificate(std::move(handle));
    certificate.not_before_ = *not_before;
    certificate.not_after_ = *not_after;
    return certificate;
}

Result<Certificate> Certificate::from_der(Bytes der) {
    if (der.size() > kMaxCertificateSize)
        return error(ErrorCode::TooLarge, "certificate above 64 KiB", der.size());
    const uint8_t* p = der.data();
    X509Handle handle(d2i_X509(nullptr, &p, static_cast<long>(der.size())));
    if (handle && p != der.data() + der.size())
        return error(ErrorCode::Malformed, "bytes after the certificate");
    return adopt(std::move(handle));
}

Result<Certificate> Certificate::from_pem(std::string_view pem) {
    if (pem.size() > kMaxCertificateListSize)
        return error(ErrorCode::TooLarge, "PEM text above 1 MiB", pem.size());
    BioHandle bio = read_from(pem);
    return adopt(
        X509Handle(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr));
}

Result<std::vector<Certificate>> Certificate::list_from_pem(std::string_view pem) {
    if (pem.size() > kMaxCertificateListSize)
        return error(ErrorCode::TooLarge, "PEM text above 1 MiB", pem.size());
    // Blocks are cut out here: some quotes have no line break between them.
    constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
    constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
    std::vector<Certificate> list;
    for (;;) {
        size_t begin = pem.find(kBegin);
        if (begin == std::string_view::npos)
            break;
        size_t end = pem.find(kEnd, begin);
        if (end == std::string_view::npos)
            return error(ErrorCode::Malformed, "a certificate in the PEM text is cut off",
                         list.size());
        if (list.size() == kMaxChainLength)
            return error(ErrorCode::TooLarge, "more than 16 certificates in the PEM text");
        end += kEnd.size();
        list.push_back(SCONE_TRY(from_pem(std::string(pem.substr(begin, end - begin)) + "\n")));
        pem.remove_prefix(end);
    }
    if (list.empty())
        return error(ErrorCode::Malformed, "no certificate in the PEM text");
    return list;
}

Result<Certificate> Certificate::from_native(X509* certificate) {
    if (certificate == nullptr)
        return error(ErrorCode::Malformed, "no certificate");
    X509_up_ref(certificate);
    return adopt(X509Handle(certificate));
}

Certificate::Certificate(const Certificate& other)
    : certificate_(other.certificate_.get()),
      not_before_(other.not_before_),
      not_after_(other.not_after_) {
    X509_up_ref(certificate_.get());
}

Certificate& Certificate::operator=(const Certificate& other) {
    if (this != &other)
        *this = Certificate(other);
    return *this;
}

Result<std::vector<uint8_t>> Certificate::der() const {
    uint8_t* der = nullptr;
    int size = i2d_X509(certificate_.get(), &der);
    if (size <= 0)
        return error(ErrorCode::Library, "cannot encode a certificate");
    std::vector<uint8_t> out(der, der + size);
    OPENSSL_free(der);
    return out;
}

Result<std::string> Certificate::pem() const {
    BioHandle bio(BIO_new(BIO_s_mem()));
    char* data = nullptr;
    if (!bio || PEM_write_bio_X509(bio.get(), certificate_.get()) != 1)
        return error(ErrorCode::Library, "cannot encode a certificate");
    long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<size_t>(size));
}

Result<PublicKey> Certificate::public_key() const {
    return PublicKey::from_native(X509_get0_pubkey(certificate_.get()));
}

std::string Certificate::subject_common_name() const {
    return common_name_of(X509_get_subject_name(certificate_.get()));
}
std::string Certificate::issuer_common_name() const {
    return common_name_of(X509_get_issuer_name(certificate_.get()));
}
bool Certificate::names_as_issuer(const Certificate& issuer) const {
    return X509_NAME_cmp(X509_get_issuer_name(certificate_.get()),
                         X509_get_subject_name(issuer.certificate_.get())) == 0;
}

std::vector<uint8_t> Certificate::serial() const {
    const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate_.get());
    Bytes bytes(ASN1_STRING_get0_data(serial), static_cast<size_t>(ASN1_STRING_length(serial)));
    auto first = std::find_if(bytes.begin(), bytes.end(), [](uint8_t b) { return b != 0; });
    return {first, bytes.end()};
}

bool Certificate::may_issue_certificates() const {
    uint32_t flags = X509_get_extension_flags(certificate_.get());
    return (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0 &&
           (X509_get_key_usage(certificate_.get()) & KU_KEY_CERT_SIGN) != 0;
}
bool Certificate::may_sign_data() const {
    return (X509_get_key_usage(certificate_.get()) & KU_DIGITAL_SIGNATURE) != 0;
}
bool Certificate::may_sign_revocations() const {
    return (X509_get_key_usage(certificate_.get()) & KU_CRL_SIGN) != 0;
}

std::vector<std::string> Certificate::dns_names() const {
    GeneralNames names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate_.get(), NID_subject_alt_name, nullptr, nullptr)));
    std::vector<std::string> out;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); i++) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS)
            continue;
        const ASN1_IA5STRING* text = name->d.dNSName;
        out.emplace_back(base::as_text(
            {ASN1_STRING_get0_data(text), static_cast<size_t>(ASN1_STRING_length(text))}));
    }
    return out;
}

std::optional<std::vector<uint8_t>> Certificate::extension(const char* dotted_oid) const {
    OidHandle oid(OBJ_txt2obj(dotted_oid, 1));
    int at = oid ? X509_get_ext_by_OBJ(certificate_.get(), oid.get(), -1) : -1;
    if (at < 0)
        return std::nullopt;
    const ASN1_OCTET_STRING* content =
        X509_EXTENSION_get_data(X509_get_ext(certificate_.get(), at));
    const uint8_t* data = ASN1_STRING_get0_data(content);
    return std::vector<uint8_t>(data, data + ASN1_STRING_length(content));
}

bool Certificate::has_unknown_critical_extension() const {
    return (X509_get_extension_flags(certificate_.get()) & EXFLAG_CRITICAL) != 0;
}

Result<void> Certificate::check_signed_by(const PublicKey& issuer_key) const {
    int verdict = X509_verify(certificate_.get(), issuer_key.native());
    ERR_clear_error();
    if (verdict != 1)
        return error(ErrorCode::BadSignature, "certificate is not signed by the expected key");
    return {};
}

Result<RevocationList> RevocationList::adopt(X509CrlHandle handle) {
    ERR_clear_error();
    if (!handle)
        return error(ErrorCode::Malformed, "not a certificate revocation list");
    auto this_update = seconds_of(X509_CRL_get0_lastUpdate(handle.get()));
    if (!this_update)
        return error(ErrorCode::Malformed, "revocation list has no time of issue");
    const ASN1_TIME* next = X509_CRL_get0_nextUpdate(handle.get());
    auto next_update = next == nullptr ? std::optional<int64_t>(0) : seconds_of(next);
    if (!next_update)
        return error(ErrorCode::Malformed, "revocation list's next update is no time");
    RevocationList list(std::move(handle));
    list.this_update_ = *this_update;
    list.next_update_ = *next_update;
    return list;
}

Result<RevocationList> RevocationList::from_der(Bytes der) {
    if (der.size() > kMaxCertificateListSize)
        return error(ErrorCode::TooLarge, "revocation list above 1 MiB", der.size());
    const uint8_t* p = der.data();
    X509CrlHandle handle(d2i_X509_CRL(nullptr, &p, static_cast<long>(der.size())));
    if (handle && p != der.data() + der.size())
        return error(ErrorCode::Malformed, "bytes after the revocation list");
    return adopt(std::move(handle));
}

Result<RevocationList> RevocationList::from_pem(std::string_view pem) {
    if (pem.size() > kMaxCertificateListSize)
        return error(ErrorCode::TooLarge, "revocation list above 1 MiB", pem.size());
    BioHandle bio = read_from(pem);
    return adopt(
        X509CrlHandle(bio ? PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr) : nullptr));
}

bool RevocationList::issued_by(const Certificate& issuer) const {
    return X509_NAME_cmp(X509_CRL_get_issuer(list_.get()),
                         X509_get_subject_name(issuer.native())) == 0;
}

Result<void> RevocationList::check_signed_by(const PublicKey& issuer_key) const {
    int verdict = X509_CRL_verify(list_.get(), issuer_key.native());
    ERR_clear_error();
    if (verdict != 1)
        return error(ErrorCode::BadSignature, "revocation list is not signed by the expected key");
    return {};
}

bool RevocationList::lists(const Certificate& certificate) const {
    X509_REVOKED* entry = nullptr;
    // 2 would mean "removed from the list", which delta lists have and ours do not: counts as
    // listed
    return X509_CRL_get0_by_cert(list_.get(), &entry, certificate.native()) != 0;
}

}  // namespace scone::crypto
