#include "services/cas/secret_resolver.h"

#include <algorithm>

namespace scone::cas {

using policy::SecretKind;
using policy::SecretRule;

bool is_exported_to(const std::vector<policy::ExportTarget>& exports, const std::string& owner,
                    const std::string& session, const std::string& session_hash) {
    return std::ranges::any_of(exports, [&](const policy::ExportTarget& target) {
        if (!target.cas_url.empty() || !target.cas_key.empty())
            return false;  // for a session of another CAS
        if (!target.namespace_name.empty())
            return lies_in_namespace(session, resolve_session_name(target.namespace_name, owner));
        return resolve_session_name(target.session, owner) == session &&
               (target.session_hash.empty() || target.session_hash == session_hash);
    });
}

const SecretResolver::Found* SecretResolver::find(std::string_view name) {
    auto place = found_.find(name);
    if (place == found_.end()) {
        const SecretRule* rule = session_->session.find_secret(name);
        std::optional<Found> found;
        if (rule != nullptr && rule->import) {
            found = import(*rule);
        } else if (rule != nullptr) {
            auto value = session_->values.find(name);
            found.emplace();
            found->value.kind = rule->kind;
            if (value != session_->values.end())
                found->value = value->second;
            else if (!rule->fragment)
                found = problem(*rule, "it has no value");
            if (found)
                found->fragment = rule->fragment;
        }
        if (found && !found->fragment && found->value.kind == SecretKind::Ascii)
            found->fragment = text::Node::scalar(found->value.text);
        place = found_.emplace(std::string(name), std::move(found)).first;
    }
    return place->second ? &*place->second : nullptr;
}

std::optional<SecretResolver::Found> SecretResolver::problem(const SecretRule& rule,
                                                             const std::string& why) {
    problems_.push_back("secret '" + rule.name + "' cannot be used: " + why);
    return std::nullopt;
}

std::optional<SecretResolver::Found> SecretResolver::import(const SecretRule& rule) {
    const policy::SecretImport& wanted = *rule.import;
    if (!wanted.cas_url.empty() || !wanted.cas_key.empty() || !wanted.cas_software_key.empty())
        return problem(rule, "imports from another CAS are not supported");
    const std::string& own_name = session_->session.name;
    std::string owner_name = resolve_session_name(wanted.session, own_name);
    auto owner = sessions_.load(owner_name);
    if (!owner)
        return problem(rule, owner.error().what);
    const SecretRule* given = *owner ? (*owner)->session.find_secret(wanted.secret) : nullptr;
    // One text for all three, so that nobody learns what a session that shares nothing holds.
    bool is_shared =
        given != nullptr && (given->export_public ||
                             is_exported_to(given->exports, owner_name, own_name, session_->hash));
    if (!is_shared)
        return problem(rule, "session '" + owner_name + "' does not exist, or does not export '" +
                                 wanted.secret + "' to '" + own_name + "'");
    if (!wanted.session_hash.empty() && wanted.session_hash != (*owner)->hash)
        return problem(rule, "session '" + owner_name + "' does not have the hash " +
                                 wanted.session_hash + " any more");
    if (rule.kind != SecretKind::Unstated && rule.kind != given->kind && !given->import)
        return problem(rule, "it is of kind " + std::string(name_of(given->kind)) + ", expected " +
                                 std::string(name_of(rule.kind)));
    if (given->import)
        return problem(rule, "'" + owner_name + "' imports it itself; import it from its owner");
    Found found;
    found.value.kind = given->kind;
    found.fragment = given->fragment;
    auto value = (*owner)->values.find(given->name);
    if (value != (*owner)->values.end())
        found.value = value->second;
    else if (!given->fragment)
        return problem(rule, "its owner has no value for it");
    const SecretRule* key = (*owner)->session.find_secret(given->private_key);
    bool key_is_shared =
        key != nullptr && is_exported_to(key->exports, owner_name, own_name, session_->hash);
    if (!key_is_shared && !found.value.private_key.empty()) {
        base::wipe(found.value.private_key.data(), found.value.private_key.size());
        found.value.private_key.clear();
    }
    return found;
}

const policy::SecretValue* SecretResolver::value(std::string_view name) {
    const Found* found = find(name);
    return found != nullptr ? &found->value : nullptr;
}

const text::Node* SecretResolver::fragment(std::string_view name) {
    const Found* found = find(name);
    return found != nullptr && found->fragment ? &*found->fragment : nullptr;
}

policy::SecretLookup SecretResolver::value_lookup() {
    return [this](std::string_view name) { return value(name); };
}
policy::FragmentLookup SecretResolver::fragment_lookup() {
    return [this](std::string_view name) { return fragment(name); };
}

}  // namespace scone::cas
