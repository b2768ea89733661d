#include "lib/policy/session_checks.h"

#include <algorithm>
#include <map>
#include <set>

#include "lib/policy/variables.h"
#include "lib/text/base64.h"
#include "lib/text/pem.h"

namespace scone::policy {
namespace {

constexpr size_t kMaxComponentSize = 128;
constexpr size_t kMaxSessionNameSize = 512;
constexpr size_t kMinOtpSecretSize = 16;  // RFC 6238 secrets: 128 bits at least

bool is_relative(std::string_view name) {
    return name == "." || name == ".." || name.starts_with("./") || name.starts_with("../");
}

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

class Checker {
  public:
    explicit Checker(const Session& session) : session_(session) {}

    std::vector<text::Diagnostic> run() {
        check_session_name();
        check_names(session_.services, "service");
        check_names(session_.secrets, "secret");
        check_names(session_.volumes, "volume");
        check_image_names();
        for (const ServiceRule& service : session_.services)
            check_service(service);
        for (const SecretRule& secret : session_.secrets)
            check_secret(secret);
        for (const VolumeRule& volume : session_.volumes)
            check_volume(volume);
        for (const ImageRule& image : session_.images)
            check_image(image);
        check_access();
        check_security();
        return std::move(errors_);
    }

  private:
    void error(text::Position at, std::string message, std::string hint = {}) {
        errors_.push_back({at, std::move(message), std::move(hint)});
    }

    // ---- names ----

    void check_session_name() {
        if (!is_session_name(session_.name)) {
            error(session_.name_at,
                  "expected a session name of [A-Za-z0-9_.~-] with '/' between namespaces, got '" +
                      session_.name + "'");
        } else if (session_.name.find('/') != std::string::npos && session_.version < since(5)) {
            bool has_patch = session_.version.patch > 0;
            if (has_patch || session_.version.minor < 3)
                error(session_.name_at,
                      "a namespace in 'name' needs language version 0.3.5, the "
                      "policy states " +
                          session_.version.text);
        }
    }

    static LanguageVersion since(uint8_t patch) { return {0, 3, patch, {}}; }

    template <class Rule>
    void check_names(const std::vector<Rule>& rules, std::string_view what) {
        std::set<std::string_view> seen;
        for (const Rule& rule : rules) {
            if (!is_component_name(rule.name)) {
                error(rule.at, "expected 1 to 128 of [A-Za-z0-9_.~-] as name of a " +
                                   std::string(what) + ", got " + quoted(rule.name));
            } else if (!seen.insert(rule.name).second) {
                error(rule.at, std::string(what) + " " + quoted(rule.name) + " stands twice");
            }
        }
    }

    // Images carry names of the outside world; only that they differ matters.
    void check_image_names() {
        std::set<std::string_view> seen;
        for (const ImageRule& image : session_.images) {
            if (image.name.empty() || image.name.size() > kMaxSessionNameSize)
                error(image.at, "expected an image name of 1 to 512 characters");
            else if (!seen.insert(image.name).second)
                error(image.at, "image " + quoted(image.name) + " stands twice");
        }
    }

    template <class Rule>
    std::string nearest(const std::vector<Rule>& rules, std::string_view name) const {
        std::vector<std::string_view> names;
        names.reserve(rules.size());
        for (const Rule& rule : rules)
            names.push_back(rule.name);
        std::string_view found = text::nearest_name(name, names);
        return found.empty() ? "" : "did you mean " + quoted(found) + "?";
    }

    void check_other_session(std::string_view name, text::Position at) {
        if (is_relative(name)) {
            bool young = session_.version.minor == 3 && session_.version.patch >= 10;
            if (!young)
                error(at,
                      "a relative session name needs language version 0.3.10, the policy "
                      "states " +
                          session_.version.text);
            if (!absolute_session_name(name, session_.name))
                error(at, quoted(name) + " leads above the root namespace");
        } else if (!is_session_name(name)) {
            error(at, "expected a session name, got " + quoted(name));
        }
    }

