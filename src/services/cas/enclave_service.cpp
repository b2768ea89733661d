#include "services/cas/enclave_service.h"

#include <chrono>
#include <ctime>

#include "lib/base/endian.h"
#include "lib/channel/tls_session.h"
#include "lib/text/hex.h"
#include "services/cas/attestation.h"
#include "services/cas/service_configurator.h"

namespace scone::cas {
namespace {

using channel::ErrorChain;
using channel::MessageType;
using crypto::SecretBytes;

constexpr size_t kTypeAndVersionSize = 4;
constexpr uint64_t kLeaseSeconds = 300;

struct Asked {
    std::string session;
    std::string service;
    std::string one_time_password;
    std::string id() const { return session + "/" + service; }
};

ErrorChain chain_of(std::string first) {
    ErrorChain chain;
    chain.add(std::move(first));
    return chain;
}

// "a/b/service@123456".
std::optional<Asked> parse_config_id(std::string_view text) {
    Asked out;
    size_t at = text.find('@');
    if (at != std::string_view::npos) {
        out.one_time_password = text.substr(at + 1);
        text = text.substr(0, at);
    }
    size_t slash = text.rfind('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size())
        return std::nullopt;
    out.session = text.substr(0, slash);
    out.service = text.substr(slash + 1);
    return out;
}

class EnclaveSession final : public net::FrameSession {
  public:
    EnclaveSession(EnclaveContext& context, net::Peer peer)
        : context_(context), peer_(std::move(peer)) {}

    net::FrameReply on_frame(base::Bytes frame) override {
        if (frame.size() < kTypeAndVersionSize ||
            base::load_le16(frame.data() + 2) != channel::kProtocolVersion)
            return {{}, false};
        auto type = static_cast<MessageType>(base::load_le16(frame.data()));
        auto answer = dispatch(type, frame.subspan(kTypeAndVersionSize));
        bool keep_open = answer.has_value();
        channel::Result<SecretBytes> encoded =
            answer ? std::move(*answer) : channel::encode(answer.error());
        if (!encoded)
            return {{}, false};
        base::Bytes without_length = encoded->expose().subspan(4);
        return {{{without_length.begin(), without_length.end()}}, keep_open};
    }

  private:
    // The encoded answer; only OpenSSL's want of memory makes encoding fail.
    using Reply = Attested<channel::Result<SecretBytes>>;

    Reply dispatch(MessageType type, base::Bytes payload) {
        switch (type) {
            case MessageType::EnclaveHello:
                return on_hello(payload);
            case MessageType::ConfigurationRequest:
                return on_configuration_request(payload);
            case MessageType::TagUpdate:
                return on_tag_update(payload);
            case MessageType::Lease:
                return on_lease(payload);
            case MessageType::Exit:
                return on_exit(payload);
            default:
                return std::unexpected(chain_of("Unexpected message"));
        }
    }

    template <class T>
    static Attested<T> decoded(channel::Result<T>&& message) {
        if (message)
            return std::move(*message);
        ErrorChain chain;
        chain.add("Malformed message").add(message.error().text);
        return std::unexpected(std::move(chain));
    }

    // Quotes are kept, and verified when the policy is known: it says what is tolerated.
    Reply on_hello(base::Bytes payload) {
        hello_ = SCONE_TRY(decoded(channel::decode_enclave_hello(payload)));
        return channel::encode(channel::EnclaveHelloDone{context_.version});
    }

    Attested<base::ByteArray<64>> expected_report_data() const {
        auto key = peer_.certificate
                       ? peer_.certificate->public_key()
                       : crypto::error(crypto::ErrorCode::NotTrusted, "no client certificate");
        if (!key)
            return std::unexpected(chain_of("The enclave showed no usable TLS certificate"));
        return decoded(channel::tls_key_report_data(*key));
    }

    Reply on_configuration_request(base::Bytes payload) {
        auto begin = std::chrono::steady_clock::now();
        auto request = SCONE_TRY(decoded(channel::decode_configuration_request(payload)));
        auto configured = attest_and_configure(request);
        auto time = std::chrono::steady_clock::now() - begin;
        context_.metrics.attestation_micros += static_cast<uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(time).count());
        if (!configured) {
            ++context_.metrics.services_refused;
            auto noted = context_.audit.append("service refused",
                                               {{"service", request.config_id},
                                                {"source", peer_.address},
                                                {"reason", configured.error().causes.back().text}});
            (void)noted;  // a refusal stands whether it could be noted or not
            return std::unexpected(std::move(configured.error()));
        }
        ++context_.metrics.services_attested;
        volumes_ = std::move(configured->volumes);
        return channel::encode(configured->configuration);
    }

    Attested<ConfiguredService> attest_and_configure(const channel::ConfigurationRequest& request) {
        if (!hello_)
            return std::unexpected(chain_of("The enclave did not say hello"));
        auto asked = parse_config_id(request.config_id);
        if (!asked)
            return std::unexpected(chain_of("Invalid configuration id '" + request.config_id +
                                            "': expected SESSION/SERVICE"));
        SessionPointer session = SCONE_TRY(load_session(asked->session));
        const policy::ServiceRule* service = session->session.find_service(asked->service);
        if (service == nullptr)
            return std::unexpected(retrieval_failure("Session '" + asked->session +
                                                     "' has no service '" + asked->service + "'"));
        SecretResolver secrets(context_.sessions, session);
        auto security = SCONE_TRY(resolved(
            policy::resolve_security(session->session.security, secrets.fragment_lookup())));
        SCONE_TRY(check_second_factors(*asked, *service, security, request));
        std::string measurement = SCONE_TRY(attest(*session, *service, security, secrets));
        auto out = SCONE_TRY(configure_service(context_.sessions, session, *service, secrets));
        auto noted = context_.audit.append("service attested", {{"service", asked->id()},
                                                                {"session_hash", session->hash},
                                                                {"source", peer_.address},
                                                                {"evidence", measurement}});
        if (!noted)
            return std::unexpected(chain_of(noted.error().what));
        service_id_ = asked->id();
        return out;
    }

    static ErrorChain retrieval_failure(const std::string& why) {
        ErrorChain chain;
        chain.add("Failed to retrieve service attestation configuration").add(why);
        return chain;
    }
    template <class T>
    static Attested<T> resolved(policy::Checked<T>&& part) {
        if (part)
            return std::move(*part);
        return std::unexpected(retrieval_failure(
            part.error().empty() ? "a fragment is missing" : to_string(part.error().front())));
    }

    Attested<SessionPointer> load_session(const std::string& name) {
        auto session = context_.sessions.load(name);
        if (!session)
            return std::unexpected(retrieval_failure(session.error().what));
        if (!*session)
            return std::unexpected(retrieval_failure("Session '" + name + "' does not exist"));
        auto lasting = context_.service.renew_certificates(*session, std::time(nullptr));
        if (!lasting)
            return std::unexpected(retrieval_failure(lasting.error().messages.back()));
        return *lasting;
    }

    // Before attestation goes on: one-time password and access token, where the policy has them.
    Attested<void> check_second_factors(const Asked& asked, const policy::ServiceRule& service,
                                        const policy::Security& security,
                                        const channel::ConfigurationRequest& request) {
        const auto& secret = service.one_time_password_shared_secret
                                 ? service.one_time_password_shared_secret
                                 : security.one_time_password_shared_secret;
        if (secret) {
            switch (context_.one_time_passwords.check(asked.id(), *secret, asked.one_time_password,
                                                      std::time(nullptr))) {
                case OtpVerdict::Accepted:
                    break;
                case OtpVerdict::AlreadyUsed:
                    return std::unexpected(retrieval_failure(
                        "A One-time Password was already used within this time-step. Please try "
                        "again in the next time-step"));
                default:
                    return std::unexpected(retrieval_failure(
                        "The given One-time Password is invalid. Please try again."));
            }
        }
        const auto& token = security.service_access_token;
        if (token && !base::equal_in_constant_time(base::as_bytes(*token),
                                                   request.service_access_token.expose()))
            return std::unexpected(
                retrieval_failure("The service access token is missing or wrong "
                                  "(SCONE_SERVICE_ACCESS_TOKEN)"));
        return {};
    }

    // What was attested, for the audit log.
    Attested<std::string> attest(const SessionRecord& session, const policy::ServiceRule& service,
                                 const policy::Security& security, SecretResolver& secrets) {
        if (security.mode == policy::AttestationMode::None)
            return "none demanded";
        if (security.mode == policy::AttestationMode::Maa || security.must_be_sgx_local ||
            security.singleton_enclaves)
            return std::unexpected(retrieval_failure(
                "session '" + session.session.name +
                "' demands attestation by MAA, local attestation or singleton enclaves, which this "
                "CAS does not support"));
        auto variants =
            SCONE_TRY(resolved(policy::resolve_attestation(service, secrets.fragment_lookup())));
        std::vector<std::string> platforms = SCONE_TRY(resolve_platforms(service, secrets));
        base::ByteArray<64> bound = SCONE_TRY(expected_report_data());
        int64_t now = std::time(nullptr);
        ErrorChain last = chain_of("The enclave sent no quote");
        for (const channel::QuoteReply& quote : hello_->quotes) {
            auto evidence = context_.quotes.check(quote, bound, tolerances_of(security), now);
            Attested<void> checked = evidence ? check_enclave(*evidence, {variants, platforms})
                                              : std::unexpected(std::move(evidence.error()));
            if (checked)
                return describe(*evidence);
            last = std::move(checked.error());
        }
        return std::unexpected(std::move(last));
    }

    static Attested<std::vector<std::string>> resolve_platforms(const policy::ServiceRule& service,
                                                                SecretResolver& secrets) {
        std::vector<std::string> out;
        for (const std::string& platform : service.platforms) {
            auto text = policy::substitute(platform, secrets.value_lookup(), policy::Content::Text);
            if (!text)
                return std::unexpected(retrieval_failure(text.error().what));
            out.push_back(std::move(*text));
        }
        return out;
    }

    Reply on_tag_update(base::Bytes payload) {
        auto update = SCONE_TRY(decoded(channel::decode_tag_update(payload)));
        for (const BoundVolume& volume : volumes_) {
            if (volume.name != update.volume)
                continue;
            SCONE_TRY(store_tag(context_.sessions.store(), volume, update.old_tag, update.new_tag));
            ++context_.metrics.tag_updates;
            return channel::encode(channel::TagStored{});
        }
        return std::unexpected(chain_of(update.volume.empty()
                                            ? "The root tree of a service cannot be changed"
                                            : "The service has no volume '" + update.volume + "'"));
    }

    Reply on_lease(base::Bytes payload) {
        SCONE_TRY(checked_empty(payload));
        if (service_id_.empty())
            return std::unexpected(chain_of("The enclave has no configuration yet"));
        return channel::encode(channel::LeaseGranted{kLeaseSeconds});
    }

    Reply on_exit(base::Bytes payload) {
        auto exit = SCONE_TRY(decoded(channel::decode_exit(payload)));
        if (service_id_.empty())
            return std::unexpected(chain_of("The enclave has no configuration yet"));
        auto noted =
            context_.audit.append("service exited", {{"service", service_id_},
                                                     {"status", std::to_string(exit.status)},
                                                     {"signal", std::to_string(exit.signal)}});
        if (!noted)
            return std::unexpected(chain_of(noted.error().what));
        return channel::encode(channel::ExitNoted{});
    }

    static Attested<void> checked_empty(base::Bytes payload) {
        if (channel::decode_empty(payload))
            return {};
        return std::unexpected(chain_of("Malformed message"));
    }

    static std::string describe(const Evidence& evidence) {
        return std::string(evidence.is_simulated() ? "simulated" : "DCAP") + " mrenclave " +
               text::to_hex(evidence.report.mr_enclave);
    }

    EnclaveContext& context_;
    net::Peer peer_;
    std::optional<channel::EnclaveHello> hello_;
    std::vector<BoundVolume> volumes_;
    std::string service_id_;
};

}  // namespace

net::MakeFrameSession serve_enclaves(EnclaveContext& context) {
    return [&context](net::Peer peer) {
        return std::make_unique<EnclaveSession>(context, std::move(peer));
    };
}

}  // namespace scone::cas
