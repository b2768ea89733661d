#include "runtime/trusted/provisioning/provision.h"

namespace scone::provisioning {
namespace {

using channel::Connection;
using channel::MessageType;
using channel::SecretBytes;

constexpr int64_t kDay = 86400;
constexpr size_t kLargestLasFrame = channel::kMaxQuoteSize + 4096;

std::unexpected<ErrorChain> failed(std::string outer, std::string cause) {
    return std::unexpected(ErrorChain{}.add(std::move(outer)).add(std::move(cause)));
}

std::string text_of(const channel::Error& error) {
    std::string text = error.text;
    if (error.code == channel::ErrorCode::Transport)
        text += " (errno " + std::to_string(error.number) + ")";
    return text;
}

// What the peer said about a failure, below what we were doing.
std::unexpected<ErrorChain> peer_failed(const std::string& prefix, const ErrorChain& told) {
    ErrorChain chain = told;
    if (chain.causes.empty())
        chain.add("no reason given");
    chain.causes.front().text = prefix + chain.causes.front().text;
    return std::unexpected(std::move(chain));
}

std::string text_of(const crypto::Error& error) {
    return error.text;
}

template <class T, class E>
Result<T> or_failed(base::Result<T, E> result, const char* doing) {
    if (!result)
        return failed(doing, text_of(result.error()));
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return std::move(*result);
}

// The enclave's key of this start and its certificate, which only carries the key.
struct Identity {
    crypto::PrivateKey key;
    crypto::Certificate certificate;
    base::ByteArray<64> report_data;
};

Result<Identity> make_identity(int64_t time) {
    constexpr const char* kDoing = "Could not make the enclave's TLS key";
    auto key = SCONE_TRY(or_failed(crypto::PrivateKey::generate(crypto::NewKey::P256), kDoing));
    crypto::CertificateSpec spec;
    spec.common_name = "SCONE enclave";
    spec.extended_use = crypto::ExtendedUse::Client;
    spec.not_before = time - kDay;
    spec.not_after = time + 3650 * kDay;
    auto certificate = SCONE_TRY(or_failed(crypto::make_self_signed(spec, key), kDoing));
    auto public_key = SCONE_TRY(or_failed(key.public_key(), kDoing));
    auto data = SCONE_TRY(or_failed(channel::tls_key_report_data(public_key), kDoing));
    return Identity{std::move(key), std::move(certificate), data};
}

class Provisioning {
  public:
    Provisioning(const Surroundings& surroundings, const ProvisionRequest& request)
        : surroundings_(surroundings), request_(request) {}

    Result<Provisioned> run() {
        Identity identity = SCONE_TRY(make_identity(surroundings_.time));
        log("Generated enclave certificate");
        channel::QuoteReply quote = SCONE_TRY(get_quote(identity));
        log("Got Quote from LAS");
        Connection cas = SCONE_TRY(connect_to_cas(identity));
        log("Created TLS channel to CAS");
        SCONE_TRY(say_hello(cas, std::move(quote)));
        log("Successfully attested enclave via CAS");
        channel::Configuration configuration = SCONE_TRY(get_configuration(cas));
        log("Received configuration from CAS!");
        return Provisioned{std::move(configuration), CasSession(std::move(cas))};
    }

  private:
    void log(const char* text) const {
        if (surroundings_.log.line != nullptr)
            surroundings_.log.line(surroundings_.log.context, text);
    }

    // One exchange with LAS; its answers are not trusted, only bounded.
    Result<SecretBytes> ask_las(Connection& las, channel::Result<SecretBytes> message,
                                MessageType answer) {
        SecretBytes encoded = SCONE_TRY(or_failed(std::move(message), "Could not talk to LAS"));
        auto reply = las.call(encoded.expose(), answer);
        if (reply)
            return std::move(*reply);
        if (reply.error().code == channel::ErrorCode::PeerError)
            return peer_failed("LAS sent an error: ", las.last_peer_error());
        return failed("Could not get a quote from LAS", text_of(reply.error()));
    }