    // ---- variables ----

    void check_placeholders(std::string_view text, text::Position at) {
        auto found = find_placeholders(text);
        if (!found) {
            error(at, found.error().what);
            return;
        }
        for (const Placeholder& placeholder : *found)
            check_placeholder(placeholder, at);
    }

    void check_placeholder(Placeholder placeholder, text::Position at) {
        const SecretRule* secret = session_.find_secret(placeholder.secret);
        if (auto old = secret ? std::nullopt : with_old_suffix(placeholder)) {
            secret = session_.find_secret(old->secret);
            placeholder = secret ? *old : placeholder;
        }
        if (!secret) {
            error(at, "secret " + quoted(placeholder.secret) + " is used but not declared",
                  nearest(session_.secrets, placeholder.secret));
        } else if (!kind_has_format(secret->kind, placeholder.format)) {
            error(at, "a secret of kind " + std::string(name_of(secret->kind)) + " has no format " +
                          quoted(placeholder.format));
        }
    }

    // Variables that stand for parts of the policy itself.
    void check_fragments(const text::Node& node) {
        if (node.is_scalar() && has_placeholder(node.text)) {
            auto placeholder = whole_placeholder(node.text);
            if (!placeholder)
                error(node.at, "a variable must be the whole value here");
            else
                check_declared(placeholder->secret, node.at);
        }
        for (const text::Node& item : node.items)
            check_fragments(item);
        for (const text::NodeEntry& entry : node.entries)
            check_fragments(entry.value);
    }

    void check_declared(std::string_view secret, text::Position at) {
        if (!session_.find_secret(secret))
            error(at, "secret " + quoted(secret) + " is used but not declared",
                  nearest(session_.secrets, secret));
    }

    // ---- services ----

    void check_service(const ServiceRule& service) {
        bool attested = !service.attestation.empty() || service.unresolved_attestation;
        bool may_differ = session_.security.unresolved.has_value();
        if (!attested && !may_differ && session_.security.mode != AttestationMode::None) {
            error(service.at,
                  "service " + quoted(service.name) +
                      " has no attestation, though the session's attestation mode is not none",
                  "add 'mrenclaves' or 'attestation'");
        }
        if (service.unresolved_attestation)
            check_fragments(*service.unresolved_attestation);
        if (!service.image_name.empty() && !session_.find_image(service.image_name)) {
            error(service.image_name_at,
                  "image " + quoted(service.image_name) + " is used but not declared",
                  nearest(session_.images, service.image_name));
        }
        check_command(service);
        for (const EnvironmentRule& variable : service.environment)
            check_placeholders(variable.value, variable.at);
        if (!service.pwd.starts_with('/'))
            error(service.at, "expected an absolute path for 'pwd', got " + quoted(service.pwd));
        for (const std::string& platform : service.platforms)
            check_placeholders(platform, service.at);
        check_fspf(service);
        check_otp(service.one_time_password_shared_secret, service.at);
    }

    void check_command(const ServiceRule& service) {
        std::set<std::string_view> host_words;
        for (const std::string& word : service.command) {
            check_placeholders(word, service.command_at);
            bool from_host = word.size() > 2 && word.starts_with("@@") &&
                             word.find_first_not_of("0123456789", 2) == std::string::npos;
            if (!from_host)
                continue;
            if (word[2] == '0' || word.size() > 6)
                error(service.command_at, "host arguments count from @@1, got " + quoted(word));
            else if (!host_words.insert(word).second)
                error(service.command_at, "host argument " + quoted(word) + " stands twice");
        }
    }

