#include "tools/scone/cmd_session.h"

#include <fmt/format.h>

#include "lib/base/result.h"
#include "lib/policy/canonical_form.h"
#include "lib/policy/session_parser.h"
#include "lib/text/hex.h"
#include "tools/scone/cas_connection.h"
#include "tools/scone/cmd_self.h"
#include "tools/scone/session_file.h"

namespace scone::tools {
namespace {

using flags::Command;
using flags::Flag;
using flags::FlagKind;
using flags::ParsedCommand;
using policy::Session;
using text::ExitCode;
using text::failure;
using text::Outcome;

enum class TalksTo { Nobody, Cas };

Command file_command(std::string_view name, std::string_view about, TalksTo peer,
                     std::vector<Flag> more = {}) {
    Command command{.name = name,
                    .about = about,
                    .flags = session_file_flags(),
                    .arguments = {{.name = "FILE", .help = "the session, YAML"}}};
    if (peer == TalksTo::Cas) {
        command.flags.push_back(cas_choice_flag());
        for (const Flag& flag : connection_flags())
            command.flags.push_back(flag);
    }
    command.flags.insert(command.flags.end(), more.begin(), more.end());
    return command;
}

Outcome<std::string> check(const ParsedCommand& parsed) {
    return policy::canonical(SCONE_TRY(read_session_file(parsed)));
}

Outcome<std::string> create(const ParsedCommand& parsed) {
    const Session session = SCONE_TRY(read_session_file(parsed));
    CasConnection cas = SCONE_TRY(CasConnection::open(parsed));
    auto hash = cas.client().upload_session(policy::canonical(session));
    if (!hash && hash.error().exit_code == ExitCode::Conflict && hash.error().next.empty())
        hash.error().next = fmt::format("scone session update {}", parsed.arguments[0]);
    return SCONE_TRY(std::move(hash)) + "\n";
}

Outcome<Session> stored_as_session(const net::StoredSession& stored) {
    auto session = policy::parse(stored.description);
    if (!session)
        return failure(
            ExitCode::Failed,
            fmt::format(
                "the session that CAS has cannot be read: {}",
                session.error().empty() ? "malformed" : text::to_string(session.error().front())));
    return std::move(*session);
}

Outcome<std::string> update(const ParsedCommand& parsed) {
    Session session = SCONE_TRY(read_session_file(parsed));
    CasConnection cas = SCONE_TRY(CasConnection::open(parsed));
    auto stored = cas.client().read_session(session.name);
    if (!stored && stored.error().exit_code == ExitCode::NotFound)
        stored.error().next = fmt::format("scone session create {}", parsed.arguments[0]);
    const net::StoredSession before = SCONE_TRY(std::move(stored));
    auto hash = text::array_from_hex<32>(before.hash);
    if (!hash)
        return failure(ExitCode::Failed,
                       fmt::format("CAS answered '{}' as the session's hash", before.hash));
    session.predecessor = *hash;
    return SCONE_TRY(cas.client().upload_session(policy::canonical(session))) + "\n";
}

// What CAS adds by itself, or what `update` adds, and the file does not say.
void complete_from(Session& session, const Session& stored) {
    if (!session.predecessor)
        session.predecessor = stored.predecessor;
    if (!session.creator)
        session.creator = stored.creator;
}

Outcome<std::string> verify(const ParsedCommand& parsed) {
    Session session = SCONE_TRY(read_session_file(parsed));
    CasConnection cas = SCONE_TRY(CasConnection::open(parsed));
    const net::StoredSession stored = SCONE_TRY(cas.client().read_session(session.name));
    const Session active = SCONE_TRY(stored_as_session(stored));
    if (policy::hash_text(active) != stored.hash)
        return failure(ExitCode::Integrity,
                       fmt::format("CAS says hash {}, its session has {}", stored.hash,
                                   policy::hash_text(active)),
                       "verifying the session");
    complete_from(session, active);
    const std::string ours = policy::hash_text(session);
    if (ours != stored.hash)
        return failure(ExitCode::Integrity,
                       fmt::format("the active session '{}' is not that of '{}': expected hash {}, "
                                   "got {}",
                                   session.name, parsed.arguments[0], ours, stored.hash),
                       "verifying the session",
                       fmt::format("compare with: scone session read {}", session.name));
    return stored.hash + "\n";
}

Outcome<std::string> read(const ParsedCommand& parsed) {
    CasConnection cas = SCONE_TRY(CasConnection::open(parsed));
    return SCONE_TRY(cas.client().read_session(parsed.arguments[0])).description;
}

Outcome<std::string> calculate_hash(const ParsedCommand& parsed) {
    Session session = SCONE_TRY(read_session_file(parsed));
    if (auto creator = parsed.value("with-self-as-creator"); creator && !session.creator) {
        using Kind = policy::Creator::Kind;
        const bool by_signature = *creator == "signer";
        session.creator =
            policy::Creator{by_signature ? Kind::Signer : Kind::Certificate,
                            by_signature ? SCONE_TRY(session_signing_key_pem(parsed))
                                         : SCONE_TRY(our_identity(parsed)).certificate_pem};
    }
    if (policy::needs_creator(session))
        return failure(ExitCode::InvalidInput,
                       "Cannot calculate session hash! The policy refers to CREATOR and has none",
                       "calculating the session's hash", "--with-self-as-creator=tls");
    return policy::hash_text(session) + "\n";
}

}  // namespace

Command session_command() {
    Command command{.name = "session", .about = "Check, store, read and compare sessions."};
    command.subcommands = {
        file_command("check", "Check a session and print it as it would be stored.",
                     TalksTo::Nobody),
        file_command("create", "Store a new session in CAS and print its hash.", TalksTo::Cas),
        file_command("update", "Replace a session of CAS and print the new hash.", TalksTo::Cas),
        file_command("verify", "Compare a file with the active session of CAS; print its hash.",
                     TalksTo::Cas),
        {.name = "read",
         .about = "Print a session of CAS.",
         .flags = connection_flags(),
         .arguments = {{.name = "NAME", .help = "name of the session, with its namespaces"}}},
        file_command("calculate-hash", "Print the hash that a session would have.", TalksTo::Nobody,
                     {{.name = "with-self-as-creator",
                       .kind = FlagKind::Value,
                       .value = "HOW",
                       .help = "take your certificate or signing key for the creator",
                       .choices = "tls|signer"},
                      {.name = "identity",
                       .kind = FlagKind::Value,
                       .value = "FILE",
                       .help = "identity whose certificate is the creator's"}}),
    };
    command.subcommands[4].flags.push_back(cas_choice_flag());
    command.subcommands[1].examples = {
        {"scone session create session.yml -e NAMESPACE=test", "$NAMESPACE in it is test"}};
    return command;
}

Outcome<std::string> run_session(const ParsedCommand& parsed) {
    std::string_view name = parsed.command->name;
    if (name == "check")
        return check(parsed);
    if (name == "create")
        return create(parsed);
    if (name == "update")
        return update(parsed);
    if (name == "verify")
        return verify(parsed);
    if (name == "read")
        return read(parsed);
    if (name == "calculate-hash")
        return calculate_hash(parsed);
    return failure(ExitCode::Usage, "unknown command", {}, "scone session --help");
}

}  // namespace scone::tools
