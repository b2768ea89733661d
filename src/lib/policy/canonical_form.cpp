#include "lib/policy/canonical_form.h"

#include <algorithm>

#include "lib/crypto/hash.h"
#include "lib/text/hex.h"
#include "lib/text/yaml.h"

namespace scone::policy {
namespace {

using text::Node;

Node quoted(std::string value) {
    return Node::scalar(std::move(value));
}
Node word(std::string_view value) {
    return Node::scalar(std::string(value), text::ScalarStyle::Plain);
}
Node flag(bool value) {
    return word(value ? "true" : "false");
}
Node number(uint64_t value) {
    return word(std::to_string(value));
}
Node hex(base::Bytes bytes) {
    return quoted(text::to_hex(bytes));
}

Node quoted_list(const std::vector<std::string>& values) {
    Node out = Node::sequence();
    for (const std::string& value : values)
        out.add(quoted(value));
    return out;
}

// Foreign YAML: keys sorted, nulls left out of mappings, every scalar a text.
Node plain_tree(const Node& node) {
    if (node.is_null())
        return Node::null();
    if (node.is_scalar())
        return quoted(node.text);
    Node out = node.is_mapping() ? Node::mapping() : Node::sequence();
    for (const Node& item : node.items)
        out.add(plain_tree(item));
    for (const text::NodeEntry& entry : node.entries) {
        if (!entry.value.is_null())
            out.add(entry.key, plain_tree(entry.value));
    }
    std::ranges::sort(out.entries, {}, &text::NodeEntry::key);
    return out;
}

// Adds what differs from its default.
struct Fields {
    Node node = Node::mapping();

