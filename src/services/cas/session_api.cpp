#include "services/cas/session_api.h"

#include <ctime>
#include <memory>

#include "lib/text/hex.h"
#include "lib/text/json.h"

namespace scone::cas {
namespace {

using net::HttpReply;
using net::HttpRequest;
using text::Json;

constexpr const char* kSessionsPath = "/v1/sessions/";
constexpr const char* kOldSessionsPath = "/session/";
constexpr std::string_view kValuesPath = "/v1/values/";
constexpr size_t kNonceSize = 16;
// What a CAS can say about itself that runs outside an enclave.
constexpr const char* kNoEvidence =
    "this CAS runs outside an enclave: there is no evidence of what software it runs; "
    "it can only be pinned by its key, which its operator must vouch for";

HttpReply json_reply(int status, const Json& body) {
    return {status, "application/json", text::write_json(body), {}};
}

HttpReply error_reply(int status, const std::vector<std::string>& messages) {
    Json list = Json::array();
    for (const std::string& message : messages) {
        if (!message.empty())
            list.push(message);
    }
    return json_reply(status, Json().set("msg", std::move(list)));
}

class SessionApi {
  public:
    explicit SessionApi(const ApiContext& context) : context_(context), router_(router_error) {
        add("POST", "/v1/sessions", &SessionApi::upload);
        add("POST", "/session", &SessionApi::upload_old);
        add("GET", "/v1/sessions", &SessionApi::list);
        add("GET", "/v1/sessions/*", &SessionApi::read);
        add("GET", "/session/*", &SessionApi::read_old);
        add("GET", "/v1/values/*", &SessionApi::values);
        add("GET", "/v1/version", &SessionApi::version);
        add("GET", "/v1/attest", &SessionApi::attest);
    }

    HttpReply handle(const HttpRequest& request) const {
        HttpReply reply = router_.handle(request);
        if (reply.status >= 400)
            ++(reply.status == 500 ? context_.metrics.api_failed : context_.metrics.api_refused);
        reply.fields.emplace_back("CAS-Version", context_.version);
        reply.fields.emplace_back("Cache-Control", "no-store");
        return reply;
    }

  private:
    using Method = HttpReply (SessionApi::*)(const HttpRequest&) const;
    void add(const char* method, const char* path, Method handler) {
        router_.add(method, path, [this, handler](const HttpRequest& request) {
            return (this->*handler)(request);
        });
    }
    static HttpReply router_error(int status, const std::string& message) {
        return error_reply(status, {message});
    }
    static HttpReply refused(const Refusal& refusal) {
        return error_reply(refusal.status, refusal.messages);
    }

    Answer<Uploaded> store(const HttpRequest& request) const {
        auto uploaded = context_.sessions.upload(request.body, client_of(request.peer.certificate),
                                                 std::time(nullptr));
        if (uploaded)
            ++(uploaded->is_new ? context_.metrics.sessions_created
                                : context_.metrics.sessions_updated);
        return uploaded;
    }
    HttpReply upload(const HttpRequest& request) const {
        auto uploaded = store(request);
        if (!uploaded)
            return refused(uploaded.error());
        return json_reply(201, Json().set("name", uploaded->name).set("hash", uploaded->hash));
    }
    HttpReply upload_old(const HttpRequest& request) const {
        auto uploaded = store(request);
        if (!uploaded)
            return refused(uploaded.error());
        return {201,
                "text/plain",
                "Created Session[id=" + uploaded->hash + ", name=" + uploaded->name +
                    ", status=Pending]\n",
                {}};
    }

    Answer<SessionPointer> load(const HttpRequest& request, std::string_view prefix) const {
        std::string name = request.path.substr(prefix.size());
        if (name.empty())
            name.assign(1, '/');
        auto session = context_.sessions.read(name, client_of(request.peer.certificate));
        if (!session)
            return session;
        auto hash = request.parameter("hash");
        if (hash && *hash != (*session)->hash)
            return refuse(404, {"Failed to read session '" + name + "'",
                                "the active session does not have the hash " + *hash});
        ++context_.metrics.sessions_read;
        return session;
    }
    HttpReply read(const HttpRequest& request) const {
        auto session = load(request, kSessionsPath);
        if (!session)
            return refused(session.error());
        return json_reply(200, Json()
                                   .set("name", (*session)->session.name)
                                   .set("hash", (*session)->hash)
                                   .set("session", (*session)->description));
    }
    HttpReply read_old(const HttpRequest& request) const {
        auto session = load(request, kOldSessionsPath);
        if (!session)
            return refused(session.error());
        return {200, "application/x-yaml", (*session)->description, {}};
    }

    HttpReply list(const HttpRequest& request) const {
        auto names = context_.sessions.list(request.parameter("namespace").value_or("/"),
                                            client_of(request.peer.certificate));
        if (!names)
            return refused(names.error());
        Json list = Json::array();
        for (const std::string& name : *names)
            list.push(name);
        return json_reply(200, Json().set("sessions", std::move(list)));
    }

    static Json value_json(const PublicValue& value) {
        return std::move(Json()
                             .set("kind", value.kind)
                             .set("value", value.value)
                             .set("expires", nullptr)
                             .set("renew", nullptr));
    }
    // "session=S" or "session=S,secret=N" behind /v1/values/.
    HttpReply values(const HttpRequest& request) const {
        std::string_view what = std::string_view(request.path).substr(kValuesPath.size());
        constexpr std::string_view kSession = "session=";
        constexpr std::string_view kSecret = ",secret=";
        if (!what.starts_with(kSession))
            return error_reply(400, {"expected /v1/values/session=NAME[,secret=NAME]"});
        what.remove_prefix(kSession.size());
        size_t comma = what.find(kSecret);
        std::string session(what.substr(0, comma));
        auto values = context_.sessions.public_values(session);
        if (!values)
            return refused(values.error());
        if (comma == std::string_view::npos) {
            Json all = Json::object();
            for (const PublicValue& value : *values)
                all.set(value.name, value_json(value));
            return json_reply(200, Json().set("values", std::move(all)));
        }
        std::string secret(what.substr(comma + kSecret.size()));
        for (const PublicValue& value : *values) {
            if (value.name == secret)
                return json_reply(200, value_json(value));
        }
        return error_reply(404, {"Failed to read value '" + secret + "' of '/session=" + session +
                                     "' requested by a public client",
                                 "Secret does not exist or is not visible for a public client"});
    }

    HttpReply version(const HttpRequest&) const {
        return json_reply(200, Json().set("version", context_.version));
    }

    HttpReply attest(const HttpRequest& request) const {
        auto nonce = request.parameter("nonce");
        auto bytes = nonce ? text::from_hex(*nonce) : std::nullopt;
        if (!bytes || bytes->size() != kNonceSize)
            return error_reply(400,
                               {"Failed to attest CAS", "expected nonce=HEX with 32 hex digits"});
        Json proof;
        proof.set("type", "None").set("statement", kNoEvidence);
        Json additional;
        additional.set("type", "CasAttestationDataV1")
            .set("nonce", text::to_hex(*bytes))
            .set("cert_chain", context_.chain_pem);
        return json_reply(200, Json()
                                   .set("proof_data", std::move(proof))
                                   .set("additional_data", std::move(additional))
                                   .set("cas_key_hash", context_.key_hash)
                                   .set("version", context_.version));
    }

    const ApiContext& context_;
    net::HttpRouter router_;
};

}  // namespace

net::HttpHandler make_session_api(const ApiContext& context) {
    auto api = std::make_shared<const SessionApi>(context);
    return [api](const HttpRequest& request) { return api->handle(request); };
}

}  // namespace scone::cas
