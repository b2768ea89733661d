// Servers and clients of this room together, on loopback.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "services/net/event_loop.h"
#include "services/net/frame_client.h"
#include "services/net/frame_server.h"
#include "services/net/http_client.h"
#include "services/net/http_server.h"
#include "services/net/las_client.h"
#include "services/net/source_limits.h"
#include "services/net/tls_listener.h"

namespace scone::net {
namespace {

using crypto::ExtendedUse;
using crypto::NewKey;
using crypto::PrivateKey;

template <class T, class E>
T must(base::Result<T, E>&& result) {
    EXPECT_TRUE(result) << result.error().text;
    return std::move(*result);
}

int64_t now() {
    return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
}

crypto::CertificateSpec spec_of(const char* name, ExtendedUse use) {
    crypto::CertificateSpec spec;
    spec.common_name = name;
    spec.dns_names = {name};
    spec.extended_use = use;
    spec.not_before = now() - 60;
    spec.not_after = now() + 3600;
    return spec;
}

struct Identity {
    PrivateKey key = must(PrivateKey::generate(NewKey::P256));
    crypto::Certificate certificate =
        must(crypto::make_self_signed(spec_of("client", ExtendedUse::Client), key));
    ClientIdentity client() const { return {must(certificate.pem()), must(key.pkcs8_pem())}; }
};

// A root "ca" and a server certificate "cas" from it.
struct TestAuthority {
    PrivateKey root_key = must(PrivateKey::generate(NewKey::P256));
    PrivateKey key = must(PrivateKey::generate(NewKey::P256));
    crypto::Certificate root = [this] {
        auto spec = spec_of("ca", ExtendedUse::None);
        spec.dns_names.clear();
        spec.is_authority = true;
        return must(crypto::make_self_signed(spec, root_key));
    }();
    crypto::Certificate leaf = must(crypto::issue_certificate(
        spec_of("cas", ExtendedUse::Server), must(key.public_key()), {root, root_key}));
    TlsServerSettings settings(ClientCertificate wanted) const {
        return {must(leaf.pem()) + must(root.pem()), must(key.pkcs8_pem()), wanted};
    }
    crypto::KeyHash root_hash() const { return must(must(root.public_key()).key_hash()); }
};

class ServerTest : public testing::Test {
  protected:
    void start(MakeProtocol protocol, const TlsServerSettings* tls, ListenerLimits limits = {}) {
        auto started = Listener::start(loop_, {{"127.0.0.1", 0}, limits, tls}, std::move(protocol));
        ASSERT_TRUE(started) << started.error().what;
        listener_.emplace(std::move(*started));
        thread_ = std::jthread([this] { loop_.run(); });
    }
    void TearDown() override { loop_.stop(); }
    Endpoint endpoint() const { return {"127.0.0.1", listener_->port()}; }
    TlsClientOptions options() const {
        TlsClientOptions out;
        out.server = endpoint();
        out.expectation.roots = {authority_.root};
        out.timeout_ms = 3000;
        return out;
    }

