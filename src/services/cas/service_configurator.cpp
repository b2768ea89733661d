#include "services/cas/service_configurator.h"

#include <algorithm>
#include <array>

#include "lib/policy/service_configuration.h"

namespace scone::cas {
namespace {

using channel::Configuration;
using channel::ErrorChain;
using crypto::SecretBytes;
using policy::ServiceConfiguration;

// SCONE_ variables that the runtime obeys only when they stand in the policy.
constexpr std::array<std::string_view, 4> kRuntimeSettings = {
    "SCONE_ALLOW_DLOPEN", "SCONE_PIPE", "SCONE_SOCKETPAIR", "SCONE_SHARED_MEMORY"};

bool is_runtime_setting(std::string_view name) {
    return std::ranges::find(kRuntimeSettings, name) != kRuntimeSettings.end() ||
           name.starts_with("SCONE_NETWORK_SHIELD");
}

ErrorChain failed(const std::string& why) {
    ErrorChain chain;
    chain.add("SCONE variable substitution failed").add(why);
    return chain;
}

// Wiped when it goes: its texts hold secrets.
struct Wiped {
    ServiceConfiguration& part;
    ~Wiped() {
        for (auto& argument : part.arguments)
            base::wipe(argument.text.data(), argument.text.size());
        for (auto& variable : part.environment)
            base::wipe(variable.value.data(), variable.value.size());
        for (auto& file : part.files) {
            if (file.content)
                base::wipe(file.content->data(), file.content->size());
        }
    }
};

void put_program(const ServiceConfiguration& part, Configuration& out) {
    for (const auto& argument : part.arguments)
        out.arguments.emplace_back(argument.host_index ? "@@" + std::to_string(*argument.host_index)
                                                       : std::string_view(argument.text));
    for (const auto& variable : part.environment) {
        std::string name = (variable.from_host ? "@@" : "") + variable.name;
        out.environment.push_back({std::move(name), SecretBytes(std::string_view(variable.value))});
        if (!variable.from_host && is_runtime_setting(variable.name))
            out.runtime_settings.push_back({variable.name, variable.value});
    }
    out.working_directory = part.pwd;
}

void put_root(const ServiceConfiguration& part, Configuration& out) {
    if (!part.fspf)
        return;
    channel::ProtectedTree tree;
    tree.fspf_path = part.fspf->path;
    tree.key = base::Secret<32>(part.fspf->key);
    tree.tag = part.fspf->tag;
    tree.rollback = part.fspf->update == policy::FspfUpdate::NoRollbackProtection
                        ? channel::RollbackPolicy::NoProtection
                        : channel::RollbackPolicy::Protected;
    out.root = std::move(tree);
}

void put_files(const ServiceConfiguration& part, Configuration& out) {
    for (const auto& file : part.files) {
        if (file.content)
            out.injected_files.push_back(
                {file.path, SecretBytes(std::string_view(*file.content)), file.permission});
        else
            out.templates.push_back({file.path, file.permission});
    }
}

Attested<void> put_secrets(const ServiceConfiguration& part, SecretResolver& secrets,
                           Configuration& out) {
    // What the policy does not limit is sent only where a template may need it, and what has no
    // value is missed by the template that names it.
    const bool are_limited = !part.provided_secrets.empty();
    for (const std::string& name :
         out.templates.empty() ? part.provided_secrets : part.template_secrets) {
        const policy::SecretValue* value = secrets.value(name);
        auto text = value != nullptr ? policy::render(*value, "")
                                     : base::Result<std::string, std::string>(
                                           std::unexpected("there is no value for '" + name + "'"));
        if (!text && !are_limited)
            continue;
        if (!text)
            return std::unexpected(failed(text.error()));
        channel::ProvidedSecret secret;
        secret.name = name;
        secret.kind = name_of(value->kind);
        secret.value = SecretBytes(std::string_view(*text));
        base::wipe(text->data(), text->size());
        bool is_certificate =
            value->kind == policy::SecretKind::X509 || value->kind == policy::SecretKind::X509Ca;
        for (auto [format, place] :
             {std::pair{"privatekey", &secret.private_key}, std::pair{"chain", &secret.chain}}) {
            bool is_there = place == &secret.chain || !value->private_key.empty();
            auto part_text = is_certificate && is_there
                                 ? policy::render(*value, format)
                                 : base::Result<std::string, std::string>(std::string());
            if (!part_text)
                return std::unexpected(failed(part_text.error()));
            *place = SecretBytes(std::string_view(*part_text));
            base::wipe(part_text->data(), part_text->size());
        }
        out.secrets.push_back(std::move(secret));
    }
    return {};
}

Attested<void> put_volumes(SessionRepository& sessions, const SessionPointer& session,
                           SecretResolver& secrets, const ServiceConfiguration& part,
                           ConfiguredService& out) {
    for (const auto& mount : part.mounts) {
        BoundVolume volume = SCONE_TRY(bind_volume(sessions, session, secrets, mount));
        channel::ConfiguredVolume sent;
        sent.name = volume.name;
        sent.mount_path = mount.path;
        sent.tree.fspf_path = mount.path + (mount.path.ends_with('/') ? "" : "/") + "volume.fspf";
        sent.tree.key = volume.key.duplicate();
        sent.tree.tag = volume.tag;
        sent.tree.rollback = volume.update == policy::VolumeUpdate::NoRollbackProtection
                                 ? channel::RollbackPolicy::NoProtection
                                 : channel::RollbackPolicy::Protected;
        out.configuration.volumes.push_back(std::move(sent));
        out.volumes.push_back(std::move(volume));
    }
    return {};
}

}  // namespace

Attested<ConfiguredService> configure_service(SessionRepository& sessions,
                                              const SessionPointer& session,
                                              const policy::ServiceRule& service,
                                              SecretResolver& secrets) {
    // A session whose imports fail must not start a service, even where this one needs none.
    for (const policy::SecretRule& rule : session->session.secrets) {
        if (rule.import)
            secrets.value(rule.name);
    }
    if (!secrets.problems().empty())
        return std::unexpected(failed(secrets.problems().front()));
    auto part = policy::configure(session->session, service, secrets.value_lookup());
    if (!part)
        return std::unexpected(failed(part.error().empty() ? "the policy cannot be carried out"
                                                           : part.error().front().message));
    Wiped wiped{*part};
    ConfiguredService out;
    put_program(*part, out.configuration);
    put_root(*part, out.configuration);
    put_files(*part, out.configuration);
    SCONE_TRY(put_secrets(*part, secrets, out.configuration));
    SCONE_TRY(put_volumes(sessions, session, secrets, *part, out));
    out.configuration.session_hash = session->hash;
    return out;
}

}  // namespace scone::cas
