// Making certificates.
#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include "lib/crypto/random.h"
#include "lib/crypto/signature.h"
#include "lib/crypto/x509.h"

namespace scone::crypto {
namespace {

using GeneralNames = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;

constexpr size_t kMaxNameSize = 253;  // RFC 1035; common names have at most 64 characters
constexpr size_t kMaxNames = 256;

std::unexpected<Error> library_error() {
    return error(ErrorCode::Library, "cannot build a certificate");
}

Result<void> set_serial(X509* certificate) {
    ByteArray<16> serial;
    SCONE_TRY(fill_random(serial));
    serial[0] = static_cast<uint8_t>((serial[0] & 0x7f) | 0x40);  // positive, always 16 bytes
    BIGNUM* number = BN_bin2bn(serial.data(), serial.size(), nullptr);
    bool done = number != nullptr &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    if (!done)
        return library_error();
    return {};
}

Result<void> add_name_entry(X509_NAME* name, int nid, const std::string& value) {
    if (value.empty())
        return {};
    if (value.size() > 64)
        return error(ErrorCode::TooLarge, "name in a certificate above 64 bytes", value.size());
    if (X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, base::as_bytes(value).data(),
                                   static_cast<int>(value.size()), -1, 0) != 1)
        return error(ErrorCode::Malformed, "name in a certificate is not UTF-8");
    return {};
}

Result<void> add_extension(X509* certificate, int nid, const char* value, X509* issuer) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1)
        return library_error();
    return {};
}

Result<void> push_name(GENERAL_NAMES* names, int type, Bytes value) {
    ASN1_STRING* text = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
    GENERAL_NAME* name = GENERAL_NAME_new();
    if (text == nullptr || name == nullptr ||
        ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) != 1) {
        ASN1_STRING_free(text);
        GENERAL_NAME_free(name);
        return library_error();
    }
    GENERAL_NAME_set0_value(name, type, text);
    if (sk_GENERAL_NAME_push(names, name) <= 0) {
        GENERAL_NAME_free(name);
        return library_error();
    }
    return {};
}

bool plausible_dns_name(std::string_view name) {
    if (name.empty() || name.size() > kMaxNameSize)
        return false;
    for (char c : name) {
        bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '*' || c == ' ';
        if (!allowed)
            return false;
    }
    return true;
}

Result<void> add_alternative_names(X509* certificate, const CertificateSpec& spec) {
    if (spec.dns_names.empty() && spec.ip_addresses.empty())
        return {};
    if (spec.dns_names.size() + spec.ip_addresses.size() > kMaxNames)
        return error(ErrorCode::TooLarge, "more than 256 alternative names");
    GeneralNames names(sk_GENERAL_NAME_new_null());
    if (!names)
        return library_error();
    for (const std::string& dns : spec.dns_names) {
        if (!plausible_dns_name(dns))
            return error(ErrorCode::Malformed, "alternative name is not a DNS name");
        SCONE_TRY(push_name(names.get(), GEN_DNS, base::as_bytes(dns)));
    }
    for (const std::string& ip : spec.ip_addresses) {
        ByteArray<16> address{};
        size_t size = inet_pton(AF_INET, ip.c_str(), address.data()) == 1    ? 4
                      : inet_pton(AF_INET6, ip.c_str(), address.data()) == 1 ? 16
                                                                             : 0;
        if (size == 0)
            return error(ErrorCode::Malformed, "alternative name is not an IP address");
        SCONE_TRY(push_name(names.get(), GEN_IPADD, Bytes(address).first(size)));
    }
    if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) !=
        1)
        return library_error();
    return {};
}

