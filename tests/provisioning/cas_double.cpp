#include "cas_double.h"

#include <ctime>

namespace scone::test {
namespace {

using channel::Connection;
using channel::ErrorChain;
using channel::Frame;
using channel::MessageType;

crypto::Certificate make_root(const crypto::PrivateKey& key) {
    crypto::CertificateSpec spec;
    spec.common_name = "cas";
    spec.is_authority = true;
    spec.not_before = time(nullptr) - 60;
    spec.not_after = time(nullptr) + 3600;
    return crypto::make_self_signed(spec, key).value();
}

crypto::Certificate make_leaf(const crypto::PrivateKey& key, const crypto::Certificate& root,
                              const crypto::PrivateKey& root_key) {
    crypto::CertificateSpec spec;
    spec.common_name = "TLS";
    spec.dns_names = {"cas"};
    spec.extended_use = crypto::ExtendedUse::Server;
    spec.not_before = time(nullptr) - 60;
    spec.not_after = time(nullptr) + 3600;
    return crypto::issue_certificate(spec, key.public_key().value(), {root, root_key}).value();
}

channel::Configuration configuration() {
    channel::Configuration made;
    made.arguments.emplace_back(std::string_view("/usr/bin/python3"));
    made.arguments.emplace_back(std::string_view("app.py"));
    made.environment.push_back({"PASSWORD", channel::SecretBytes(std::string_view("secret"))});
    made.working_directory = "/app";
    made.root.emplace();
    made.root->fspf_path = "/fspf/fs.fspf";
    made.root->key.expose_mutable()[0] = 9;
    made.root->tag = base::ByteArray<16>{1};
    made.injected_files.push_back(
        {"/etc/big", channel::SecretBytes(size_t{3} << 20), 0400});  // many TLS records
    return made;
}

}  // namespace

CasDouble::CasDouble()
    : root_key_(crypto::PrivateKey::generate(crypto::NewKey::P256).value()),
      key_(crypto::PrivateKey::generate(crypto::NewKey::P256).value()),
      root_(make_root(root_key_)),
      leaf_(make_leaf(key_, root_, root_key_)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_.fd(), generic, size) == 0 && listen(listener_.fd(), 8) == 0 &&
        getsockname(listener_.fd(), generic, &size) == 0)
        port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_loop(); });
}

CasDouble::~CasDouble() {
    ends_ = true;
    listener_.shut_down();
    thread_.join();
}

channel::CasPin CasDouble::pin() const {
    return {root_.public_key()->key_hash().value(), {}};
}

void CasDouble::accept_loop() {
    while (!ends_) {
        Socket socket(::accept(listener_.fd(), nullptr, nullptr));
        if (socket.fd() < 0)
            return;
        auto done = serve(socket);
        events.push_back(done ? "served" : done.error().text);
    }
}

channel::Result<void> CasDouble::serve(Socket& socket) {
    std::vector<crypto::Certificate> chain{leaf_, root_};
    auto context = SCONE_TRY(channel::TlsContext::for_server(chain, key_));
    Connection connection = SCONE_TRY(Connection::open_server(socket.transport(), context));
    bool is_attested = false;
    for (;;) {
        auto frame = connection.receive();
        if (!frame)
            return frame.error().code == channel::ErrorCode::Closed
                       ? channel::Result<void>()
                       : std::unexpected(frame.error());
        if (frame->type == MessageType::EnclaveHello)
            SCONE_TRY(answer_hello(connection, *frame, is_attested));
        else if (!is_attested)
            SCONE_TRY(
                connection.send(SCONE_TRY(encode(ErrorChain{}.add("not attested"))).expose()));
        else if (frame->type == MessageType::ConfigurationRequest)
            SCONE_TRY(answer_configuration(connection, *frame));
        else if (frame->type == MessageType::TagUpdate)
            SCONE_TRY(connection.send(SCONE_TRY(encode(channel::TagStored{})).expose()));
        else if (frame->type == MessageType::Lease)
            SCONE_TRY(connection.send(SCONE_TRY(encode(channel::LeaseGranted{30})).expose()));
        else
            SCONE_TRY(connection.send(SCONE_TRY(encode(channel::ExitNoted{})).expose()));
    }
}

channel::Result<void> CasDouble::answer_hello(Connection& connection, const Frame& frame,
                                              bool& is_attested) {
    auto hello = SCONE_TRY(channel::decode_enclave_hello(frame.payload.expose()));
    auto key = SCONE_TRY(connection.peer_key());
    auto bound = SCONE_TRY(channel::tls_key_report_data(key));
    auto quote = attest::verify_simulated_quote(hello.quotes[0].quote, attest::AllowSimulation::Yes,
                                                policy, time(nullptr));
    ErrorChain refusal;
    if (!quote)
        refusal.add("DCAP quote verification failed").add(quote.error().text);
    else if (quote->report_data() != bound)
        refusal.add("The quote is for another TLS key");
    if (!refusal.causes.empty())
        return connection.send(SCONE_TRY(encode(refusal)).expose());
    is_attested = true;
    attested = quote->report();
    return connection.send(SCONE_TRY(encode(channel::EnclaveHelloDone{"test"})).expose());
}

channel::Result<void> CasDouble::answer_configuration(Connection& connection, const Frame& frame) {
    auto request = SCONE_TRY(channel::decode_configuration_request(frame.payload.expose()));
    if (request.config_id == "namespace/session/service")
        return connection.send(SCONE_TRY(encode(configuration())).expose());
    ErrorChain refusal;
    refusal.add("Failed to retrieve service attestation configuration")
        .add("No session of this name");
    return connection.send(SCONE_TRY(encode(refusal)).expose());
}

}  // namespace scone::test
