// Accepts connections, plain or TLS 1.3, within limits, and hands each to a Protocol.
//
// Side:    host
// Units:   timeouts in milliseconds
// Errors:  Conflict (the port is in use), InvalidInput (key or certificate cannot be used), Failed
// Threads: start() before EventLoop::run(); the listener must outlive it
#pragma once

#include <atomic>
#include <memory>

#include "lib/crypto/secret_bytes.h"
#include "services/net/endpoint.h"
#include "services/net/event_loop.h"
#include "services/net/protocol.h"

namespace scone::net {

enum class ClientCertificate : uint8_t { Optional, Required };

// The server's side of TLS. Certificates of clients are taken whoever signed them: their key is the
// identity. No session tickets, no resumption, no early data.
struct TlsServerSettings {
    std::string chain_pem = {};  // leaf first
    crypto::SecretBytes key_pem = {};
    ClientCertificate client_certificate = ClientCertificate::Optional;
};

struct ListenerLimits {
    int connections = 4096;
    int connections_per_source = 1024;
    // New connections that one source (an IPv4 address, an IPv6 /64) may make: the rate goes on,
    // the burst is what it may save up. 0 switches it off.
    double handshakes_per_second = 0;
    double handshake_burst = 0;
    int handshake_timeout_ms = 10'000;
    int message_timeout_ms = 30'000;  // from a message's first byte to its last, and for replies
    int idle_timeout_ms = 120'000;
};

struct ListenerCounters {
    std::atomic<uint64_t> accepted = 0;
    std::atomic<uint64_t> refused_by_limit = 0;
    std::atomic<uint64_t> failed_handshakes = 0;
    std::atomic<uint64_t> timeouts = 0;
    std::atomic<int64_t> open = 0;
};

class Listener {
  public:
    struct Options {
        Endpoint endpoint = {};  // host: a numeric address
        ListenerLimits limits = {};
        const TlsServerSettings* tls = nullptr;  // absent: plain TCP; read only during start()
    };
    static text::Outcome<Listener> start(EventLoop& loop, const Options& options,
                                         MakeProtocol make_protocol);
    Listener(Listener&&) noexcept;
    ~Listener();

    uint16_t port() const;
    const ListenerCounters& counters() const;

  private:
    struct State;
    explicit Listener(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace scone::net