    void add(std::string_view key, Node value) { node.add(std::string(key), std::move(value)); }
    void text(std::string_view key, const std::string& value) {
        if (!value.empty())
            add(key, quoted(value));
    }
    void text(std::string_view key, const std::optional<std::string>& value) {
        if (value)
            add(key, quoted(*value));
    }
    void when(bool condition, std::string_view key, Node value) {
        if (condition)
            add(key, std::move(value));
    }
    void list(std::string_view key, Node value) {
        if (!value.items.empty() || !value.entries.empty())
            add(key, std::move(value));
    }
};

Node export_node(const ExportTarget& target) {
    Fields out;
    out.text("session", target.session);
    out.text("namespace", target.namespace_name);
    out.text("session_hash", target.session_hash);
    out.text("cas_url", target.cas_url);
    out.text("cas_key", target.cas_key);
    return std::move(out.node);
}

Node import_node(const SecretImport& import) {
    Fields out;
    out.text("session", import.session);
    out.text("secret", import.secret);
    out.text("session_hash", import.session_hash);
    out.text("cas_url", import.cas_url);
    out.text("cas_key", import.cas_key);
    out.text("cas_software_key", import.cas_software_key);
    return std::move(out.node);
}

Node akv_node(const AkvImport& akv) {
    Fields out;
    out.text("vault", akv.vault);
    out.text("secret_name", akv.secret_name);
    out.text("token", akv.token);
    out.text("decryption_key", akv.decryption_key);
    return std::move(out.node);
}

// `dns` is older than `san` and knows names only.
void add_alternative_names(Fields& out, const Session& session, const SecretRule& secret) {
    bool has_san = session.version.minor == 3 && session.version.patch >= 10;
    Node names = Node::sequence();
    for (const std::string& name : secret.dns_names)
        names.add(quoted(has_san ? "dns:" + name : name));
    for (const std::string& address : secret.ip_addresses)
        names.add(quoted("ip:" + address));
    out.list(has_san ? "san" : "dns", std::move(names));
}

void add_token_parameters(Fields& out, const SecretRule& secret) {
    if (secret.aad) {
        out.text("tenant_id", secret.aad->tenant_id);
        out.text("client_id", secret.aad->client_id);
        out.text("application_secret", secret.aad->application_secret);
        out.text("private_key", secret.aad->private_key);
        out.text("certificate_thumbprint", secret.aad->certificate_thumbprint);
    }
    if (secret.jwt) {
        out.text("signer", secret.jwt->signer);
        out.text("alg", secret.jwt->algorithm);
        Fields validity;
        validity.text("for", secret.jwt->valid_for);
        out.list("validity", std::move(validity.node));
        Node payload = Node::mapping();
        for (const auto& [claim, value] : secret.jwt->payload)
            payload.add(claim, quoted(value));
        out.list("payload", std::move(payload));
    }
}

Node secret_node(const Session& session, const SecretRule& secret) {
    Fields out;
    out.add("name", quoted(secret.name));
    out.when(secret.kind != SecretKind::Unstated, "kind", word(name_of(secret.kind)));
    if (secret.import)
        out.add("import", import_node(*secret.import));
    if (secret.import_akv)
        out.add("import_akv", akv_node(*secret.import_akv));
    if (secret.fragment)
        out.add("value", plain_tree(*secret.fragment));
    out.text("value", secret.value);
    bool sized = secret.kind == SecretKind::Ascii || secret.kind == SecretKind::Binary;
    out.when(sized && secret.size != SecretRule{}.size, "size", number(secret.size));
    out.when(secret.key_type != KeyType::P256, "key_type", word(name_of(secret.key_type)));
    out.when(secret.migrate, "migrate", flag(true));
    out.text("private_key", secret.private_key);
    out.text("issuer", secret.issuer);
    out.text("common_name", secret.common_name);
    out.when(secret.endpoint != Endpoint::Unstated, "endpoint",
             word(secret.endpoint == Endpoint::Server ? "server" : "client"));
    add_alternative_names(out, session, secret);
    out.text("valid_for", secret.valid_for);
    add_token_parameters(out, secret);
    Node exports = Node::sequence();
    for (const ExportTarget& target : secret.exports)
        exports.add(export_node(target));
    out.list("export", std::move(exports));
    out.when(secret.export_public, "export_public", flag(true));
    return std::move(out.node);
}

Node measurements_node(const std::vector<base::ByteArray<32>>& measurements) {
    Node out = Node::sequence();
    for (const auto& measurement : measurements)
        out.add(hex(measurement));
    return out;
}

Node signer_node(const SignerFactor& signer) {
    Fields out;
    out.add("mrsigner", hex(signer.mrsigner));
    out.add("isvprodid", number(signer.isvprodid));
    out.when(signer.isvsvn.has_value(), "isvsvn", number(signer.isvsvn.value_or(0)));
    out.when(signer.isvsvn_min.has_value(), "isvsvn_min", number(signer.isvsvn_min.value_or(0)));
    out.when(signer.isvsvn_max.has_value(), "isvsvn_max", number(signer.isvsvn_max.value_or(0)));
    return std::move(out.node);
}

// `mrenclaves` where it says everything: the only form that all versions know.
void add_attestation(Fields& out, const ServiceRule& service) {
    if (service.unresolved_attestation) {
        out.add("attestation", plain_tree(*service.unresolved_attestation));
        return;
    }
    if (service.attestation.size() == 1) {
        const AttestationVariant& only = service.attestation.front();
        if (only.mrenclaves && !only.signer) {
            out.add("mrenclaves", measurements_node(*only.mrenclaves));
            return;
        }
    }
    Node variants = Node::sequence();
    for (const AttestationVariant& variant : service.attestation) {
        Fields fields;
        if (variant.mrenclaves)
            fields.add("mrenclave", measurements_node(*variant.mrenclaves));
        if (variant.signer)
            fields.add("signer", signer_node(*variant.signer));
        variants.add(std::move(fields.node));
    }
    out.list("attestation", std::move(variants));
}

Node environment_node(const ServiceRule& service) {
    Node out = Node::mapping();
    for (const EnvironmentRule& variable : service.environment)
        out.add((variable.from_host ? "@@" : "") + variable.name, quoted(variable.value));
    return out;
}

Node service_node(const ServiceRule& service) {
    Fields out;
    out.add("name", quoted(service.name));
    out.text("image_name", service.image_name);
    add_attestation(out, service);
    out.list("platforms", quoted_list(service.platforms));
    out.list("command", quoted_list(service.command));
    out.list("environment", environment_node(service));
    out.add("pwd", quoted(service.pwd));
    out.text("fspf_path", service.fspf_path);
    out.text("fspf_key", service.fspf_key);
    out.text("fspf_tag", service.fspf_tag);
    out.when(service.fspf_update != FspfUpdate::RollbackProtectedReinitializable,
             "fspf_update_policy", word(name_of(service.fspf_update)));
    out.text("one_time_password_shared_secret", service.one_time_password_shared_secret);
    return std::move(out.node);
}

Node volume_export_node(const VolumeExport& target) {
    if (target.update == VolumeUpdate::RollbackProtected && target.alias.empty())
        return export_node(target.to);
    Fields out;
    out.add("to", export_node(target.to));
    out.when(target.update != VolumeUpdate::RollbackProtected, "update_policy",
             word(name_of(target.update)));
    out.text("volume_alias", target.alias);
    return std::move(out.node);
}

Node volume_node(const VolumeRule& volume) {
    Fields out;
    out.add("name", quoted(volume.name));
    out.when(volume.authenticated_only, "files", word("authenticated-only"));
    out.text("fspf_key", volume.fspf_key);
    out.text("fspf_tag", volume.fspf_tag);
    Node exports = Node::sequence();
    for (const VolumeExport& target : volume.exports)
        exports.add(volume_export_node(target));
    out.list("export", std::move(exports));
    if (volume.import) {
        Fields import;
        import.text("session", volume.import->session);
        import.text("volume", volume.import->volume);
        import.text("session_hash", volume.import->session_hash);
        out.add("import", std::move(import.node));
    }
    return std::move(out.node);
}

std::string octal(uint32_t value) {
    std::string out;
    for (int shift = 6; shift >= 0; shift -= 3)
        out += static_cast<char>('0' + (value >> shift & 7));
    return "0o" + out;
}

Node image_node(const ImageRule& image) {
    Fields out;
    out.add("name", quoted(image.name));
    Node volumes = Node::sequence();
    for (const MountRule& mount : image.volumes) {
        Fields fields;
        fields.add("name", quoted(mount.volume));
        fields.add("path", quoted(mount.path));
        if (mount.update)
            fields.add("update_policy", word(name_of(*mount.update)));
        volumes.add(std::move(fields.node));
    }
    out.list("volumes", std::move(volumes));
    Node files = Node::sequence();
    for (const InjectedFile& file : image.injected_files) {
        Fields fields;
        fields.add("path", quoted(file.path));
        fields.text("content", file.content);
        fields.when(file.permission != InjectedFile{}.permission, "permission",
                    word(octal(file.permission)));
        files.add(std::move(fields.node));
    }
    out.list("injection_files", std::move(files));
    if (image.provide_secrets)
        out.add("provide_secrets", quoted_list(*image.provide_secrets));
    return std::move(out.node);
}

Node rules_node(const std::vector<AccessRule>& rules);

Node rule_node(const AccessRule& rule) {
    Node out = Node::mapping();
    switch (rule.kind) {
        case AccessRule::Kind::Creator:
            return word("CREATOR");
        case AccessRule::Kind::Any:
            return word("ANY");
        case AccessRule::Kind::None:
            return word("NONE");
        case AccessRule::Kind::Signer:
            return out.add("signer", quoted(rule.text));
        case AccessRule::Kind::RequireAll:
            return out.add("require-all", rules_node(rule.rules));
        case AccessRule::Kind::RequireAtLeast:
            return out.add("require-at-least-" + std::to_string(rule.at_least),
                           rules_node(rule.rules));
        case AccessRule::Kind::KeyHash:
        case AccessRule::Kind::Certificate:
        case AccessRule::Kind::CertificateHash:
        case AccessRule::Kind::Variable:
            return quoted(rule.text);
    }
    return out;
}

Node rules_node(const std::vector<AccessRule>& rules) {
    Node out = Node::sequence();
    for (const AccessRule& rule : rules)
        out.add(rule_node(rule));
    return out;
}

Node access_node(const AccessPolicy& access) {
    if (access.variable)
        return quoted(*access.variable);
    Fields out;
    Node read = rules_node(access.rules_for(Operation::Read));
    Node update = rules_node(access.rules_for(Operation::Update));
    Node create = rules_node(access.rules_for(Operation::CreateSessions));
    Node list = rules_node(access.rules_for(Operation::ListSessions));
    // What equals its default is left out, so that it need not be known in older versions.
    bool create_differs = !(create == update);
    bool list_differs = !(list == read);
    out.add("read", std::move(read));
    out.add("update", std::move(update));
    out.when(create_differs, "create_sessions", std::move(create));
    out.when(list_differs, "list_sessions", std::move(list));
    return std::move(out.node);
}

std::string_view mode_name(AttestationMode mode) {
    switch (mode) {
        case AttestationMode::Hardware:
            return "hardware";
        case AttestationMode::None:
            return "none";
        case AttestationMode::Maa:
            return "maa";
    }
    __builtin_unreachable();
}

Node security_node(const Security& security) {
    if (security.unresolved)
        return plain_tree(*security.unresolved);
    Fields attestation;
    attestation.when(security.mode != AttestationMode::Hardware, "mode",
                     word(mode_name(security.mode)));
    Node tolerate = Node::sequence();
    for (Tolerance tolerance : security.tolerate)
        tolerate.add(word(name_of(tolerance)));
    attestation.list("tolerate", std::move(tolerate));
    std::vector<std::string> advisories = security.ignore_advisories;
    if (security.ignore_all_advisories)
        advisories.insert(advisories.begin(), "*");
    attestation.list("ignore_advisories", quoted_list(advisories));
    attestation.list("trusted_scone_qe_pubkeys", quoted_list(security.trusted_scone_qe_pubkeys));
    attestation.when(security.must_be_sgx_local, "must_be_sgx_local", flag(true));
    attestation.text("one_time_password_shared_secret", security.one_time_password_shared_secret);
    attestation.text("url", security.maa_url);
    attestation.list("certificates", quoted_list(security.maa_certificates));
    if (security.min_rsa_signing_key_size)
        attestation.add("min_rsa_signing_key_size", number(*security.min_rsa_signing_key_size));
    Fields out;
    out.list("attestation", std::move(attestation.node));
    out.when(security.singleton_enclaves, "singleton_enclaves", flag(true));
    out.text("service_access_token", security.service_access_token);
    return std::move(out.node);
}

Node secret_store_node(const SecretStore& store) {
    Fields inner;
    inner.text("token", store.akv_token);
    inner.text("vault", store.akv_vault);
    inner.node.tag = "!akv";
    return Node::mapping().add("store_in", std::move(inner.node));
}

template <class Rules, class ToNode>
Node list_node(const Rules& rules, const ToNode& to_node) {
    Node out = Node::sequence();
    for (const auto& rule : rules)
        out.add(to_node(rule));
    return out;
}

Node session_node(const Session& session) {
    Fields out;
    out.add("version", quoted(session.version.text));
    out.add("name", quoted(session.name));
    out.add("predecessor", session.predecessor ? hex(*session.predecessor) : Node::null());
    if (session.namespace_hash)
        out.add("namespace_hash", hex(*session.namespace_hash));
    if (session.salt)
        out.add("salt", hex(*session.salt));
    out.list("secrets", list_node(session.secrets, [&](const SecretRule& secret) {
                 return secret_node(session, secret);
             }));
    out.when(session.secret_store.kind == SecretStoreKind::Akv, "secret_config",
             secret_store_node(session.secret_store));
    out.list("services", list_node(session.services, service_node));
    out.list("volumes", list_node(session.volumes, volume_node));
    out.list("images", list_node(session.images, image_node));
    out.add("access_policy", access_node(session.access_policy));
    Node security = security_node(session.security);
    if (security.is_scalar() || !security.entries.empty())
        out.add("security", std::move(security));
    if (session.creator && session.creator->kind == Creator::Kind::Certificate)
        out.add("creator", quoted(session.creator->pem));
    else if (session.creator)
        out.add("creator", Node::mapping().add("signer", quoted(session.creator->pem)));
    return std::move(out.node);
}

bool refers_to_creator(const std::vector<AccessRule>& rules) {
    return std::ranges::any_of(rules, [](const AccessRule& rule) {
        return rule.kind == AccessRule::Kind::Creator || rule.kind == AccessRule::Kind::Variable ||
               refers_to_creator(rule.rules);
    });
}

}  // namespace

std::string canonical(const Session& session) {
    return text::write_yaml(session_node(session));
}

SessionHash hash(const Session& session) {
    return crypto::sha256(base::as_bytes(canonical(session)));
}

std::string hash_text(const Session& session) {
    return text::to_hex(hash(session));
}

bool needs_creator(const Session& session) {
    if (session.creator)
        return false;
    if (session.access_policy.variable)
        return true;  // the fragment may name CREATOR
    for (Operation operation :
         {Operation::Read, Operation::Update, Operation::CreateSessions, Operation::ListSessions}) {
        if (refers_to_creator(session.access_policy.rules_for(operation)))
            return true;
    }
    return false;
}

}  // namespace scone::policy
