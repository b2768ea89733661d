#include "lib/channel/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace scone::channel {
namespace {

using crypto::Certificate;
using crypto::CertificateSpec;
using crypto::NewKey;
using crypto::PrivateKey;

constexpr int64_t kNow = 1'800'000'000;

struct SocketPair {
    int ends[2];
    SocketPair() { EXPECT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends)); }
    ~SocketPair() {
        close_end(0);
        close_end(1);
    }
    void close_end(int end) {
        if (ends[end] >= 0)
            ::close(std::exchange(ends[end], -1));
    }
    Transport transport(int end) {
        return {&ends[end],
                [](void* context, base::MutableBytes buffer) -> int64_t {
                    ssize_t n =
                        ::recv(*static_cast<int*>(context), buffer.data(), buffer.size(), 0);
                    return n < 0 ? -errno : n;
                },
                [](void* context, Bytes data) -> int64_t {
                    ssize_t n =
                        ::send(*static_cast<int*>(context), data.data(), data.size(), MSG_NOSIGNAL);
                    return n < 0 ? -errno : n;
                }};
    }
};

CertificateSpec spec(const char* name) {
    CertificateSpec made;
    made.common_name = name;
    made.not_before = kNow - 1000;
    made.not_after = kNow + 1000;
    return made;
}

struct Cas {
    PrivateKey root_key = PrivateKey::generate(NewKey::P256).value();
    PrivateKey key = PrivateKey::generate(NewKey::P256).value();
    Certificate root = make_root();
    Certificate leaf = make_leaf("cas");

    Certificate make_root() {
        CertificateSpec made = spec("cas");
        made.is_authority = true;
        return make_self_signed(made, root_key).value();
    }
    Certificate make_leaf(const char* dns_name) {
        CertificateSpec made = spec("TLS");
        made.dns_names = {dns_name};
        made.extended_use = crypto::ExtendedUse::Server;
        return issue_certificate(made, key.public_key().value(), {root, root_key}).value();
    }
    std::vector<Certificate> chain() const { return {leaf, root}; }
    CasPin pin() const { return {root.public_key()->key_hash().value(), {}}; }
};

struct Enclave {
    PrivateKey key = PrivateKey::generate(NewKey::P256).value();
    Certificate certificate = make_self_signed(spec("enclave"), key).value();
    TlsContext context = TlsContext::for_client(certificate, key).value();
};

TEST(Connection, CarriesMessagesBothWaysAndShowsTheEnclavesKey) {
    Cas cas;
    Enclave enclave;
    SocketPair sockets;
    std::thread server([&] {
        TlsContext context = TlsContext::for_server(cas.chain(), cas.key).value();
        auto connection = Connection::open_server(sockets.transport(1), context).value();
        EXPECT_EQ(enclave.key.public_key()->key_hash().value(),
                  connection.peer_key()->key_hash().value());
        Frame frame = connection.receive().value();
        EXPECT_EQ(MessageType::EnclaveHello, frame.type);
        EXPECT_EQ("test", decode_enclave_hello(frame.payload.expose())->runtime);
        ASSERT_TRUE(connection.send(encode(EnclaveHelloDone{"cas 1"})->expose()));
        frame = connection.receive().value();
        ASSERT_TRUE(connection.send(encode(ErrorChain{}.add("no"))->expose()));
        EXPECT_EQ(ErrorCode::Closed, connection.receive().error().code);
    });
    auto connection =
        Connection::open_client(sockets.transport(0), enclave.context, cas.pin(), kNow, "cas");
    ASSERT_TRUE(connection) << connection.error().text;
    EnclaveHello hello;
    hello.runtime = "test";
    hello.quotes.resize(1);
    hello.quotes[0].quote.assign(kMaxQuoteSize, 7);  // several TLS records
    auto done = connection->call(encode(hello)->expose(), MessageType::EnclaveHelloDone);
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ("cas 1", decode_enclave_hello_done(done->expose())->cas);
    ConfigurationRequest request{"a/b", {}};
    auto refused = connection->call(encode(request)->expose(), MessageType::Configuration);
    EXPECT_EQ(ErrorCode::PeerError, refused.error().code);
    EXPECT_EQ("no", connection->last_peer_error().causes.at(0).text);
    connection->close();
    server.join();
}

