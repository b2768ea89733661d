// The ends of socketpair(2), whose bytes the host does not see.
//
// Side:    trusted
// The host has a pair of sockets of the same type, which keeps readiness, the ends, options,
// credentials and descriptors on their way. What they carry is a meaningless byte for each byte of
// content (StreamPair), or encrypted messages (MessagePair).
// Errors:  as unix(7); EIO when the host breaks its word
// Threads: thread-safe. Nothing is locked while a thread waits
// Source:  socketpair(2), unix(7); docs/formats/shared-socket.md
#pragma once

#include "runtime/trusted/libos/net/socket.h"
#include "runtime/trusted/libos/pipe/channel_key.h"

namespace scone::libos {

class PairSocket;

// What the two ends have in common; of each pair there is one in a process.
class SocketPair : public RefCounted {
  public:
    ~SocketPair() override;

    // One call of the host, without waiting: EAGAIN.
    virtual Result<uint64_t> try_send(PairSocket& end, const IoBuffer& buffer, uint64_t size,
                                      const Outgoing& extra, uint32_t flags) = 0;
    virtual Result<uint64_t> try_receive(PairSocket& end, const IoBuffer& buffer, uint64_t size,
                                         Incoming& extra, uint32_t flags) = 0;
    virtual bool is_stream() const = 0;
    virtual uint64_t piece_size() const = 0;
    // There is nothing to receive: a call that waits need not try first.
    virtual bool seems_empty(const PairSocket& /*end*/) { return false; }
    // FIONREAD, from what the host says.
    virtual Result<uint64_t> waiting_bytes(PairSocket& end) = 0;
    // Room for what the host takes with such a SO_SNDBUF.
    virtual Result<void> reserve(PairSocket& /*end*/, uint64_t /*send_buffer*/) { return {}; }
    // For an end that goes to another process.
    virtual Result<Companions> share(unsigned side) = 0;

    // Around a fork, with the world stopped.
    static Result<void> share_all();
    static void forked();

    // A pair of another process, by the memory that came with its end; takes the memory over.
    static Result<Ref<SocketPair>> receive(const Companions& memory, unsigned& side);

  protected:
    SocketPair(ChannelName::Purpose purpose);
    virtual Result<void> about_to_fork() = 0;
    virtual void after_fork() {}
    // The channel that a side writes.
    ChannelName channel_name(unsigned side) const {
        return {name_.purpose + side, {name_.identity[0], name_.identity[1]}};
    }
    // Makes it known to fork and to receive(), when it is complete.
    Result<void> note();
    void take_identity(const ChannelName& name);

  private:
    static Ref<SocketPair> find(const ChannelName& name);
    ChannelName name_;
};

class PairSocket : public HostSocket {
  public:
    PairSocket(Ref<SocketPair> pair, unsigned side, int host_fd, uint32_t status_flags)
        : HostSocket(host_fd, status_flags), pair_(std::move(pair)), side_(side) {}

    Result<uint64_t> read(IoBuffer& buffer) override;
    Result<uint64_t> write(IoBuffer& buffer) override;
    Result<uint64_t> ioctl(uint64_t request, uint64_t argument) override;
    Result<Companions> share() override { return pair_->share(side_); }
    // The descriptor is the host's, the bytes are not.
    Origin origin() const override { return Origin::Memory; }
    void refresh_status_flags() override;
    Result<void> check_connect() const override { return error(linux_abi::kEISCONN); }
    Result<void> check_option(uint64_t level, uint64_t name, uint32_t& value) override;
    unsigned side() const { return side_; }

    // An end that came from another process of this program; takes the descriptors over.
    static Result<Ref<File>> receive(const Companions& memory, int host_fd, uint32_t status_flags);

  protected:
    Result<uint64_t> send_piece(const IoBuffer& buffer, uint64_t size, const Outgoing& extra,
                                uint32_t flags) override;
    Result<uint64_t> receive_piece(const IoBuffer& buffer, uint64_t size, Incoming& extra,
                                   uint32_t flags) override;
    uint64_t piece_size() const override { return pair_->piece_size(); }
    bool is_stream() override { return pair_->is_stream(); }

  private:
    class SendWait;
    Result<uint64_t> look(uint32_t flags);

    Ref<SocketPair> pair_;
    unsigned side_;
};

// The program's pair over one of the host's, whose descriptors it takes over. `type` is the one
// that socketpair was called with, flags included.
Result<void> make_socket_pair(uint32_t type, const int32_t host_fds[2], Ref<File> ends[2]);

}  // namespace scone::libos
