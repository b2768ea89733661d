#include "services/cas/authority.h"

#include <algorithm>

#include "lib/channel/tlv.h"
#include "lib/policy/key_hash.h"

namespace scone::cas {
namespace {

using crypto::Certificate;
using crypto::NewKey;
using crypto::PrivateKey;
using crypto::SecretBytes;
using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr const char* kRecordName = "authority";
constexpr int64_t kDay = 24 * 3600;
constexpr int64_t kClockSkew = kDay;
constexpr int64_t kAuthorityLifetime = 50 * 365 * kDay;
constexpr int64_t kTlsLifetime = 2 * 365 * kDay;
constexpr const char* kDoing = "making CAS's certificates";

enum Tag : uint16_t { kRootCert = 1, kInstanceKey, kInstanceCert, kAuditKey, kRootKey };

// Passes on what lib/crypto gave, with its error as a Failure.
template <class T>
Outcome<T> checked(crypto::Result<T>&& result) {
    if (!result)
        return failure(ExitCode::Failed, result.error().text, kDoing);
    return std::move(*result);
}

struct Keys {
    Certificate root;
    Certificate instance;
    PrivateKey instance_key;
    PrivateKey audit_key;
};

crypto::CertificateSpec authority_spec(const char* name, int path_length, int64_t now) {
    crypto::CertificateSpec spec;
    spec.common_name = name;
    spec.is_authority = true;
    spec.path_length = path_length;
    spec.not_before = now - kClockSkew;
    spec.not_after = now + kAuthorityLifetime;
    return spec;
}

Outcome<Keys> create_keys(Store& store, int64_t now) {
    auto root_key = SCONE_TRY(checked(PrivateKey::generate(NewKey::P256)));
    auto instance_key = SCONE_TRY(checked(PrivateKey::generate(NewKey::P256)));
    auto audit_key = SCONE_TRY(checked(PrivateKey::generate(NewKey::Ed25519)));
    auto root =
        SCONE_TRY(checked(crypto::make_self_signed(authority_spec("cas", 1, now), root_key)));
    auto instance = SCONE_TRY(checked(crypto::issue_certificate(
        authority_spec("cas-instance", 0, now), SCONE_TRY(checked(instance_key.public_key())),
        {root, root_key})));
    channel::TlvWriter record;
    record.bytes(kRootCert, SCONE_TRY(checked(root.der())));
    record.bytes(kInstanceKey, SCONE_TRY(checked(instance_key.pkcs8_der())).expose());
    record.bytes(kInstanceCert, SCONE_TRY(checked(instance.der())));
    record.bytes(kAuditKey, SCONE_TRY(checked(audit_key.pkcs8_der())).expose());
    record.bytes(kRootKey, SCONE_TRY(checked(root_key.pkcs8_der())).expose());
    std::vector<RecordChange> changes;
    changes.push_back({kRecordName, 0, SecretBytes(record.payload())});
    SCONE_TRY(store.commit(std::move(changes)));
    return Keys{std::move(root), std::move(instance), std::move(instance_key),
                std::move(audit_key)};
}

Outcome<Keys> read_keys(const Record& record) {
    channel::TlvReader reader(record.value.expose());
    base::Bytes fields[6] = {};
    for (;;) {
        auto field = reader.next();
        if (!field)
            return failure(ExitCode::Integrity, field.error().text, "reading record 'authority'");
        if (!*field)
            break;
        if ((*field)->tag < 6)
            fields[(*field)->tag] = (*field)->value;
    }
    return Keys{SCONE_TRY(checked(Certificate::from_der(fields[kRootCert]))),
                SCONE_TRY(checked(Certificate::from_der(fields[kInstanceCert]))),
                SCONE_TRY(checked(PrivateKey::from_pkcs8_der(fields[kInstanceKey]))),
                SCONE_TRY(checked(PrivateKey::from_pkcs8_der(fields[kAuditKey])))};
}

}  // namespace

void AuthorityNames::add(const std::string& name) {
    bool is_address = name.find(':') != std::string::npos ||
                      name.find_first_not_of("0123456789.") == std::string::npos;
    auto& list = is_address ? ip_addresses : dns_names;
    if (std::ranges::find(list, name) == list.end())
        list.push_back(name);
}

Outcome<std::string> Authority::chain_pem() const {
    return SCONE_TRY(checked(tls.pem())) + SCONE_TRY(checked(instance.pem())) +
           SCONE_TRY(checked(root.pem()));
}

Outcome<Authority> load_authority(Store& store, const AuthorityNames& names, int64_t now) {
    auto record = SCONE_TRY(store.get(kRecordName));
    Keys keys = record ? SCONE_TRY(read_keys(*record)) : SCONE_TRY(create_keys(store, now));
    auto tls_key = SCONE_TRY(checked(PrivateKey::generate(NewKey::P256)));
    crypto::CertificateSpec spec;
    spec.common_name = names.common_name;
    spec.dns_names = names.dns_names;
    spec.ip_addresses = names.ip_addresses;
    spec.extended_use = crypto::ExtendedUse::ServerAndClient;
    spec.not_before = now - kClockSkew;
    spec.not_after = now + kTlsLifetime;
    auto tls = SCONE_TRY(checked(crypto::issue_certificate(
        spec, SCONE_TRY(checked(tls_key.public_key())), {keys.instance, keys.instance_key})));
    auto key_hash = policy::key_hash_of_certificate(SCONE_TRY(checked(keys.root.pem())));
    if (!key_hash)
        return failure(ExitCode::Failed, "the root key has no hash", kDoing);
    return Authority{std::move(keys.root), std::move(keys.instance),  std::move(tls),
                     std::move(tls_key),   std::move(keys.audit_key), std::move(*key_hash)};
}

}  // namespace scone::cas
