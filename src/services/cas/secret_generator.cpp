#include "services/cas/secret_generator.h"

#include <algorithm>
#include <set>

#include "lib/crypto/random.h"
#include "lib/crypto/x509.h"
#include "lib/text/hex.h"

namespace scone::cas {
namespace {

using crypto::Certificate;
using crypto::PrivateKey;
using crypto::PublicKey;
using policy::SecretKind;
using policy::SecretRule;
using policy::SecretValue;
using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr int64_t kClockSkew = 24 * 3600;
constexpr int64_t kUnlimited = int64_t{100} * 365 * 24 * 3600;
constexpr const char* kImplicitAuthority = "\x01session-ca";  // no policy can use this name

crypto::NewKey new_key_of(policy::KeyType type) {
    switch (type) {
        case policy::KeyType::P256:
            return crypto::NewKey::P256;
        case policy::KeyType::P384:
            return crypto::NewKey::P384;
        case policy::KeyType::Ed25519:
            return crypto::NewKey::Ed25519;
        case policy::KeyType::Rsa2048:
            return crypto::NewKey::Rsa2048;
        case policy::KeyType::Rsa3072:
            return crypto::NewKey::Rsa3072;
    }
    return crypto::NewKey::P256;
}

// Only what CAS issued itself: not given, not imported, and with an end in sight.
bool is_expiring(const SecretRule& rule, const SecretValue& value, int64_t now) {
    bool is_certificate = rule.kind == SecretKind::X509 || rule.kind == SecretKind::X509Ca;
    if (!is_certificate || rule.value || rule.import)
        return false;
    auto certificate = Certificate::from_der(value.bytes);
    if (!certificate)
        return false;
    int64_t life = certificate->not_after() - certificate->not_before();
    return certificate->not_after() - now < life / 3;
}

class Generator {
  public:
    explicit Generator(const GenerationInput& input) : input_(input) {}

    Outcome<SecretValues> run() {
        for (const SecretRule& rule : input_.session.secrets) {
            if (!rule.import && rule.kind != SecretKind::ConfigFragment)
                SCONE_TRY(ensure(rule.name));
        }
        return std::move(values_);
    }

  private:
    template <class T>
    Outcome<T> checked(const SecretRule& rule, crypto::Result<T>&& result, const char* doing) {
        if (!result)
            return failure(ExitCode::InvalidInput,
                           "secret '" + rule.name + "': " + result.error().text, doing);
        return std::move(*result);
    }
    auto refuse(const SecretRule& rule, const std::string& why) {
        return failure(ExitCode::InvalidInput, "secret '" + rule.name + "': " + why,
                       "making the session's secrets");
    }

    // The value of a secret that others are made from; made first where it is not there yet.
    Outcome<const SecretValue*> ensure(const std::string& name) {
        auto place = values_.find(name);
        if (place != values_.end())
            return &place->second;
        const SecretRule* rule = input_.session.find_secret(name);
        if (rule == nullptr)
            return failure(ExitCode::InvalidInput, "there is no secret '" + name + "'");
        if (rule->import) {
            const SecretValue* value = input_.imported(name);
            if (value == nullptr)
                return refuse(*rule, "it is needed now, but cannot be imported");
            return value;
        }
        if (!in_progress_.insert(name).second)
            return refuse(*rule, "secrets that need each other in a circle");
        SecretValue value = SCONE_TRY(make(*rule));
        in_progress_.erase(name);
        value.kind = rule->kind;
        return &values_.insert_or_assign(name, std::move(value)).first->second;
    }

    const SecretValue* kept(const SecretRule& rule) const {
        if (input_.before == nullptr)
            return nullptr;
        auto value = input_.before->values.find(rule.name);
        if (input_.generation == Generation::Renewal) {
            bool keep = value != input_.before->values.end() &&
                        !is_expiring(rule, value->second, input_.now);
            return keep ? &value->second : nullptr;
        }
        if (rule.value)
            return nullptr;
        const SecretRule* earlier = input_.before->session.find_secret(rule.name);
        bool keep = earlier != nullptr && !earlier->value && policy::keeps_value(*earlier, rule) &&
                    value != input_.before->values.end();
        return keep ? &value->second : nullptr;
    }

    Outcome<SecretValue> make(const SecretRule& rule) {
        if (const SecretValue* value = kept(rule))
            return *value;
        switch (rule.kind) {
            case SecretKind::Ascii:
                return make_ascii(rule);
            case SecretKind::Binary:
                return make_binary(rule);
            case SecretKind::PrivateKey:
                return make_private_key(rule);
            case SecretKind::PublicKey:
                return make_public_key(rule);
            case SecretKind::X509:
            case SecretKind::X509Ca:
                return make_certificate(rule);
            case SecretKind::SessionCa:
                return make_session_ca(rule);
            default:
                return failure(ExitCode::Unsupported, "secret '" + rule.name + "': kind " +
                                                          std::string(name_of(rule.kind)) +
                                                          " is not supported yet");
        }
    }

