// The values of a session's secrets, its own and those it imports from sessions of this CAS.
//
// Side:    host
// Note:    an import counts only when its owner exports the secret to the session; the private key
// of
//          an imported certificate only when the owner exports that key too. Values are looked up
//          when they are asked for; what could not be had is told by problems().
// Threads: one thread at a time
// Source:  docs/reference/session-language.md, "Sharing"
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/policy/session_parser.h"
#include "services/cas/session_repository.h"

namespace scone::cas {

class SecretResolver {
  public:
    SecretResolver(SessionRepository& sessions, SessionPointer session)
        : sessions_(sessions), session_(std::move(session)) {}

    // nullptr when there is no such secret or it cannot be had.
    const policy::SecretValue* value(std::string_view name);
    // The value of a config-fragment; of an ascii secret its text as a scalar.
    const text::Node* fragment(std::string_view name);
    // Secrets that were asked for in vain, with the reason.
    const std::vector<std::string>& problems() const { return problems_; }

    policy::SecretLookup value_lookup();
    policy::FragmentLookup fragment_lookup();

  private:
    struct Found {
        policy::SecretValue value;
        std::optional<text::Node> fragment;
    };
    const Found* find(std::string_view name);
    std::optional<Found> import(const policy::SecretRule& rule);
    std::optional<Found> problem(const policy::SecretRule& rule, const std::string& why);

    SessionRepository& sessions_;
    SessionPointer session_;
    std::map<std::string, std::optional<Found>, std::less<>> found_;
    std::vector<std::string> problems_;
};

// True when `rule`, a secret of `owner`, is given to the session with that name and hash.
bool is_exported_to(const std::vector<policy::ExportTarget>& exports, const std::string& owner,
                    const std::string& session, const std::string& session_hash);

}  // namespace scone::cas
