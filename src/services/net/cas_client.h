// Calls of CAS's client API, as `scone` and `sconify_image` make them.
//
// Side:    host
// Errors:  those of http_client.h; and what CAS answers: Denied (no permission), NotFound, Conflict
//          (name exists, wrong predecessor), InvalidInput (policy malformed), Failed. The texts of
//          CAS's "msg" list become `what` (first) and `doing` (the rest, joined by ": ").
// Source:  docs/formats/cas-api.md
// Threads: one thread at a time
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/net/http_client.h"

namespace scone::net {

// What GET /v1/attest says. `evidence` is empty for a CAS that runs outside an enclave.
struct CasAttestation {
    std::string version;
    std::string evidence_type;  // "None" outside an enclave
    std::vector<uint8_t> evidence;
    std::string statement;                   // CAS's own words about its evidence
    std::vector<crypto::Certificate> chain;  // leaf, cas-instance, cas (root)
    crypto::KeyHash key_hash{};              // of the root's key: what a client pins
    std::vector<uint8_t> additional_data;    // what a quote's report data would bind
};

struct StoredSession {
    std::string name;
    std::string hash;  // 64 hex digits
    std::string description;
};

struct SessionValue {
    std::string name;
    std::string kind;
    std::string value;
};

class CasClient {
  public:
    // options.identity must outlive the client. Tries again up to `retries` times when CAS cannot
    // be reached.
    explicit CasClient(TlsClientOptions options, int retries = 3);

    text::Outcome<std::string> version();
    // Also checks that the certificates in the answer are those of the connection. `nonce`: 16
    // bytes; fresh, so that an answer cannot be an old one.
    text::Outcome<CasAttestation> attest_info(base::Bytes nonce);
    // Creates, or updates where the text names the right predecessor. The session's hash.
    text::Outcome<std::string> upload_session(const std::string& description);
    // NotFound unless the session exists.
    text::Outcome<StoredSession> read_session(const std::string& name);
    // Names below the namespace, without it; "" or "/" lists the top level.
    text::Outcome<std::vector<std::string>> list_sessions(const std::string& name_space);
    // Values that the session exports to the public.
    text::Outcome<std::vector<SessionValue>> public_values(const std::string& session);

    const std::vector<crypto::Certificate>& server_chain() const { return http_.server_chain(); }

  private:
    text::Outcome<HttpReply> call(HttpCall call);

    HttpClient http_;
    int retries_;
};

}  // namespace scone::net