    Outcome<SecretValue> make_ascii(const SecretRule& rule) {
        SecretValue out;
        if (rule.value) {
            out.text = *rule.value;
            return out;
        }
        constexpr uint32_t kPrintable = '~' - '!' + 1;
        out.text.resize(rule.size);
        for (char& c : out.text)
            c = static_cast<char>(
                '!' + SCONE_TRY(checked(rule, crypto::random_below(kPrintable), "random numbers")));
        return out;
    }

    Outcome<SecretValue> make_binary(const SecretRule& rule) {
        SecretValue out;
        if (rule.value) {
            auto bytes = text::from_hex(*rule.value);
            if (!bytes)
                return refuse(rule, "the value of a binary secret must be hex digits");
            out.bytes = std::move(*bytes);
            return out;
        }
        out.bytes.resize(rule.size);
        if (!crypto::fill_random(out.bytes))
            return failure(ExitCode::Failed, "no random numbers");
        return out;
    }

    Outcome<SecretValue> make_private_key(const SecretRule& rule) {
        auto key = SCONE_TRY(checked(rule,
                                     rule.value ? PrivateKey::from_pem(*rule.value)
                                                : PrivateKey::generate(new_key_of(rule.key_type)),
                                     "making a private key"));
        return key_value(rule, key);
    }
    Outcome<SecretValue> key_value(const SecretRule& rule, const PrivateKey& key) {
        auto der = SCONE_TRY(checked(rule, key.pkcs8_der(), "encoding a key"));
        SecretValue out;
        out.bytes.assign(der.expose().begin(), der.expose().end());
        return out;
    }

    Outcome<SecretValue> make_public_key(const SecretRule& rule) {
        SecretValue out;
        auto key = SCONE_TRY(rule.value ? checked(rule, PublicKey::from_spki_pem(*rule.value),
                                                  "reading a public key")
                                        : public_half(rule));
        out.bytes = SCONE_TRY(checked(rule, key.spki_der(), "encoding a key"));
        return out;
    }
    Outcome<PublicKey> public_half(const SecretRule& rule) {
        const SecretValue* secret = SCONE_TRY(ensure(rule.private_key));
        auto key = SCONE_TRY(
            checked(rule, PrivateKey::from_pkcs8_der(secret->bytes), "reading its private key"));
        return checked(rule, key.public_key(), "reading its private key");
    }

    // The certificate's own key: a private-key secret, or, in language 0.2, one made for it.
    Outcome<std::vector<uint8_t>> own_key(const SecretRule& rule) {
        if (!rule.private_key.empty())
            return SCONE_TRY(ensure(rule.private_key))->bytes;
        if (!rule.implicit_key)
            return std::vector<uint8_t>{};
        auto key = SCONE_TRY(checked(rule, PrivateKey::generate(crypto::NewKey::P256), "its key"));
        return std::move(SCONE_TRY(key_value(rule, key)).bytes);
    }

    Outcome<SecretValue> make_certificate(const SecretRule& rule) {
        SecretValue out;
        out.private_key = SCONE_TRY(own_key(rule));
        if (rule.value) {
            auto given =
                SCONE_TRY(checked(rule, Certificate::from_pem(*rule.value), "its certificate"));
            out.bytes = SCONE_TRY(checked(rule, given.der(), "its certificate"));
            if (!out.private_key.empty())
                SCONE_TRY(check_pair(rule, given, out.private_key));
            return out;
        }
        if (out.private_key.empty())
            return refuse(rule, "a certificate needs a private_key");
        auto key = SCONE_TRY(
            checked(rule, PrivateKey::from_pkcs8_der(out.private_key), "its private key"));
        const SecretValue* issuer = SCONE_TRY(issuer_of(rule));
        crypto::CertificateSpec spec = spec_of(rule);
        if (issuer == nullptr) {
            auto made =
                SCONE_TRY(checked(rule, crypto::make_self_signed(spec, key), "its certificate"));
            out.bytes = SCONE_TRY(checked(rule, made.der(), "its certificate"));
            return out;
        }
        SCONE_TRY(issue(rule, spec, key, *issuer, out));
        return out;
    }

    Outcome<const SecretValue*> issuer_of(const SecretRule& rule) {
        if (!rule.issuer.empty())
            return ensure(rule.issuer);
        if (rule.implicit_key)
            return implicit_authority(rule);
        return static_cast<const SecretValue*>(nullptr);
    }

