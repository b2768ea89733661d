// A pair of stream sockets: two rings of bytes, one for each direction, and the host's pair with a
// token for each byte.
//
// Side:    trusted
// Threads: each side of a direction is locked over copies from and to the program and over calls of
//          the host that do not wait. While the bytes lie in the heap the reader does not wait for
//          the writer, whose call woke it. Writing is locked before reading.
// Source:  docs/formats/shared-socket.md
#pragma once

#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/net/pair_socket.h"
#include "runtime/trusted/libos/pipe/token_ring.h"

namespace scone::libos {

class StreamPair : public SocketPair {
  public:
    // Linux counts what a socket holds by memory, never less than the bytes, and lets one piece
    // begin below the limit; and a reader that took tokens may not have moved the head yet.
    static constexpr uint64_t kLargestPiece = 65536;
    static constexpr uint64_t kMaximumSendBuffer =
        2 * SharedRing::kMaximumCapacity - kLargestPiece - TokenRing::kMaximumStep;

    StreamPair() : SocketPair(ChannelName::Stream) {}
    static Result<Ref<SocketPair>> make(const int32_t host_fds[2]);
    // Over the memory that one side reads, and that which it writes, whose name this is; takes the
    // descriptors over.
    static Result<Ref<SocketPair>> open(const ChannelName& writes, const Companions& memory);

    Result<uint64_t> try_send(PairSocket& end, const IoBuffer& buffer, uint64_t size,
                              const Outgoing& extra, uint32_t flags) override;
    Result<uint64_t> try_receive(PairSocket& end, const IoBuffer& buffer, uint64_t size,
                                 Incoming& extra, uint32_t flags) override;
    bool is_stream() const override { return true; }
    uint64_t piece_size() const override { return TokenRing::kMaximumStep; }
    bool seems_empty(const PairSocket& end) override;
    Result<uint64_t> waiting_bytes(PairSocket& end) override;
    Result<void> reserve(PairSocket& end, uint64_t send_buffer) override;
    Result<Companions> share(unsigned side) override;

  private:
    struct Channel {
        enclave::SleepLock writing, reading;
        TokenRing ring;
        uint64_t capacity = 0;  // of the shared ring to be made
        void reserve(uint64_t send_buffer);
    };
    Result<void> about_to_fork() override;
    Channel& written_by(unsigned side) { return channels_[side]; }
    Channel& read_by(unsigned side) { return channels_[1 - side]; }

    Channel channels_[2];
};

}  // namespace scone::libos