    void check_fspf(const ServiceRule& service) {
        bool any = !service.fspf_path.empty() || service.fspf_key || service.fspf_tag;
        if (!any)
            return;
        if (service.fspf_path.empty() || !service.fspf_key)
            error(service.at, "'fspf_path' and 'fspf_key' must stand together");
        else if (!service.fspf_path.starts_with('/'))
            error(service.at,
                  "expected an absolute path for 'fspf_path', got " + quoted(service.fspf_path));
        if (!service.fspf_tag && service.fspf_update != FspfUpdate::NoRollbackProtection)
            error(service.at,
                  "'fspf_tag' may be absent only with "
                  "'fspf_update_policy: no_rollback_protection'");
        if (service.fspf_key && has_placeholder(*service.fspf_key))
            check_key_variable(*service.fspf_key, service.at);
    }

    void check_key_variable(std::string_view text, text::Position at) {
        auto placeholder = whole_placeholder(text);
        if (!placeholder)
            error(at, "a variable for 'fspf_key' must be the whole value");
        else
            check_placeholder(*placeholder, at);
    }

    void check_otp(const std::optional<std::string>& secret, text::Position at) {
        if (!secret || has_placeholder(*secret))
            return;
        auto bytes = text::from_base32(*secret);
        if (!bytes || bytes->size() < kMinOtpSecretSize)
            error(at, "expected at least 128 bits in base32 for 'one_time_password_shared_secret'");
    }

    // ---- secrets ----

    void check_secret(const SecretRule& secret) {
        bool imported = secret.import || secret.import_akv;
        if (secret.import && secret.import_akv)
            error(secret.at, "'import' and 'import_akv' exclude each other");
        if (imported && (secret.value || secret.fragment))
            error(secret.at, "an imported secret has no 'value' of its own");
        if (!imported && secret.kind == SecretKind::Unstated)
            error(secret.at, "secret " + quoted(secret.name) + " has no 'kind'");
        if (!imported && secret.kind == SecretKind::ConfigFragment && !secret.fragment)
            error(secret.at, "a config-fragment needs a 'value' or an 'import'");
        bool is_x509 = secret.kind == SecretKind::X509 || secret.kind == SecretKind::X509Ca;
        if (is_x509 && !imported && !secret.value && !secret.implicit_key &&
            secret.private_key.empty())
            error(secret.at, "certificate " + quoted(secret.name) + " needs a 'private_key'");
        if (secret.kind == SecretKind::PublicKey && !imported &&
            secret.private_key.empty() == !secret.value)
            error(secret.at, "a public-key needs either a 'private_key' or a 'value'");
        check_value(secret);
        check_reference(secret, secret.private_key, SecretKind::PrivateKey, "private_key");
        check_reference(secret, secret.issuer, SecretKind::X509Ca, "issuer");
        check_issuer_chain(secret);
        check_sharing(secret);
    }

    void check_value(const SecretRule& secret) {
        if (!secret.value)
            return;
        std::string_view label;
        switch (secret.kind) {
            case SecretKind::PrivateKey:
                label = "PRIVATE KEY";
                break;
            case SecretKind::PublicKey:
                label = "PUBLIC KEY";
                break;
            case SecretKind::X509:
            case SecretKind::X509Ca:
                label = "CERTIFICATE";
                break;
            case SecretKind::Ascii:
            case SecretKind::Binary:
                return;
            default:
                error(secret.at, "a secret of kind " + std::string(name_of(secret.kind)) +
                                     " takes no 'value'");
                return;
        }
        if (!text::single_from_pem(*secret.value, label))
            error(secret.at, "expected one PEM block '" + std::string(label) +
                                 "' as value of secret " + quoted(secret.name));
    }

    void check_reference(const SecretRule& secret, const std::string& name, SecretKind kind,
                         std::string_view key) {
        if (name.empty())
            return;
        const SecretRule* target = session_.find_secret(name);
        if (!target) {
            error(secret.at, quoted(key) + " names " + quoted(name) + ", which is not declared",
                  nearest(session_.secrets, name));
        } else if (target->kind != kind && target->kind != SecretKind::Unstated) {
            error(secret.at, quoted(key) + " must name a secret of kind " +
                                 std::string(name_of(kind)) + ", " + quoted(name) + " is of kind " +
                                 std::string(name_of(target->kind)));
        }
    }

