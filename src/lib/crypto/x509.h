// X.509 certificates: read, compare, check, make.
//
// Side:    hosted
// Units:   times in seconds since 1970 (UTC), handed in; this room reads no clock
// Errors:  Malformed, TooLarge (above 64 KiB for one, 1 MiB for a list), Unsupported, BadSignature,
//          OutOfTime, NotTrusted, Library
// Source:  RFC 5280
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/crypto/key.h"

namespace scone::crypto {

inline constexpr size_t kMaxCertificateSize = size_t{64} * 1024;
inline constexpr size_t kMaxCertificateListSize = size_t{1} << 20;
inline constexpr size_t kMaxChainLength = 16;

class Certificate {
  public:
    static Result<Certificate> from_der(Bytes der);
    // The first certificate of the text.
    static Result<Certificate> from_pem(std::string_view pem);
    // Every certificate of the text, in its order; text between blocks and trailing NULs are
    // ignored. At least one, at most kMaxChainLength.
    static Result<std::vector<Certificate>> list_from_pem(std::string_view pem);
    // Takes a reference of its own. For certificates that OpenSSL handed out (a TLS peer's).
    static Result<Certificate> from_native(X509* certificate);

    Certificate(const Certificate& other);
    Certificate& operator=(const Certificate& other);
    Certificate(Certificate&&) noexcept = default;
    Certificate& operator=(Certificate&&) noexcept = default;

    Result<std::vector<uint8_t>> der() const;
    Result<std::string> pem() const;
    Result<PublicKey> public_key() const;
    // Empty when the name has none.
    std::string subject_common_name() const;
    std::string issuer_common_name() const;
    // True when the issuer's name of this is the subject's name of `issuer`, byte for byte.
    bool names_as_issuer(const Certificate& issuer) const;
    bool self_issued() const { return names_as_issuer(*this); }
    // Big endian, without leading zeros.
    std::vector<uint8_t> serial() const;
    int64_t not_before() const { return not_before_; }
    int64_t not_after() const { return not_after_; }
    bool valid_at(int64_t time) const { return not_before_ <= time && time <= not_after_; }
    // basicConstraints CA:TRUE and, where keyUsage stands, keyCertSign.
    bool may_issue_certificates() const;
    // False only when keyUsage stands and forbids it.
    bool may_sign_data() const;
    bool may_sign_revocations() const;
    // DNS names of the subject alternative name.
    std::vector<std::string> dns_names() const;
    // Content of the extension's OCTET STRING; nullopt when absent.
    std::optional<std::vector<uint8_t>> extension(const char* dotted_oid) const;
    // True when an extension marked critical is not one OpenSSL understands.
    bool has_unknown_critical_extension() const;
    // BadSignature unless signed with the key.
    Result<void> check_signed_by(const PublicKey& issuer_key) const;
    X509* native() const { return certificate_.get(); }

  private:
    explicit Certificate(X509Handle certificate) : certificate_(std::move(certificate)) {}
    static Result<Certificate> adopt(X509Handle certificate);
    X509Handle certificate_;
    int64_t not_before_ = 0;
    int64_t not_after_ = 0;
};

enum class ExtendedUse : uint8_t { None, Server, Client, ServerAndClient };

struct ExtraExtension {
    std::string dotted_oid;
    std::vector<uint8_t> content;  // DER, what lies inside the extension's OCTET STRING
};

struct CertificateSpec {
    std::string common_name;
    std::string organization;            // left out when empty
    std::vector<std::string> dns_names;  // subject alternative names
    std::vector<std::string> ip_addresses;
    ExtendedUse extended_use = ExtendedUse::None;
    bool is_authority = false;
    std::optional<int> path_length;  // authorities only
    std::vector<ExtraExtension> extra_extensions;
    int64_t not_before = 0;
    int64_t not_after = 0;
};

struct Issuer {
    const Certificate& certificate;
    const PrivateKey& key;
};

// A certificate with a random 127-bit serial, keyUsage, subject and authority key identifiers.
// Malformed when a name or address cannot be encoded.
Result<Certificate> make_self_signed(const CertificateSpec& spec, const PrivateKey& key);
Result<Certificate> issue_certificate(const CertificateSpec& spec, const PublicKey& subject_key,
                                      const Issuer& issuer);

// Finds a path from the leaf to one of the roots through the intermediates, in any order, and
// checks signatures, names, validity at `time`, constraints and, unless None, the extended use.
// NotTrusted or OutOfTime otherwise.
Result<void> verify_path(const Certificate& leaf, std::span<const Certificate> intermediates,
                         std::span<const Certificate> roots, int64_t time, ExtendedUse use);

class RevocationList {
  public:
    static Result<RevocationList> from_der(Bytes der);
    static Result<RevocationList> from_pem(std::string_view pem);

    bool issued_by(const Certificate& issuer) const;
    Result<void> check_signed_by(const PublicKey& issuer_key) const;
    int64_t this_update() const { return this_update_; }
    // 0 when the list names none.
    int64_t next_update() const { return next_update_; }
    bool lists(const Certificate& certificate) const;

  private:
    explicit RevocationList(X509CrlHandle list) : list_(std::move(list)) {}
    static Result<RevocationList> adopt(X509CrlHandle list);
    X509CrlHandle list_;
    int64_t this_update_ = 0;
    int64_t next_update_ = 0;
};

}  // namespace scone::crypto
