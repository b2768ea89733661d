#include "services/cas/session_service.h"

#include "lib/crypto/random.h"
#include "lib/policy/canonical_form.h"
#include "lib/policy/session_checks.h"
#include "lib/policy/session_parser.h"
#include "lib/text/hex.h"
#include "services/cas/secret_generator.h"

namespace scone::cas {
namespace {

using policy::Operation;
using policy::Session;

constexpr const char* kRoot = "/";

std::vector<std::string> texts_of(const std::string& general,
                                  const policy::Diagnostics& diagnostics) {
    std::vector<std::string> out{general};
    for (const auto& diagnostic : diagnostics)
        out.push_back(to_string(diagnostic));
    return out;
}

std::string in_quotes(const std::string& name) {
    return "'" + name + "'";
}

// The root that CAS has before somebody claims it: anybody may create sessions of the top level.
policy::AccessPolicy default_root_policy() {
    policy::AccessRule any;
    any.kind = policy::AccessRule::Kind::Any;
    policy::AccessPolicy out;
    out.create_sessions = std::vector{any};
    out.list_sessions = std::vector<policy::AccessRule>{};
    return out;
}

SessionPointer default_root() {
    auto root = std::make_shared<SessionRecord>();
    root->session.name = kRoot;
    root->session.access_policy = default_root_policy();
    root->hash = policy::hash_text(root->session);
    return root;
}

// Keys of the volumes that the policy gives none: kept from the version before, or made.
bool keep_volume_keys(SessionRecord& record, const SessionRecord* before) {
    for (const policy::VolumeRule& volume : record.session.volumes) {
        if (volume.fspf_key || volume.import)
            continue;
        VolumeKey key;
        const VolumeKey* kept = nullptr;
        if (before != nullptr) {
            auto place = before->volume_keys.find(volume.name);
            kept = place != before->volume_keys.end() ? &place->second : nullptr;
        }
        if (kept != nullptr)
            key = kept->duplicate();
        else if (!crypto::fill_random(key.expose_mutable()))
            return false;
        record.volume_keys.insert_or_assign(volume.name, std::move(key));
    }
    return true;
}

// Session of the text, which CAS can carry out.
Answer<Session> parse_upload(const std::string& text) {
    auto session = policy::parse(text);
    if (!session)
        return refuse(400, texts_of("The session description is not valid", session.error()));
    auto unsupported = policy::unsupported_secrets(*session);
    if (!unsupported.empty())
        return refuse(501, texts_of("This CAS cannot carry out the session", unsupported));
    if (session->secret_store.kind != policy::SecretStoreKind::Cas)
        return refuse(501, {"This CAS cannot carry out the session",
                            "secret_config: only store_in: !cas is supported"});
    if (session->creator && session->creator->kind == policy::Creator::Kind::Signer)
        return refuse(501, {"This CAS cannot carry out the session",
                            "signed sessions are not supported yet"});
    return std::move(*session);
}

}  // namespace

Answer<Uploaded> SessionService::upload(const std::string& text, const Client& client,
                                        int64_t now) {
    if (client.is_anonymous())
        return refuse(403, {"Failed to create session", "a TLS client certificate is needed"});
    Session session = SCONE_TRY(parse_upload(text));
    std::string name = session.name;
    std::string general = "Failed to create session " + in_quotes(name);
    auto before = sessions_.load(name);
    if (!before)
        return refuse(general, before.error());
    std::vector<RecordChange> changes;
    if (*before) {
        SCONE_TRY(check_update(session, *before, client));
    } else {
        SessionPointer parent = SCONE_TRY(check_create(session, client));
        if (parent && parent->version != 0)
            changes.push_back(SessionRepository::unchanged(*parent));
    }
    SessionRecord record = SCONE_TRY(prepare(std::move(session), *before, client, now));
    bool is_new = *before == nullptr;
    auto noted = audit_.append(
        is_new ? "session created" : "session updated",
        {{"session", name}, {"session_hash", record.hash}, {"client", client.key_hash}});
    if (!noted)
        return refuse(general, noted.error());
    changes.push_back(SessionRepository::change(record, before->get()));
    auto stored = sessions_.store().commit(std::move(changes));
    if (stored)
        return Uploaded{name, record.hash, is_new};
    auto failed = audit_.append("operation failed", {{"session", name}});
    if (stored.error().exit_code == text::ExitCode::Conflict)
        return refuse(409, {general, "it was changed by somebody else in the meantime",
                            failed ? "" : failed.error().what});
    return refuse(general, stored.error());
}

Answer<void> SessionService::check_update(const Session& wanted, const SessionPointer& before,
                                          const Client& client) {
    SCONE_TRY(check_access(client, before, Operation::Update, sessions_));
    std::string general = "Failed to update session " + in_quotes(wanted.name);
    if (wanted.namespace_hash)
        return refuse(400, {general, "namespace_hash may stand in a session's first version only"});
    if (!wanted.predecessor)
        return refuse(409, {"Failed to create session " + in_quotes(wanted.name),
                            "a session of this name exists already; to replace it, add "
                            "predecessor: " +
                                before->hash});
    std::string given = text::to_hex(*wanted.predecessor);
    if (given != before->hash)
        return refuse(409, {general, "wrong predecessor: the active session has hash " +
                                         before->hash + ", predecessor is " + given});
    return {};
}

// The session in whose namespace it is created.
Answer<SessionPointer> SessionService::check_create(const Session& wanted, const Client& client) {
    std::string general = "Failed to create session " + in_quotes(wanted.name);
    if (wanted.predecessor)
        return refuse(409, {general, "it has a predecessor, but no session of this name exists"});
    if (wanted.name == kRoot) {
        SCONE_TRY(claim_root(wanted));
        return SessionPointer();
    }
    std::string parent_name(policy::parent_of(wanted.name));
    auto parent = sessions_.load(parent_name);
    if (!parent)
        return refuse(general, parent.error());
    if (!*parent && parent_name != kRoot)
        return refuse(404, {general, "namespace " + in_quotes(parent_name) + " does not exist"});
    if (!*parent)
        parent = default_root();
    SCONE_TRY(check_access(client, *parent, Operation::CreateSessions, sessions_));
    if (wanted.namespace_hash && text::to_hex(*wanted.namespace_hash) != (*parent)->hash)
        return refuse(409, {general, "namespace_hash is not the hash of " + in_quotes(parent_name) +
                                         ", which is " + (*parent)->hash});
    return *parent;
}

Answer<void> SessionService::claim_root(const Session&) {
    if (sessions_.empty())
        return {};
    return refuse(403, {"Failed to create session '/'",
                        "the root can be claimed only before the first other session exists"});
}

// The first uploader stays the creator; a text that names one must name that one.
Answer<void> SessionService::settle_creator(Session& session, const SessionPointer& before,
                                            const Client& client) {
    std::string general = "Failed to create session " + in_quotes(session.name);
    if (before && before->session.creator) {
        if (session.creator && creator_key_hash(session) != before->creator_key_hash)
            return refuse(400, {general, "the creator of a session cannot be changed"});
        session.creator = before->session.creator;
    } else if (session.creator) {
        if (creator_key_hash(session) != client.key_hash)
            return refuse(400, {general, "creator is not the certificate of this connection"});
    } else if (policy::needs_creator(session)) {
        session.creator =
            policy::Creator{policy::Creator::Kind::Certificate, client.certificate_pem};
    }
    return {};
}

Answer<SessionRecord> SessionService::prepare(Session session, const SessionPointer& before,
                                              const Client& client, int64_t now) {
    std::string general = "Failed to create session " + in_quotes(session.name);
    SessionRecord record;
    SCONE_TRY(settle_creator(session, before, client));
    record.session = std::move(session);
    record.description = policy::canonical(record.session);
    record.hash = policy::hash_text(record.session);
    record.updated = now;
    // Imports are looked up with the name and hash that the session is going to have.
    auto view = std::make_shared<SessionRecord>();
    view->session = record.session;
    view->hash = record.hash;
    SecretResolver imports(sessions_, view);
    auto values = generate_secrets({record.session, before.get(), imports.value_lookup(), now});
    if (!values) {
        std::vector<std::string> messages{general, values.error().what};
        messages.insert(messages.end(), imports.problems().begin(), imports.problems().end());
        return refuse(status_of(values.error().exit_code), std::move(messages));
    }
    record.values = std::move(*values);
    if (!keep_volume_keys(record, before.get()))
        return refuse(500, {general, "no random numbers"});
    return record;
}

Answer<SessionPointer> SessionService::renew_certificates(SessionPointer session, int64_t now) {
    if (!needs_renewal(*session, now))
        return session;
    const std::string& name = session->session.name;
    std::string general = "Failed to renew the certificates of session " + in_quotes(name);
    SecretResolver imports(sessions_, session);
    auto values = generate_secrets(
        {session->session, session.get(), imports.value_lookup(), now, Generation::Renewal});
    if (!values)
        return refuse(general, values.error());
    SessionRecord record;
    record.session = session->session;
    record.description = session->description;
    record.updated = session->updated;
    record.values = std::move(*values);
    for (const auto& [volume, key] : session->volume_keys)
        record.volume_keys.insert_or_assign(volume, key.duplicate());
    auto noted = audit_.append("certificates renewed", {{"session", name}});
    if (!noted)
        return refuse(general, noted.error());
    std::vector<RecordChange> changes;
    changes.push_back(SessionRepository::change(record, session.get()));
    auto stored = sessions_.store().commit(std::move(changes));
    // On Conflict somebody else renewed or updated it just now: the newest version counts.
    if (!stored && stored.error().exit_code != text::ExitCode::Conflict)
        return refuse(general, stored.error());
    auto newest = sessions_.load(name);
    if (!newest)
        return refuse(general, newest.error());
    return *newest;
}

Answer<SessionPointer> SessionService::read(const std::string& name, const Client& client) {
    std::string general = "Failed to read session " + in_quotes(name);
    auto session = sessions_.load(name);
    if (!session)
        return refuse(general, session.error());
    if (!*session)
        return refuse(404, {general, "the session does not exist"});
    SCONE_TRY(check_access(client, *session, Operation::Read, sessions_));
    auto noted = audit_.append("session read", {{"session", name}, {"client", client.key_hash}});
    if (!noted)
        return refuse(general, noted.error());
    return *session;
}

Answer<std::vector<std::string>> SessionService::list(const std::string& name_space,
                                                      const Client& client) {
    std::string name = name_space.empty() ? kRoot : name_space;
    std::string general = "Failed to list namespace " + in_quotes(name);
    auto session = sessions_.load(name);
    if (!session)
        return refuse(general, session.error());
    if (!*session && name == kRoot)
        session = default_root();
    if (!*session)
        return refuse(404, {general, "the session does not exist"});
    // Who may create may list, too.
    if (!check_access(client, *session, Operation::CreateSessions, sessions_))
        SCONE_TRY(check_access(client, *session, Operation::ListSessions, sessions_));
    return sessions_.list(name);
}

Answer<std::vector<PublicValue>> SessionService::public_values(const std::string& name) {
    auto session = sessions_.load(name);
    if (!session)
        return refuse("Failed to read values of '/session=" + name + "'", session.error());
    std::vector<PublicValue> out;
    if (!*session)
        return out;
    for (const policy::SecretRule& rule : (*session)->session.secrets) {
        auto value = (*session)->values.find(rule.name);
        if (!rule.export_public || value == (*session)->values.end())
            continue;
        bool is_ascii = rule.kind == policy::SecretKind::Ascii;
        auto text =
            policy::render(value->second, rule.kind == policy::SecretKind::Binary ? "hex" : "");
        if (text)
            out.push_back({rule.name, is_ascii ? "string" : std::string(name_of(rule.kind)),
                           std::move(*text)});
    }
    return out;
}

}  // namespace scone::cas
