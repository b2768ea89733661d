// TLS 1.3 without a socket: bytes in, bytes out. One implementation for CAS, which drives it from
// its event loop or a thread, and for the enclave, which drives it over host calls.
//
// Side:    hosted
// Protocol: TLS 1.3 only; P-256 or X25519; no tickets, no early data, no renegotiation. Both sides
//          show a certificate. The enclave's is self-signed and says nothing by itself: CAS
//          compares its key with the report data of the quote that follows. CAS's must be the
//          pinned one.
// Errors:  Handshake, NotTrusted, Closed, Library
// Threads: not thread-safe; sessions of one context may live in several threads
// Source:  docs/formats/enclave-protocol.md, section 5
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/channel/error.h"
#include "lib/crypto/secret_bytes.h"
#include "lib/crypto/x509.h"

struct ssl_ctx_st;
struct ssl_st;

namespace scone::channel {

// What CAS's certificates carry as DNS name. Certificates that CAS issues to services never do.
inline constexpr const char* kCasServerName = "cas";

// How an enclave knows its CAS: by the hash of a key in CAS's chain (its root's, or its leaf's), or
// by root certificates. Exactly one of the two is set.
struct CasPin {
    std::optional<crypto::KeyHash> key_hash;
    std::vector<crypto::Certificate> roots;
    // INSECURE: takes any CAS when nothing is pinned. The caller warns at each start.
    bool anyone = false;
};

// Checks CAS's chain, leaf first, against the pin: signatures, validity at `time`, the name "cas".
// NotTrusted otherwise.
Result<void> check_cas_chain(std::span<const crypto::Certificate> chain, const CasPin& pin,
                             int64_t time);

class TlsContext {
  public:
    // CAS's side: `chain` with the leaf first; asks for a client certificate and takes any.
    static Result<TlsContext> for_server(std::span<const crypto::Certificate> chain,
                                         const crypto::PrivateKey& key);
    // The enclave's side: its self-signed certificate.
    static Result<TlsContext> for_client(const crypto::Certificate& own,
                                         const crypto::PrivateKey& key);
    TlsContext(TlsContext&&) noexcept;
    TlsContext& operator=(TlsContext&&) noexcept;
    ~TlsContext();
    ssl_ctx_st* native() const { return context_; }
    bool is_server() const { return is_server_; }

  private:
    TlsContext(ssl_ctx_st* context, bool is_server) : context_(context), is_server_(is_server) {}
    ssl_ctx_st* context_;
    bool is_server_;
};

class TlsSession {
  public:
    // `server_name` is sent as SNI by a client; empty sends none.
    static Result<TlsSession> start(const TlsContext& context, const std::string& server_name = {});
    TlsSession(TlsSession&&) noexcept;
    TlsSession& operator=(TlsSession&&) noexcept;
    ~TlsSession();

    // Bytes that arrived from the peer.
    Result<void> feed(Bytes ciphertext);
    // Bytes to be sent to the peer; empty when there are none. Look after every other call.
    std::vector<uint8_t> take_output();

    // True when done; false when more bytes must be fed first.
    Result<bool> handshake();
    // Appends decrypted bytes; false when more must be fed first. Closed at the peer's end.
    Result<bool> read(crypto::SecretBytes& out);
    Result<void> write(Bytes plaintext);
    // Says the end to the peer; output holds the last bytes.
    void close();

    // After the handshake: the peer's chain, leaf first. NotTrusted when it showed none.
    Result<std::vector<crypto::Certificate>> peer_chain() const;

  private:
    explicit TlsSession(ssl_st* session) : session_(session) {}
    ssl_st* session_;
};

// SHA-512("scone-enclave-tls-1" || SPKI DER): what an enclave puts into its REPORTDATA.
Result<ByteArray<64>> tls_key_report_data(const crypto::PublicKey& key);

}  // namespace scone::channel
