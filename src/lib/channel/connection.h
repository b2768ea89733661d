// Frames over a blocking transport, in clear (LAS) or inside TLS (CAS).
//
// Side:    hosted
// Errors:  those of frame.h, tls_session.h and transport.h; Unexpected for an answer of another
//          type; PeerError when the peer sent an error chain (then last_peer_error() holds it)
// Threads: not thread-safe
#pragma once

#include "lib/channel/messages.h"
#include "lib/channel/tls_session.h"
#include "lib/channel/transport.h"

namespace scone::channel {

class Connection {
  public:
    // In clear.
    explicit Connection(Transport transport, size_t largest_frame = kMaxFrameSize);
    // Performs the handshake and, for a client, check_cas_chain before anything else is sent.
    static Result<Connection> open_client(Transport transport, const TlsContext& context,
                                          const CasPin& pin, int64_t time,
                                          const std::string& server_name);
    static Result<Connection> open_server(Transport transport, const TlsContext& context);
    Connection(Connection&&) noexcept = default;

    void set_largest_frame(size_t largest) { frames_.set_largest(largest); }
    // `encoded` is what encode() of messages.h gives.
    Result<void> send(Bytes encoded);
    // Waits for the next frame. Closed at a clean end between two frames.
    Result<Frame> receive();
    // send, then receive, which must bring `answer`; hands back its payload.
    Result<crypto::SecretBytes> call(Bytes encoded, MessageType answer);
    // The chain behind the last PeerError.
    const ErrorChain& last_peer_error() const { return peer_error_; }
    // A server's view of the enclave's key; NotTrusted when there is no TLS or no certificate.
    Result<crypto::PublicKey> peer_key() const;
    Result<std::vector<crypto::Certificate>> peer_chain() const;
    // Ends TLS politely; errors do not matter any more.
    void close();

  private:
    Result<void> shake_hands(TlsSession& tls);
    Result<void> flush(TlsSession& tls);
    Result<Frame> receive_whole_frame();

    Transport transport_;
    std::optional<TlsSession> tls_;
    FrameReader frames_;
    ErrorChain peer_error_;
};

}  // namespace scone::channel
