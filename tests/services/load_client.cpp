#include "load_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>

#include "lib/base/endian.h"
#include "lib/channel/messages.h"

namespace scone::test {
namespace {

[[noreturn]] void give_up(const char* what) {
    std::fprintf(stderr, "bench_cas: %s\n", what);
    std::exit(1);
}

void read_all(SSL* connection, uint8_t* to, size_t size) {
    while (size > 0) {
        size_t count = 0;
        if (SSL_read_ex(connection, to, size, &count) != 1)
            give_up("CAS closed the connection");
        to += count;
        size -= count;
    }
}

// `message` with its length in front; the payload of an answer of this type.
std::vector<uint8_t> exchange(SSL* connection, const crypto::SecretBytes& message,
                              channel::MessageType answer) {
    base::Bytes bytes = message.expose();
    size_t written = 0;
    if (SSL_write_ex(connection, bytes.data(), bytes.size(), &written) != 1)
        give_up("CAS does not read");
    uint8_t length[4];
    read_all(connection, length, sizeof length);
    std::vector<uint8_t> frame(base::load_le32(length));
    read_all(connection, frame.data(), frame.size());
    if (frame.size() < 4 ||
        static_cast<channel::MessageType>(base::load_le16(frame.data())) != answer)
        give_up("CAS refuses");
    return frame;
}

}  // namespace

LoadClient::LoadClient(uint16_t port, const net::ClientIdentity& identity)
    : port_(port), context_(SSL_CTX_new(TLS_client_method())) {
    auto certificate = crypto::Certificate::from_pem(identity.certificate_pem);
    auto key = crypto::PrivateKey::from_pem(identity.key_pem.expose_text());
    if (!context_ || !certificate || !key ||
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION) != 1 ||
        SSL_CTX_set1_groups_list(context_.get(), "X25519") != 1 ||
        SSL_CTX_use_certificate(context_.get(), certificate->native()) != 1 ||
        SSL_CTX_use_PrivateKey(context_.get(), key->native()) != 1)
        give_up("TLS cannot be set up");
}

LoadClient::Connection LoadClient::connect() const {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    Connection connection(SSL_new(context_.get()));
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        give_up("CAS does not answer");
    BIO* bio = BIO_new_socket(descriptor, BIO_CLOSE);
    SSL_set_bio(connection.get(), bio, bio);
    if (SSL_connect(connection.get()) != 1)
        give_up("the TLS handshake failed");
    return connection;
}

void LoadClient::shake_hands() {
    Connection connection = connect();
    SSL_shutdown(connection.get());
}

void LoadClient::configure(base::Bytes simulated_quote, const std::string& config_id) {
    Connection connection = connect();
    channel::EnclaveHello hello;
    hello.quotes.push_back(
        {channel::QuoteKind::Simulated, {simulated_quote.begin(), simulated_quote.end()}});
    hello.runtime = "load";
    auto first = encode(hello);
    auto second = encode(channel::ConfigurationRequest{config_id, {}});
    if (!first || !second)
        give_up("a message cannot be encoded");
    exchange(connection.get(), *first, channel::MessageType::EnclaveHelloDone);
    exchange(connection.get(), *second, channel::MessageType::Configuration);
    SSL_shutdown(connection.get());
}

}  // namespace scone::test