    Outcome<void> issue(const SecretRule& rule, const crypto::CertificateSpec& spec,
                        const PrivateKey& key, const SecretValue& issuer, SecretValue& out) {
        if (issuer.private_key.empty())
            return refuse(rule,
                          "the private key of its issuer '" + rule.issuer + "' is not available");
        auto issuer_certificate =
            SCONE_TRY(checked(rule, Certificate::from_der(issuer.bytes), "its issuer"));
        auto issuer_key =
            SCONE_TRY(checked(rule, PrivateKey::from_pkcs8_der(issuer.private_key), "its issuer"));
        auto public_key = SCONE_TRY(checked(rule, key.public_key(), "its private key"));
        auto made = SCONE_TRY(checked(
            rule, crypto::issue_certificate(spec, public_key, {issuer_certificate, issuer_key}),
            "its certificate"));
        out.bytes = SCONE_TRY(checked(rule, made.der(), "its certificate"));
        out.chain.push_back(issuer.bytes);
        out.chain.insert(out.chain.end(), issuer.chain.begin(), issuer.chain.end());
        return {};
    }

    Outcome<void> check_pair(const SecretRule& rule, const Certificate& certificate,
                             const std::vector<uint8_t>& private_key) {
        auto key =
            SCONE_TRY(checked(rule, PrivateKey::from_pkcs8_der(private_key), "its private key"));
        auto half = SCONE_TRY(checked(rule, key.public_key(), "its private key"));
        auto named = SCONE_TRY(checked(rule, certificate.public_key(), "its certificate"));
        auto a = SCONE_TRY(checked(rule, half.spki_der(), "its private key"));
        auto b = SCONE_TRY(checked(rule, named.spki_der(), "its certificate"));
        if (a != b)
            return refuse(rule, "certificate and private_key do not belong together");
        return {};
    }

    crypto::CertificateSpec spec_of(const SecretRule& rule) const {
        crypto::CertificateSpec spec;
        spec.common_name = rule.common_name;
        if (spec.common_name.empty())
            spec.common_name = rule.dns_names.empty() ? rule.name : rule.dns_names.front();
        spec.dns_names = rule.dns_names;
        spec.ip_addresses = rule.ip_addresses;
        spec.is_authority = rule.kind == SecretKind::X509Ca;
        if (rule.endpoint == policy::Endpoint::Server)
            spec.extended_use = crypto::ExtendedUse::Server;
        if (rule.endpoint == policy::Endpoint::Client)
            spec.extended_use = crypto::ExtendedUse::Client;
        spec.not_before = input_.now - kClockSkew;
        spec.not_after =
            input_.now +
            (rule.valid_for_seconds ? static_cast<int64_t>(*rule.valid_for_seconds) : kUnlimited);
        return spec;
    }

    // Language 0.2: each session has a CA of its own, which keeps its key through updates.
    Outcome<const SecretValue*> implicit_authority(const SecretRule& user) {
        auto place = values_.find(kImplicitAuthority);
        if (place != values_.end())
            return &place->second;
        SecretValue value;
        bool has_earlier =
            input_.before != nullptr && input_.before->values.contains(kImplicitAuthority);
        if (has_earlier) {
            value = input_.before->values.find(kImplicitAuthority)->second;
        } else {
            auto key = SCONE_TRY(
                checked(user, PrivateKey::generate(crypto::NewKey::P256), "the session's CA"));
            crypto::CertificateSpec spec;
            // A common name has 64 characters at most.
            spec.common_name = ("cas-session:" + input_.session.name).substr(0, 64);
            spec.is_authority = true;
            spec.not_before = input_.now - kClockSkew;
            spec.not_after = input_.now + kUnlimited;
            auto made =
                SCONE_TRY(checked(user, crypto::make_self_signed(spec, key), "the session's CA"));
            value = SCONE_TRY(key_value(user, key));
            value.private_key = std::move(value.bytes);
            value.bytes = SCONE_TRY(checked(user, made.der(), "the session's CA"));
        }
        value.kind = SecretKind::X509Ca;
        return &values_.insert_or_assign(kImplicitAuthority, std::move(value)).first->second;
    }

    // Its certificate only.
    Outcome<SecretValue> make_session_ca(const SecretRule& rule) {
        SecretValue out;
        out.bytes = SCONE_TRY(implicit_authority(rule))->bytes;
        return out;
    }

    const GenerationInput& input_;
    SecretValues values_;
    std::set<std::string> in_progress_;
};

}  // namespace

Outcome<SecretValues> generate_secrets(const GenerationInput& input) {
    return Generator(input).run();
}

bool needs_renewal(const SessionRecord& session, int64_t now) {
    return std::ranges::any_of(session.session.secrets, [&](const SecretRule& rule) {
        auto value = session.values.find(rule.name);
        return rule.valid_for_seconds && value != session.values.end() &&
               is_expiring(rule, value->second, now);
    });
}

}  // namespace scone::cas