Result<void> add_usage(X509* certificate, const CertificateSpec& spec, X509* issuer) {
    if (spec.is_authority) {
        std::string constraints = "critical,CA:TRUE";
        if (spec.path_length)
            constraints += ",pathlen:" + std::to_string(*spec.path_length);
        SCONE_TRY(add_extension(certificate, NID_basic_constraints, constraints.c_str(), issuer));
        return add_extension(certificate, NID_key_usage,
                             "critical,keyCertSign,cRLSign,digitalSignature", issuer);
    }
    SCONE_TRY(add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE", issuer));
    SCONE_TRY(add_extension(certificate, NID_key_usage, "critical,digitalSignature", issuer));
    switch (spec.extended_use) {
        case ExtendedUse::None:
            return {};
        case ExtendedUse::Server:
            return add_extension(certificate, NID_ext_key_usage, "serverAuth", issuer);
        case ExtendedUse::Client:
            return add_extension(certificate, NID_ext_key_usage, "clientAuth", issuer);
        case ExtendedUse::ServerAndClient:
            return add_extension(certificate, NID_ext_key_usage, "serverAuth,clientAuth", issuer);
    }
    __builtin_unreachable();
}

Result<void> add_extra_extension(X509* certificate, const ExtraExtension& extra) {
    std::unique_ptr<ASN1_OBJECT, FreeWith<ASN1_OBJECT_free>> oid(
        OBJ_txt2obj(extra.dotted_oid.c_str(), 1));
    std::unique_ptr<ASN1_OCTET_STRING, FreeWith<ASN1_OCTET_STRING_free>> content(
        ASN1_OCTET_STRING_new());
    if (!oid)
        return error(ErrorCode::Malformed, "extension's object identifier is malformed");
    if (!content || ASN1_OCTET_STRING_set(content.get(), extra.content.data(),
                                          static_cast<int>(extra.content.size())) != 1)
        return library_error();
    ExtensionHandle extension(X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), 0, content.get()));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1)
        return library_error();
    return {};
}

// Everything but the issuer's name and the signature.
Result<X509Handle> start_certificate(const CertificateSpec& spec, const PublicKey& subject_key) {
    X509Handle handle(X509_new());
    X509* certificate = handle.get();
    if (!certificate || X509_set_version(certificate, 2) != 1 ||
        X509_set_pubkey(certificate, subject_key.native()) != 1 ||
        !ASN1_TIME_adj(X509_getm_notBefore(certificate), static_cast<time_t>(spec.not_before), 0,
                       0) ||
        !ASN1_TIME_adj(X509_getm_notAfter(certificate), static_cast<time_t>(spec.not_after), 0, 0))
        return library_error();
    if (spec.not_after < spec.not_before)
        return error(ErrorCode::OutOfTime, "certificate would end before it begins");
    SCONE_TRY(set_serial(certificate));
    X509_NAME* name = X509_get_subject_name(certificate);
    SCONE_TRY(add_name_entry(name, NID_organizationName, spec.organization));
    SCONE_TRY(add_name_entry(name, NID_commonName, spec.common_name));
    return handle;
}

Result<Certificate> finish_certificate(X509* certificate, const CertificateSpec& spec, X509* issuer,
                                       const PrivateKey& signing_key) {
    if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1)
        return library_error();
    SCONE_TRY(add_usage(certificate, spec, issuer));
    SCONE_TRY(add_extension(certificate, NID_subject_key_identifier, "hash", issuer));
    if (issuer != certificate)
        SCONE_TRY(add_extension(certificate, NID_authority_key_identifier, "keyid", issuer));
    SCONE_TRY(add_alternative_names(certificate, spec));
    for (const ExtraExtension& extra : spec.extra_extensions)
        SCONE_TRY(add_extra_extension(certificate, extra));
    const EVP_MD* digest = signing_key.type() == KeyType::Ed25519 ? nullptr
                           : signing_key.type() == KeyType::P384  ? EVP_sha384()
                                                                  : EVP_sha256();
    if (X509_sign(certificate, signing_key.native(), digest) <= 0)
        return error(ErrorCode::Library, "cannot sign a certificate");
    return Certificate::from_native(certificate);
}

}  // namespace

Result<Certificate> make_self_signed(const CertificateSpec& spec, const PrivateKey& key) {
    X509Handle handle = SCONE_TRY(start_certificate(spec, SCONE_TRY(key.public_key())));
    return finish_certificate(handle.get(), spec, handle.get(), key);
}

Result<Certificate> issue_certificate(const CertificateSpec& spec, const PublicKey& subject_key,
                                      const Issuer& issuer) {
    if (EVP_PKEY_eq(X509_get0_pubkey(issuer.certificate.native()), issuer.key.native()) != 1)
        return error(ErrorCode::WrongKey, "the issuer's key does not belong to its certificate");
    if (!issuer.certificate.may_issue_certificates())
        return error(ErrorCode::NotTrusted, "the issuer's certificate is not that of an authority");
    X509Handle handle = SCONE_TRY(start_certificate(spec, subject_key));
    return finish_certificate(handle.get(), spec, issuer.certificate.native(), issuer.key);
}

}  // namespace scone::crypto