    void check_issuer_chain(const SecretRule& secret) {
        const SecretRule* at = &secret;
        for (size_t steps = 0; at && !at->issuer.empty(); steps++) {
            at = session_.find_secret(at->issuer);
            if (at == &secret || steps > session_.secrets.size()) {
                error(secret.at, "certificate " + quoted(secret.name) + " is its own issuer",
                      "leave 'issuer' out for a self-signed certificate");
                return;
            }
        }
    }

    void check_sharing(const SecretRule& secret) {
        for (const ExportTarget& target : secret.exports) {
            const std::string& name =
                target.session.empty() ? target.namespace_name : target.session;
            if (target.cas_url.empty() || !name.empty())
                check_other_session(name, target.at);
        }
        if (!secret.import)
            return;
        check_other_session(secret.import->session, secret.import->at);
        auto source = absolute_session_name(secret.import->session, session_.name);
        if (secret.import->cas_url.empty() && source == session_.name)
            error(secret.import->at, "a session cannot import from itself");
        if (!is_component_name(secret.import->secret))
            error(secret.import->at,
                  "expected a secret's name, got " + quoted(secret.import->secret));
    }

    // ---- volumes and images ----

    void check_volume(const VolumeRule& volume) {
        if (volume.import && (volume.fspf_key || volume.fspf_tag || !volume.exports.empty()))
            error(volume.at, "an imported volume has neither 'fspf_key', 'fspf_tag' nor 'export'");
        if (volume.fspf_tag && !volume.fspf_key)
            error(volume.at, "'fspf_tag' of a volume needs its 'fspf_key'");
        if (volume.fspf_key && has_placeholder(*volume.fspf_key))
            check_key_variable(*volume.fspf_key, volume.at);
        for (const VolumeExport& target : volume.exports) {
            check_other_session(target.to.session, target.to.at);
            if (!target.alias.empty() && !is_component_name(target.alias))
                error(target.to.at,
                      "expected a name for 'volume_alias', got " + quoted(target.alias));
        }
        if (volume.import)
            check_other_session(volume.import->session, volume.import->at);
    }

    void check_image(const ImageRule& image) {
        std::set<std::string_view> paths;
        auto check_path = [&](std::string_view path, text::Position at) {
            if (!path.starts_with('/'))
                error(at, "expected an absolute path, got " + quoted(path));
            else if (!paths.insert(path).second)
                error(at, "path " + quoted(path) + " stands twice in the image");
        };
        for (const MountRule& mount : image.volumes) {
            check_path(mount.path, mount.at);
            if (!session_.find_volume(mount.volume))
                error(mount.at, "volume " + quoted(mount.volume) + " is used but not declared",
                      nearest(session_.volumes, mount.volume));
        }
        for (const InjectedFile& file : image.injected_files) {
            check_path(file.path, file.at);
            if (file.content)
                check_placeholders(*file.content, file.at);
        }
        if (!image.provide_secrets)
            return;
        for (const std::string& secret : *image.provide_secrets)
            check_declared(secret, image.at);
    }

    // ---- access and security ----

    void check_rules(const std::vector<AccessRule>& rules) {
        for (const AccessRule& rule : rules) {
            if (auto placeholder = rule.kind == AccessRule::Kind::Variable
                                       ? whole_placeholder(rule.text)
                                       : std::nullopt)
                check_declared(placeholder->secret, rule.at);
            check_rules(rule.rules);
        }
    }

    void check_access() {
        const AccessPolicy& access = session_.access_policy;
        for (const auto* rules :
             {&access.read, &access.update, &access.create_sessions, &access.list_sessions}) {
            if (*rules)
                check_rules(**rules);
        }
        if (access.variable) {
            if (auto placeholder = whole_placeholder(*access.variable))
                check_declared(placeholder->secret, access.at);
        }
    }

