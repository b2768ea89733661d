// Who calls, as access policies see it, and whether a session's policy lets them.
//
// Side:   host
// Source: docs/reference/session-language.md, "access_policy"
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/crypto/x509.h"
#include "lib/policy/access_rules.h"
#include "services/cas/refusal.h"
#include "services/cas/secret_resolver.h"

namespace scone::cas {

struct Client {
    std::string certificate_pem;   // empty: showed none
    std::string key_hash;          // Base58Check
    std::string certificate_hash;  // hex SHA-256 of the PEM text
    bool is_anonymous() const { return key_hash.empty(); }
};

// An anonymous client where there is no certificate, or one whose key has no hash.
Client client_of(const std::optional<crypto::Certificate>& certificate);

// 403 unless the session's access policy grants the operation. `operation` is one of the stored
// session's; its variables are looked up now.
Answer<void> check_access(const Client& client, const SessionPointer& session,
                          policy::Operation operation, SessionRepository& sessions);

}  // namespace scone::cas
