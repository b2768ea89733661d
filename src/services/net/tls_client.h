// A blocking TLS 1.3 connection with deadlines, for the command line and tests.
//
// Side:    host
// Units:   timeouts in milliseconds, each for the whole call
// Errors:  Unreachable (name, connect, time out, closed), Untrusted (the server is not the expected
//          one), InvalidInput (a key or certificate of ours cannot be used)
// Threads: one thread at a time for each connection
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/crypto/key.h"
#include "lib/crypto/secret_bytes.h"
#include "lib/crypto/x509.h"
#include "services/net/endpoint.h"

namespace scone::net {

// Who we are: a certificate (PEM, self-signed or a chain) and its PKCS#8 PEM key.
struct ClientIdentity {
    std::string certificate_pem = {};
    crypto::SecretBytes key_pem = {};

    ClientIdentity duplicate() const { return {certificate_pem, key_pem.duplicate()}; }
};

enum class InsecureAnyServer : uint8_t { No, Yes };

// How the server is recognised: its chain must lead to one of the roots, or to a certificate in the
// chain it sends whose key has one of the hashes. With neither, every server is refused, unless
// insecure_any_server says that it is looked at afterwards (`scone cas attest`) or not at all.
struct ServerExpectation {
    std::vector<crypto::Certificate> roots = {};
    std::vector<crypto::KeyHash> key_hashes = {};
    std::string server_name = "cas";  // among the leaf's DNS names; empty: any
    InsecureAnyServer insecure_any_server = InsecureAnyServer::No;
};

struct TlsClientOptions {
    Endpoint server = {};
    ServerExpectation expectation = {};
    const ClientIdentity* identity = nullptr;  // not owned; must outlive connect()
    int timeout_ms = 10'000;
};

class TlsClient {
  public:
    static text::Outcome<TlsClient> connect(const TlsClientOptions& options);
    TlsClient(TlsClient&&) noexcept;
    TlsClient& operator=(TlsClient&&) noexcept;
    ~TlsClient();

    text::Outcome<void> write_all(base::Bytes bytes, int timeout_ms);
    // At least one byte; 0 when the server closed the connection in order.
    text::Outcome<size_t> read_some(base::MutableBytes out, int timeout_ms);
    // Leaf first, as the server sent them.
    const std::vector<crypto::Certificate>& server_chain() const;

  private:
    struct State;
    explicit TlsClient(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// The check behind `expectation`, for a chain that a server proved to own. `time` in seconds since
// 1970. Untrusted, with what was expected and what came.
text::Outcome<void> check_server_chain(const std::vector<crypto::Certificate>& chain,
                                       const ServerExpectation& expectation, int64_t time);

}  // namespace scone::net
