// What clients do with sessions: create, update, read, list; and the values a session makes public.
//
// Side:    host
// Errors:  Refusal: 400 malformed, 403 no permission, 404 unknown, 409 exists already, wrong
//          predecessor or changed in the meantime, 501 not supported, 500 CAS's own
// Threads: safe
// Source:  docs/formats/cas-api.md; docs/reference/session-language.md
#pragma once

#include "services/cas/audit_log.h"
#include "services/cas/client_identity.h"
#include "services/cas/refusal.h"
#include "services/cas/session_repository.h"

namespace scone::cas {

struct Uploaded {
    std::string name;
    std::string hash;
    bool is_new = true;
};

struct PublicValue {
    std::string name;
    std::string kind;   // "string" for ascii, else the kind
    std::string value;  // text, hex digits, or PEM
};

class SessionService {
  public:
    SessionService(SessionRepository& sessions, AuditLog& audit)
        : sessions_(sessions), audit_(audit) {}

    Answer<Uploaded> upload(const std::string& text, const Client& client, int64_t now);
    // The session with certificates that last: those near their end are issued again, and stored.
    Answer<SessionPointer> renew_certificates(SessionPointer session, int64_t now);
    Answer<SessionPointer> read(const std::string& name, const Client& client);
    Answer<std::vector<std::string>> list(const std::string& name_space, const Client& client);
    Answer<std::vector<PublicValue>> public_values(const std::string& session);

  private:
    Answer<SessionRecord> prepare(policy::Session session, const SessionPointer& before,
                                  const Client& client, int64_t now);
    Answer<void> settle_creator(policy::Session& session, const SessionPointer& before,
                                const Client& client);
    Answer<void> check_update(const policy::Session& wanted, const SessionPointer& before,
                              const Client& client);
    Answer<SessionPointer> check_create(const policy::Session& wanted, const Client& client);
    Answer<void> claim_root(const policy::Session& wanted);

    SessionRepository& sessions_;
    AuditLog& audit_;
};

}  // namespace scone::cas
