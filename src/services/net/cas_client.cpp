#include "services/net/cas_client.h"

#include <chrono>
#include <thread>

#include "lib/text/base64.h"
#include "lib/text/hex.h"
#include "lib/text/json.h"

namespace scone::net {
namespace {

using text::ExitCode;
using text::failure;
using text::Json;
using text::Outcome;

ExitCode exit_code_of(int status) {
    switch (status) {
        case 400:
            return ExitCode::InvalidInput;
        case 401:
        case 403:
            return ExitCode::Denied;
        case 404:
            return ExitCode::NotFound;
        case 409:
            return ExitCode::Conflict;
        case 429:
        case 503:
            return ExitCode::Unreachable;
        case 501:
            return ExitCode::Unsupported;
        default:
            return ExitCode::Failed;
    }
}

std::unexpected<text::Failure> refusal_of(const HttpReply& reply) {
    text::Failure refused{exit_code_of(reply.status), {}, {}, {}};
    auto body = text::parse_json(reply.body);
    const Json::Array* messages = body ? body->find_array("msg") : nullptr;
    for (size_t i = 0; messages != nullptr && i < messages->size(); ++i) {
        const std::string* message = (*messages)[i].as_string();
        if (message == nullptr)
            continue;
        std::string& place = refused.what.empty() ? refused.what : refused.doing;
        place += (place.empty() ? "" : ": ") + *message;
    }
    if (refused.what.empty())
        refused.what = "CAS answered with status " + std::to_string(reply.status);
    return std::unexpected(std::move(refused));
}

auto not_understood(const char* what) {
    return failure(ExitCode::Failed, std::string("CAS's answer has no ") + what,
                   "reading CAS's answer", "check that the address is that of a CAS");
}

Outcome<Json> read_body(const HttpReply& reply, int expected_status) {
    if (reply.status != expected_status)
        return refusal_of(reply);
    auto body = text::parse_json(reply.body);
    if (!body)
        return failure(ExitCode::Failed, "CAS's answer is not JSON: " + to_string(body.error()));
    return std::move(*body);
}

Outcome<std::string> read_string(const Json& body, const char* key) {
    const std::string* value = body.find_string(key);
    if (value == nullptr)
        return not_understood(key);
    return *value;
}

std::string session_target(const std::string& name) {
    return "/v1/sessions/" + percent_encode(name, "/");
}

// The certificates in the answer must be the connection's own, and lead to the root at their end:
// else somebody in between passed on the answer, or the root, of another CAS.
Outcome<void> check_same_chain(const std::vector<crypto::Certificate>& told,
                               const std::vector<crypto::Certificate>& seen) {
    bool same = told.size() == seen.size();
    for (size_t i = 0; same && i < told.size(); ++i) {
        auto a = told[i].der();
        auto b = seen[i].der();
        same = a && b && *a == *b;
    }
    if (!same)
        return failure(ExitCode::Untrusted,
                       "the certificates in the answer are not those of the connection");
    ServerExpectation own_root;
    own_root.roots = {told.back()};
    own_root.server_name.clear();
    return check_server_chain(
        told, own_root, std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
}

}  // namespace

CasClient::CasClient(TlsClientOptions options, int retries)
    : http_(std::move(options)), retries_(retries) {}

Outcome<HttpReply> CasClient::call(HttpCall call) {
    constexpr int kFirstPauseMs = 200;
    for (int attempt = 0;; ++attempt) {
        auto reply = http_.send(call);
        bool unreachable = !reply && reply.error().exit_code == ExitCode::Unreachable;
        // An upload that may have arrived is not sent again: it would look like a conflict.
        bool may_repeat = call.method == "GET" || !http_.sent_last_call();
        if (!unreachable || !may_repeat || attempt >= retries_)
            return reply;
        std::this_thread::sleep_for(std::chrono::milliseconds(kFirstPauseMs << attempt));
    }
}

Outcome<std::string> CasClient::version() {
    Json body = SCONE_TRY(read_body(SCONE_TRY(call({.target = "/v1/version"})), 200));
    return read_string(body, "version");
}

Outcome<CasAttestation> CasClient::attest_info(base::Bytes nonce) {
    std::string nonce_text = text::to_hex(nonce);
    HttpReply reply = SCONE_TRY(call({.target = "/v1/attest?nonce=" + nonce_text}));
    Json body = SCONE_TRY(read_body(reply, 200));
    const Json* proof = body.find("proof_data");
    const Json* additional = body.find("additional_data");
    auto raw = text::raw_slice(reply.body, "additional_data");
    if (proof == nullptr || additional == nullptr || !raw)
        return not_understood("proof_data and additional_data");
    if (SCONE_TRY(read_string(*additional, "nonce")) != nonce_text)
        return failure(ExitCode::Untrusted, "CAS answered with another nonce: an old answer?");
    CasAttestation out;
    out.version = SCONE_TRY(read_string(body, "version"));
    out.evidence_type = SCONE_TRY(read_string(*proof, "type"));
    out.additional_data.assign(raw->begin(), raw->end());
    if (const std::string* statement = proof->find_string("statement"))
        out.statement = *statement;
    if (const std::string* evidence = proof->find_string("evidence")) {
        auto bytes = text::from_base64(*evidence);
        if (!bytes)
            return not_understood("readable evidence");
        out.evidence = std::move(*bytes);
    }
    auto chain =
        crypto::Certificate::list_from_pem(SCONE_TRY(read_string(*additional, "cert_chain")));
    if (!chain)
        return not_understood("readable cert_chain");
    SCONE_TRY(check_same_chain(*chain, http_.server_chain()));
    out.chain = std::move(*chain);
    auto key = out.chain.back().public_key();
    auto hash = key ? key->key_hash() : std::unexpected(key.error());
    if (!hash)
        return not_understood("usable root key");
    out.key_hash = *hash;
    return out;
}

Outcome<std::string> CasClient::upload_session(const std::string& description) {
    HttpReply reply = SCONE_TRY(call({.method = "POST",
                                      .target = "/v1/sessions",
                                      .fields = {{"Content-Type", "application/x-yaml"}},
                                      .body = description}));
    return read_string(SCONE_TRY(read_body(reply, 201)), "hash");
}

Outcome<StoredSession> CasClient::read_session(const std::string& name) {
    Json body = SCONE_TRY(read_body(SCONE_TRY(call({.target = session_target(name)})), 200));
    return StoredSession{name, SCONE_TRY(read_string(body, "hash")),
                         SCONE_TRY(read_string(body, "session"))};
}

Outcome<std::vector<std::string>> CasClient::list_sessions(const std::string& name_space) {
    std::string target = "/v1/sessions";
    if (!name_space.empty())
        target += "?namespace=" + percent_encode(name_space);
    Json body = SCONE_TRY(read_body(SCONE_TRY(call({.target = target})), 200));
    const Json::Array* names = body.find_array("sessions");
    if (names == nullptr)
        return not_understood("sessions");
    std::vector<std::string> out;
    for (const Json& name : *names) {
        if (name.as_string() == nullptr)
            return not_understood("readable sessions");
        out.push_back(*name.as_string());
    }
    return out;
}

Outcome<std::vector<SessionValue>> CasClient::public_values(const std::string& session) {
    std::string target = "/v1/values/session=" + percent_encode(session, "/");
    Json body = SCONE_TRY(read_body(SCONE_TRY(call({.target = target})), 200));
    const Json::Object* values = body.find_object("values");
    if (values == nullptr)
        return not_understood("values");
    std::vector<SessionValue> out;
    for (const auto& [name, value] : *values) {
        const std::string* kind = value.find_string("kind");
        out.push_back({name, kind != nullptr ? *kind : "", SCONE_TRY(read_string(value, "value"))});
    }
    return out;
}

}  // namespace scone::net
