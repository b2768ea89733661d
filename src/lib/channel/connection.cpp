#include "lib/channel/connection.h"

#include <algorithm>

namespace scone::channel {
namespace {

constexpr size_t kReadSize = size_t{16} * 1024;

// At least one byte from the transport, appended to nothing: the bytes themselves.
Result<crypto::SecretBytes> read_some(const Transport& transport) {
    crypto::SecretBytes buffer(kReadSize);
    int64_t count = transport.read(transport.context, buffer.expose_mutable());
    if (count == 0)
        return error(ErrorCode::Closed, "peer closed the connection");
    if (count < 0)
        return error(ErrorCode::Transport, "reading from the connection failed",
                     static_cast<uint64_t>(-count));
    // HOST: a transport that claims more than it was given is refused.
    if (static_cast<uint64_t>(count) > kReadSize)
        return error(ErrorCode::Transport, "transport gave more bytes than asked for");
    return crypto::SecretBytes(buffer.expose().first(static_cast<size_t>(count)));
}

}  // namespace

Result<void> write_all(const Transport& transport, Bytes data) {
    while (!data.empty()) {
        int64_t count = transport.write(transport.context, data);
        if (count == 0)
            return error(ErrorCode::Closed, "connection takes no more bytes");
        if (count < 0)
            return error(ErrorCode::Transport, "writing to the connection failed",
                         static_cast<uint64_t>(-count));
        // HOST: as in read_some.
        if (static_cast<uint64_t>(count) > data.size())
            return error(ErrorCode::Transport, "transport took more bytes than it was given");
        data = data.subspan(static_cast<size_t>(count));
    }
    return {};
}

Connection::Connection(Transport transport, size_t largest_frame)
    : transport_(transport), frames_(largest_frame) {}

Result<Connection> Connection::open_client(Transport transport, const TlsContext& context,
                                           const CasPin& pin, int64_t time,
                                           const std::string& server_name) {
    Connection connection(transport);
    TlsSession tls = SCONE_TRY(TlsSession::start(context, server_name));
    SCONE_TRY(connection.shake_hands(tls));
    connection.tls_ = std::move(tls);
    SCONE_TRY(check_cas_chain(SCONE_TRY(connection.peer_chain()), pin, time));
    return connection;
}

Result<Connection> Connection::open_server(Transport transport, const TlsContext& context) {
    Connection connection(transport);
    TlsSession tls = SCONE_TRY(TlsSession::start(context));
    SCONE_TRY(connection.shake_hands(tls));
    connection.tls_ = std::move(tls);
    return connection;
}

Result<void> Connection::shake_hands(TlsSession& tls) {
    for (;;) {
        Result<bool> done = tls.handshake();
        // Also after a failure: the alert tells the peer why.
        Result<void> flushed = flush(tls);
        if (!done)
            return std::unexpected(done.error());
        if (!flushed)
            return flushed;
        if (*done)
            return {};
        SCONE_TRY(tls.feed(SCONE_TRY(read_some(transport_)).expose()));
    }
}

Result<void> Connection::flush(TlsSession& tls) {
    return write_all(transport_, tls.take_output());
}

Result<void> Connection::send(Bytes encoded) {
    if (!tls_)
        return write_all(transport_, encoded);
    SCONE_TRY(tls_->write(encoded));
    return flush(*tls_);
}

Result<Frame> Connection::receive() {
    Result<Frame> frame = receive_whole_frame();
    if (!frame && frame.error().code == ErrorCode::Closed && frames_.holds_part_of_a_frame())
        return error(ErrorCode::Malformed, "connection ended inside a frame");
    return frame;
}

Result<Frame> Connection::receive_whole_frame() {
    for (;;) {
        std::optional<Frame> frame = SCONE_TRY(frames_.next());
        if (frame)
            return std::move(*frame);
        if (!tls_) {
            frames_.push(SCONE_TRY(read_some(transport_)).expose());
            continue;
        }
        crypto::SecretBytes plaintext;
        bool any = SCONE_TRY(tls_->read(plaintext));
        SCONE_TRY(flush(*tls_));  // key updates are answered
        if (any)
            frames_.push(plaintext.expose());
        else
            SCONE_TRY(tls_->feed(SCONE_TRY(read_some(transport_)).expose()));
    }
}

Result<crypto::SecretBytes> Connection::call(Bytes encoded, MessageType answer) {
    SCONE_TRY(send(encoded));
    Frame frame = SCONE_TRY(receive());
    if (frame.type == answer)
        return std::move(frame.payload);
    if (frame.type != MessageType::ErrorChain)
        return error(ErrorCode::Unexpected, "peer answered with a message of another type",
                     static_cast<uint64_t>(frame.type));
    peer_error_ = SCONE_TRY(decode_error_chain(frame.payload.expose()));
    return error(ErrorCode::PeerError, "peer answered with an error");
}

Result<crypto::PublicKey> Connection::peer_key() const {
    auto chain = SCONE_TRY(peer_chain());
    auto key = chain[0].public_key();
    if (!key)
        return error(ErrorCode::NotTrusted, key.error().text);
    return std::move(*key);
}

Result<std::vector<crypto::Certificate>> Connection::peer_chain() const {
    if (!tls_)
        return error(ErrorCode::NotTrusted, "connection is not protected by TLS");
    return tls_->peer_chain();
}

void Connection::close() {
    if (!tls_)
        return;
    tls_->close();
    // The peer may be gone already: what cannot be sent does not matter.
    if (Result<void> sent = flush(*tls_); !sent)
        tls_.reset();
}

}  // namespace scone::channel