    TestAuthority authority_;
    EventLoop loop_{{.connection_threads = 1, .handler_threads = 2}};
    std::optional<Listener> listener_;
    std::jthread thread_;
};

HttpReply who_am_i(const HttpRequest& request) {
    std::string name =
        request.peer.certificate ? request.peer.certificate->subject_common_name() : "nobody";
    return {200, "text/plain", name + ":" + request.body, {}};
}

TEST_F(ServerTest, HttpsKnowsTheClientByItsCertificate) {
    auto tls = authority_.settings(ClientCertificate::Optional);
    start(serve_http({}, who_am_i), &tls);
    Identity identity;
    ClientIdentity client = identity.client();
    auto with = options();
    with.identity = &client;
    HttpClient http(with);
    for (int i = 0; i < 3; ++i) {
        auto reply =
            http.send({.method = "POST", .target = "/", .body = std::string(100'000, 'x')});
        ASSERT_TRUE(reply) << reply.error().what;
        EXPECT_EQ(reply->body, "client:" + std::string(100'000, 'x'));
    }
    HttpClient anonymous(options());
    EXPECT_EQ(anonymous.send({})->body, "nobody:");
    EXPECT_EQ(anonymous.server_chain().size(), 2u);
}

TEST_F(ServerTest, ClientRefusesAServerThatIsNotTheExpectedOne) {
    auto tls = authority_.settings(ClientCertificate::Optional);
    start(serve_http({}, who_am_i), &tls);
    auto expect_refused = [](const TlsClientOptions& options) {
        auto client = TlsClient::connect(options);
        ASSERT_FALSE(client);
        EXPECT_EQ(client.error().exit_code, text::ExitCode::Untrusted) << client.error().what;
    };
    auto other_root = options();
    other_root.expectation.roots = {TestAuthority().root};
    expect_refused(other_root);
    auto other_hash = options();
    other_hash.expectation.roots.clear();
    other_hash.expectation.key_hashes = {crypto::KeyHash{}};
    expect_refused(other_hash);
    auto nothing = options();
    nothing.expectation.roots.clear();
    expect_refused(nothing);
    auto other_name = options();
    other_name.expectation.server_name = "other";
    expect_refused(other_name);
    auto pinned = options();
    pinned.expectation.roots.clear();
    pinned.expectation.key_hashes = {authority_.root_hash()};
    EXPECT_TRUE(TlsClient::connect(pinned));
}

struct UpperCase final : FrameSession {
    FrameReply on_frame(base::Bytes frame) override {
        std::vector<uint8_t> out(frame.begin(), frame.end());
        for (uint8_t& byte : out)
            byte = static_cast<uint8_t>(toupper(byte));
        return {{out, {'.'}}, frame[0] != 'q'};
    }
};

TEST_F(ServerTest, FramesOverTlsNeedAClientCertificate) {
    auto tls = authority_.settings(ClientCertificate::Required);
    start(serve_frames(64,
                       [](Peer peer) {
                           EXPECT_TRUE(peer.certificate);
                           return std::make_unique<UpperCase>();
                       }),
          &tls);
    Identity identity;
    ClientIdentity client = identity.client();
    auto with = options();
    with.identity = &client;
    FrameClient frames(std::move(*TlsClient::connect(with)));
    for (const char* word : {"abc", "quit"}) {
        ASSERT_TRUE(frames.send(base::as_bytes(word), 1000));
        auto first = frames.receive(1000);
        ASSERT_TRUE(first) << first.error().what;
        EXPECT_EQ(first->size(), std::string(word).size());
        EXPECT_EQ(frames.receive(1000)->at(0), '.');
    }
    EXPECT_FALSE(frames.receive(1000));  // closed after "quit"
    auto without = TlsClient::connect(options());
    if (without) {  // in TLS 1.3 the refusal comes with the first read
        uint8_t byte;
        EXPECT_FALSE(without->read_some({&byte, 1}, 1000));
    }
}

TEST_F(ServerTest, AnEndInsteadOfAnHttpReplyIsNamed) {
    auto tls = authority_.settings(ClientCertificate::Optional);
    start(serve_frames(8, [](Peer) { return std::make_unique<UpperCase>(); }), &tls);
    auto reply = HttpClient(options()).send({.method = "GET", .target = "/"});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().exit_code, text::ExitCode::Unreachable);
    EXPECT_NE(reply.error().what.find("instead of an answer"), std::string::npos)
        << reply.error().what;
}

TEST_F(ServerTest, WhatSpeaksNoTlsIsNamed) {
    start(serve_frames(8, [](Peer) { return std::make_unique<UpperCase>(); }), nullptr);
    auto connected = TlsClient::connect(options());
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().exit_code, text::ExitCode::Unreachable);
    EXPECT_NE(connected.error().next.find("the port of a TLS server"), std::string::npos);
}

struct LasDouble final : FrameSession {
    FrameReply on_frame(base::Bytes) override {
        channel::LasTarget target;
        target.las = "las double";
        auto encoded = must(channel::encode(target));
        base::Bytes frame = encoded.expose().subspan(4);
        return {{{frame.begin(), frame.end()}}, true};
    }
};

TEST_F(ServerTest, LasTellsWhoItIs) {
    start(serve_frames(4096, [](Peer) { return std::make_unique<LasDouble>(); }), nullptr);
    auto target = probe_las(endpoint(), "test", 2000);
    ASSERT_TRUE(target) << target.error().what;
    EXPECT_EQ(target->las, "las double");
    loop_.stop();
    thread_.join();
    listener_.reset();
    EXPECT_FALSE(probe_las({"127.0.0.1", 1}, "test", 500));
}

TEST_F(ServerTest, WhatIsNotLasIsNamed) {
    start(serve_frames(4096, [](Peer) { return std::make_unique<UpperCase>(); }), nullptr);
    auto target = probe_las(endpoint(), "test", 2000);
    ASSERT_FALSE(target);
    EXPECT_NE(target.error().what.find("is not LAS"), std::string::npos);
}

TEST_F(ServerTest, OversizedFrameClosesTheConnection) {
    start(serve_frames(8, [](Peer) { return std::make_unique<UpperCase>(); }), nullptr);
    auto tcp = TcpClient::connect(endpoint(), 1000);
    ASSERT_TRUE(tcp);
    FrameClient frames(std::move(*tcp));
    ASSERT_TRUE(frames.send(base::as_bytes("123456789"), 1000));
    EXPECT_FALSE(frames.receive(1000));
}

TEST_F(ServerTest, SilentPeersAreDropped) {
    auto tls = authority_.settings(ClientCertificate::Optional);
    start(serve_http({}, who_am_i), &tls, {.handshake_timeout_ms = 1000, .idle_timeout_ms = 100});
    auto silent = TcpClient::connect(endpoint(), 1000);
    uint8_t byte;
    auto count = silent->read_some({&byte, 1}, 20'000);
    EXPECT_TRUE(!count || *count == 0);
    auto idle = TlsClient::connect(options());
    ASSERT_TRUE(idle);
    count = idle->read_some({&byte, 1}, 20'000);
    EXPECT_TRUE(!count || *count == 0);
    // The peer sees the end a moment before it is counted.
    for (int i = 0; i < 1000 && listener_->counters().open != 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(listener_->counters().open, 0);
}

TEST_F(ServerTest, OneSourceMayOpenSoMany) {
    start(serve_http({}, who_am_i), nullptr, {.connections_per_source = 2});
    std::vector<TcpClient> held;
    for (int i = 0; i < 3; ++i)
        held.push_back(std::move(*TcpClient::connect(endpoint(), 1000)));
    uint8_t byte;
    auto refused = held[2].read_some({&byte, 1}, 2000);
    EXPECT_TRUE(!refused || *refused == 0);
    EXPECT_EQ(listener_->counters().refused_by_limit, 1u);
}

TEST_F(ServerTest, PortInUseIsNamed) {
    start(serve_http({}, who_am_i), nullptr);
    auto second = Listener::start(loop_, {endpoint(), {}, nullptr}, serve_http({}, who_am_i));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().exit_code, text::ExitCode::Conflict);
    EXPECT_NE(second.error().what.find("already in use"), std::string::npos);
}

TEST_F(ServerTest, StopsWhileConnectionsAreOpen) {
    start(serve_http({}, who_am_i), nullptr);
    auto idle = TcpClient::connect(endpoint(), 1000);
    auto begin = std::chrono::steady_clock::now();
    loop_.stop();
    thread_.join();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST(Endpoint, ReadsTheUsualForms) {
    auto text_of = [](std::string_view text) {
        auto parsed = parse_endpoint(text, 8081);
        return parsed ? parsed->text() : "refused";
    };
    EXPECT_EQ(text_of("cas"), "cas:8081");
    EXPECT_EQ(text_of("https://cas.example.com:9/"), "cas.example.com:9");
    EXPECT_EQ(text_of("[::1]:5"), "[::1]:5");
    EXPECT_EQ(text_of("::1"), "[::1]:8081");
    EXPECT_EQ(text_of("fe80::1%eth0"), "[fe80::1%eth0]:8081");
    EXPECT_EQ(text_of("0.0.0.0:0"), "0.0.0.0:0");
    for (const char* bad :
         {"", ":1", "a:", "a:b", "a:65536", "a:-1", "[::1", "[::1]x", "a b:1", "not:a:host"})
        EXPECT_EQ(text_of(bad), "refused") << bad;
}

TEST(SourceLimits, RateAndBurst) {
    SourceLimits limits({.connections = 0, .per_second = 2, .burst = 3});
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(limits.admit("a", 10.0));
    EXPECT_FALSE(limits.admit("a", 10.1));
    EXPECT_TRUE(limits.admit("b", 10.1));
    EXPECT_TRUE(limits.admit("a", 10.6));
    EXPECT_EQ(source_of_address("2001:db8::1:2:3:4"), "2001:db8::/64");
    EXPECT_EQ(source_of_address("::ffff:1.2.3.4"), "1.2.3.4");
    EXPECT_EQ(source_of_address("1.2.3.4"), "1.2.3.4");
}

}  // namespace
}  // namespace scone::net