// Runs a handshake against a server with this chain; the client's verdict.
ErrorCode verdict(std::span<const Certificate> chain, const PrivateKey& key, const CasPin& pin,
                  int64_t time) {
    Enclave enclave;
    SocketPair sockets;
    std::thread server([&] {
        TlsContext context = TlsContext::for_server(chain, key).value();
        auto connection = Connection::open_server(sockets.transport(1), context);
        // The client sends nothing to a server it refuses.
        EXPECT_FALSE(connection && connection->receive());
    });
    ErrorCode code = ErrorCode::Library;
    {
        auto connection =
            Connection::open_client(sockets.transport(0), enclave.context, pin, time, "cas");
        if (!connection)
            code = connection.error().code;
    }
    shutdown(sockets.ends[0], SHUT_RDWR);
    server.join();
    return code;
}

TEST(Connection, OnlyThePinnedCasIsSpokenTo) {
    Cas cas;
    Cas other;
    EXPECT_EQ(ErrorCode::Library, verdict(cas.chain(), cas.key, cas.pin(), kNow));
    EXPECT_EQ(ErrorCode::Library, verdict(cas.chain(), cas.key, {{}, {cas.root}}, kNow));
    CasPin leaf_pin{cas.key.public_key()->key_hash().value(), {}};
    EXPECT_EQ(ErrorCode::Library, verdict(std::vector{cas.leaf}, cas.key, leaf_pin, kNow));

    EXPECT_EQ(ErrorCode::NotTrusted, verdict(cas.chain(), cas.key, other.pin(), kNow));
    EXPECT_EQ(ErrorCode::NotTrusted, verdict(cas.chain(), cas.key, {{}, {other.root}}, kNow));
    EXPECT_EQ(ErrorCode::NotTrusted, verdict(cas.chain(), cas.key, {}, kNow));
    CasPin anyone;
    anyone.anyone = true;
    EXPECT_EQ(ErrorCode::Library, verdict(other.chain(), other.key, anyone, kNow));
    CasPin pinned = cas.pin();
    pinned.anyone = true;  // a pin counts whatever stands beside it
    EXPECT_EQ(ErrorCode::NotTrusted, verdict(other.chain(), other.key, pinned, kNow));
    EXPECT_EQ(ErrorCode::NotTrusted, verdict(cas.chain(), cas.key, cas.pin(), kNow + 5000));
    EXPECT_EQ(ErrorCode::NotTrusted, verdict(cas.chain(), cas.key, leaf_pin, kNow + 5000));
    // The pinned root is shown, but did not sign the leaf.
    EXPECT_EQ(ErrorCode::NotTrusted,
              verdict(std::vector{other.leaf, cas.root}, other.key, cas.pin(), kNow));
    // Issued by CAS, but to a service.
    EXPECT_EQ(ErrorCode::NotTrusted, verdict(std::vector{cas.make_leaf("my-service"), cas.root},
                                             cas.key, cas.pin(), kNow));
}

TEST(Connection, NoticesAnEndInsideAFrame) {
    SocketPair sockets;
    Connection connection(sockets.transport(0));
    ASSERT_EQ(6, ::send(sockets.ends[1], "\x10\0\0\0\1\0", 6, 0));
    sockets.close_end(1);
    EXPECT_EQ(ErrorCode::Malformed, connection.receive().error().code);
}

TEST(Connection, RefusesPlainTextWhereTlsIsExpected) {
    Cas cas;
    SocketPair sockets;
    ASSERT_EQ(5, ::send(sockets.ends[1], "GET /", 5, 0));
    sockets.close_end(1);
    TlsContext context = TlsContext::for_server(cas.chain(), cas.key).value();
    auto connection = Connection::open_server(sockets.transport(0), context);
    EXPECT_FALSE(connection);
}

TEST(ReportData, DependsOnTheKey) {
    Enclave a;
    Enclave b;
    auto data = tls_key_report_data(a.key.public_key().value()).value();
    EXPECT_EQ(data, tls_key_report_data(a.certificate.public_key().value()).value());
    EXPECT_NE(data, tls_key_report_data(b.key.public_key().value()).value());
}

}  // namespace
}  // namespace scone::channel
