// Who may read, update, extend and list a session, and whether a caller is one of them.
//
// Side:    hosted
// Note:    nothing here grants by default: an unknown, malformed or unresolved rule never matches
// Source:  docs/reference/session-language.md, "access_policy"
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/node.h"

namespace scone::policy {

struct AccessRule {
    enum class Kind {
        Creator,
        Any,
        None,
        KeyHash,          // text: Base58Check
        Certificate,      // text: PEM; its key counts
        CertificateHash,  // text: 64 hex digits, SHA-256 of the PEM file (language 0.2)
        Variable,         // text: $$SCONE::name$$
        Signer,           // text: SPKI PEM or Base58Check with version byte 10
        RequireAll,
        RequireAtLeast,
    };
    Kind kind = Kind::None;
    std::string text;
    uint32_t at_least = 0;          // of RequireAtLeast
    std::vector<AccessRule> rules;  // of RequireAll and RequireAtLeast
    text::Position at;
};

enum class Operation { Read, Update, CreateSessions, ListSessions };
// "create_sessions"
std::string_view name_of(Operation operation);

struct AccessPolicy {
    std::optional<std::vector<AccessRule>> read;
    std::optional<std::vector<AccessRule>> update;
    std::optional<std::vector<AccessRule>> create_sessions;
    std::optional<std::vector<AccessRule>> list_sessions;
    // Set when the whole section is one $$SCONE::fragment$$.
    std::optional<std::string> variable;
    text::Position at;

    // The rules that hold for the operation, defaults applied: read and update are CREATOR,
    // create_sessions is as update, list_sessions as read.
    std::vector<AccessRule> rules_for(Operation operation) const;
};

// Who asks. Empty fields match nothing.
struct Caller {
    std::string key_hash;          // of the TLS client certificate's key
    std::string certificate_hash;  // hex SHA-256 of the client certificate's PEM text
    bool is_creator = false;
    std::vector<std::string> signer_key_hashes;  // of the keys whose signatures were checked
};

// The rules that stand behind a variable in an access list: CREATOR, a key hash, a certificate or a
// fragment, parsed. nullopt: there is no such secret, or it is of no use here.
using RuleLookup = std::function<std::optional<std::vector<AccessRule>>(std::string_view secret)>;

struct AccessVerdict {
    bool granted = false;
    // "variable $$SCONE::x$$ has no value": what was passed over, for the refusal's text.
    std::vector<std::string> notes;
};

AccessVerdict evaluate(const std::vector<AccessRule>& rules, const Caller& caller,
                       const RuleLookup& lookup);

}  // namespace scone::policy