    Result<channel::QuoteReply> get_quote(const Identity& identity) {
        constexpr const char* kDoing = "LAS sent a message that is malformed";
        Connection las(surroundings_.las, kLargestLasFrame);
        log("Sending Attestation Request to LAS");
        SecretBytes payload = SCONE_TRY(
            ask_las(las, encode(channel::LasHello{request_.runtime}), MessageType::LasTarget));
        channel::LasTarget target =
            SCONE_TRY(or_failed(channel::decode_las_target(payload.expose()), kDoing));
        channel::QuoteRequest request;
        if (!surroundings_.report.make(surroundings_.report.context, target.target_info,
                                       identity.report_data, request.report))
            return failed("Could not make a report for LAS's quoting enclave",
                          "EREPORT refused its target information");
        payload = SCONE_TRY(ask_las(las, encode(request), MessageType::QuoteReply));
        return or_failed(channel::decode_quote_reply(payload.expose()), kDoing);
    }

    Result<Connection> connect_to_cas(const Identity& identity) {
        constexpr const char* kDoing = "Failed to establish an encrypted channel to CAS";
        auto context = SCONE_TRY(
            or_failed(channel::TlsContext::for_client(identity.certificate, identity.key), kDoing));
        return or_failed(Connection::open_client(surroundings_.cas, context, request_.pin,
                                                 surroundings_.time, request_.cas_server_name),
                         kDoing);
    }

    Result<SecretBytes> ask_cas(Connection& cas, channel::Result<SecretBytes> message,
                                MessageType answer) {
        SecretBytes encoded = SCONE_TRY(or_failed(std::move(message), "Could not talk to CAS"));
        auto reply = cas.call(encoded.expose(), answer);
        if (reply)
            return std::move(*reply);
        if (reply.error().code == channel::ErrorCode::PeerError)
            return peer_failed("CAS sent an attestation/configuration error: ",
                               cas.last_peer_error());
        return failed("Lost the connection to CAS", text_of(reply.error()));
    }

    Result<void> say_hello(Connection& cas, channel::QuoteReply quote) {
        channel::EnclaveHello hello;
        hello.quotes.push_back(std::move(quote));
        hello.runtime = request_.runtime;
        log("Sending enclave hello message to CAS");
        SecretBytes payload = SCONE_TRY(ask_cas(cas, encode(hello), MessageType::EnclaveHelloDone));
        SCONE_TRY(or_failed(channel::decode_enclave_hello_done(payload.expose()),
                            "CAS sent a message that is malformed"));
        return {};
    }

    Result<channel::Configuration> get_configuration(Connection& cas) {
        channel::ConfigurationRequest request{request_.config_id,
                                              request_.service_access_token.duplicate()};
        log("Sending configuration request to CAS!");
        SecretBytes payload = SCONE_TRY(ask_cas(cas, encode(request), MessageType::Configuration));
        return or_failed(channel::decode_configuration(payload.expose()),
                         "CAS sent a configuration that is malformed");
    }

    const Surroundings& surroundings_;
    const ProvisionRequest& request_;
};

}  // namespace

Result<Provisioned> provision(const Surroundings& surroundings, const ProvisionRequest& request) {
    return Provisioning(surroundings, request).run();
}

Result<SecretBytes> CasSession::call(channel::Result<SecretBytes> message, MessageType answer,
                                     const char* doing) {
    SecretBytes encoded = SCONE_TRY(or_failed(std::move(message), doing));
    auto reply = connection_.call(encoded.expose(), answer);
    if (reply)
        return std::move(*reply);
    if (reply.error().code == channel::ErrorCode::PeerError)
        return peer_failed(std::string(doing) + ": ", connection_.last_peer_error());
    return failed(doing, text_of(reply.error()));
}

Result<void> CasSession::update_tag(const channel::TagUpdate& update) {
    constexpr const char* kDoing = "CAS did not store the new tag of the file system";
    SecretBytes payload = SCONE_TRY(call(encode(update), MessageType::TagStored, kDoing));
    return or_failed(channel::decode_empty(payload.expose()), kDoing);
}

Result<uint64_t> CasSession::renew_lease() {
    constexpr const char* kDoing = "CAS did not renew the lease";
    SecretBytes payload =
        SCONE_TRY(call(encode(channel::Lease{}), MessageType::LeaseGranted, kDoing));
    return SCONE_TRY(or_failed(channel::decode_lease_granted(payload.expose()), kDoing)).seconds;
}

Result<void> CasSession::report_exit(uint64_t status, uint64_t signal) {
    constexpr const char* kDoing = "CAS did not note the service's exit";
    auto reply = call(encode(channel::Exit{status, signal}), MessageType::ExitNoted, kDoing);
    connection_.close();
    if (!reply)
        return std::unexpected(std::move(reply.error()));
    return {};
}

}  // namespace scone::provisioning