    void check_security() {
        const Security& security = session_.security;
        if (security.unresolved) {
            check_fragments(*security.unresolved);
            return;
        }
        if (security.ignore_all_advisories && !security.tolerates(Tolerance::DebugMode)) {
            error(security.advisories_at,
                  "ignore_advisories \"*\" is accepted only with debug-mode",
                  "name the advisories, or add 'debug-mode' to 'tolerate'");
        }
        if (security.mode == AttestationMode::Maa &&
            (!security.maa_url || !security.tolerates(Tolerance::MaaManagedTcb)))
            error(security.at, "mode 'maa' needs 'url' and maa-managed-tcb in 'tolerate'");
        if (security.must_be_sgx_local &&
            !security.tolerates(Tolerance::LocalAttestationTrustCasTcb))
            error(security.at,
                  "'must_be_sgx_local' needs local-attestation-trust-cas-tcb in 'tolerate'");
        check_otp(security.one_time_password_shared_secret, security.at);
    }

    const Session& session_;
    std::vector<text::Diagnostic> errors_;
};

}  // namespace

bool is_component_name(std::string_view name) {
    if (name.empty() || name.size() > kMaxComponentSize)
        return false;
    return std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '~' || c == '-';
    });
}

bool is_session_name(std::string_view name) {
    if (name == "/")
        return true;
    if (name.size() > kMaxSessionNameSize)
        return false;
    for (;;) {
        size_t slash = name.find('/');
        std::string_view component = name.substr(0, slash);
        // "." and ".." are names of relations, not of sessions.
        if (!is_component_name(component) || component == "." || component == "..")
            return false;
        if (slash == std::string_view::npos)
            return true;
        name.remove_prefix(slash + 1);
    }
}

std::optional<std::string> absolute_session_name(std::string_view name, std::string_view session) {
    if (!is_relative(name))
        return std::string(name);
    // A session is a namespace itself: "./x" is inside it, "../x" beside it.
    std::string at(session);
    while (!name.empty()) {
        std::string_view component = name.substr(0, name.find('/'));
        name.remove_prefix(std::min(name.size(), component.size() + 1));
        if (component == ".")
            continue;
        if (component == "..") {
            if (at.empty() || at == "/")
                return std::nullopt;
            at = parent_of(at);
            continue;
        }
        if (at == "/")
            at.clear();
        else
            at += '/';
        at += component;
    }
    return is_session_name(at) ? std::optional(at) : std::nullopt;
}

std::vector<text::Diagnostic> check(const Session& session) {
    return Checker(session).run();
}

std::vector<text::Diagnostic> unsupported_secrets(const Session& session) {
    std::vector<text::Diagnostic> out;
    auto refuse = [&](const SecretRule& secret, const std::string& what) {
        out.push_back({secret.at,
                       "secret " + quoted(secret.name) + ": " + what + " is not supported yet",
                       {}});
    };
    for (const SecretRule& secret : session.secrets) {
        bool remote_export = std::ranges::any_of(
            secret.exports, [](const ExportTarget& target) { return !target.cas_url.empty(); });
        if (secret.import_akv)
            refuse(secret, "import from Azure Key Vault");
        else if (remote_export || (secret.import && !secret.import->cas_url.empty()))
            refuse(secret, "sharing with another CAS");
        else if (secret.kind == SecretKind::AadToken || secret.kind == SecretKind::PgpKey ||
                 secret.kind == SecretKind::Jwt || secret.kind == SecretKind::SessionCa)
            refuse(secret, "kind " + std::string(name_of(secret.kind)));
    }
    if (session.secret_store.kind == SecretStoreKind::Akv)
        out.push_back({{}, "keeping secrets in Azure Key Vault is not supported yet", {}});
    return out;
}

}  // namespace scone::policy
