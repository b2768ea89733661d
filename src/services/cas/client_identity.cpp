#include "services/cas/client_identity.h"

#include "lib/policy/key_hash.h"

namespace scone::cas {
namespace {

using policy::AccessPolicy;
using policy::AccessRule;

// What an access list's $$SCONE::secret$$ stands for.
std::optional<std::vector<AccessRule>> rules_behind(SecretResolver& secrets,
                                                    std::string_view name) {
    const policy::SecretValue* value = secrets.value(name);
    if (value == nullptr)
        return std::nullopt;
    bool is_certificate =
        value->kind == policy::SecretKind::X509 || value->kind == policy::SecretKind::X509Ca;
    if (is_certificate) {
        auto certificate = crypto::Certificate::from_der(value->bytes);
        auto pem = certificate ? certificate->pem() : std::unexpected(certificate.error());
        if (!pem)
            return std::nullopt;
        AccessRule rule;
        rule.kind = AccessRule::Kind::Certificate;
        rule.text = *pem;
        return std::vector{rule};
    }
    const text::Node* node = secrets.fragment(name);
    auto rules =
        node != nullptr
            ? policy::parse_access_rules(*node)
            : policy::Checked<std::vector<AccessRule>>(std::unexpected(policy::Diagnostics{}));
    if (!rules)
        return std::nullopt;
    return std::move(*rules);
}

}  // namespace

Client client_of(const std::optional<crypto::Certificate>& certificate) {
    Client client;
    auto pem = certificate ? certificate->pem() : crypto::Result<std::string>(std::string());
    if (!pem || pem->empty())
        return client;
    auto key = certificate->public_key();
    auto spki = key ? key->spki_der() : std::unexpected(key.error());
    if (!spki)
        return client;
    client.key_hash = policy::key_hash_of_spki(*spki);
    client.certificate_hash = policy::certificate_hash(*pem);
    client.certificate_pem = std::move(*pem);
    return client;
}

Answer<void> check_access(const Client& client, const SessionPointer& session,
                          policy::Operation operation, SessionRepository& sessions) {
    SecretResolver secrets(sessions, session);
    const policy::Session& stored = session->session;
    std::string general =
        "No permission to " + std::string(name_of(operation)) + " session '" + stored.name + "'";
    auto access = policy::resolve_access_policy(stored.access_policy, secrets.fragment_lookup());
    if (!access) {
        std::vector<std::string> messages{general, "its access_policy cannot be resolved"};
        messages.insert(messages.end(), secrets.problems().begin(), secrets.problems().end());
        return refuse(403, std::move(messages));
    }
    policy::Caller caller;
    caller.key_hash = client.key_hash;
    caller.certificate_hash = client.certificate_hash;
    caller.is_creator = !client.is_anonymous() && client.key_hash == session->creator_key_hash;
    auto verdict =
        policy::evaluate(access->rules_for(operation), caller,
                         [&](std::string_view name) { return rules_behind(secrets, name); });
    if (verdict.granted)
        return {};
    std::vector<std::string> messages{
        general, client.is_anonymous()
                     ? "a TLS client certificate is needed"
                     : "the client's key " + client.key_hash + " is not in its access_policy"};
    messages.insert(messages.end(), verdict.notes.begin(), verdict.notes.end());
    return refuse(403, std::move(messages));
}

}  // namespace scone::cas
