#include "runtime/trusted/libos/net/stream_pair.h"

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using namespace socket_area;
using enclave::Guard;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kSolSocket = 1, kSndbuf = 7;
constexpr uint64_t kFirstCapacity = 4096;

class SendTokens : public TokenMover {
  public:
    SendTokens(const PairSocket& socket, const Outgoing& extra, uint32_t flags)
        : socket_(socket), extra_(extra), flags_(flags | kMsgDontwait | kMsgNosignal) {}
    int64_t move(uint64_t count) override {
        if (extra_.control_size == 0)
            return enclave::checked_result(host_call(__NR_sendto, Interruptible::No, socket_.host(),
                                                     at(kPayload), count, flags_),
                                           count);
        put_header(0, count, extra_.control_size);
        return enclave::checked_result(
            host_call(__NR_sendmsg, Interruptible::No, socket_.host(), at(kHeader), flags_), count);
    }
    int64_t when_empty() override { return -kEAGAIN; }
    // Nothing may be sent any more, or it may later.
    int64_t when_full() override {
        int64_t result = enclave::checked_result(
            host_call(__NR_sendto, Interruptible::No, socket_.host(), at(kPayload), 0, flags_), 0);
        return result < 0 ? result : -kEAGAIN;
    }

  private:
    const PairSocket& socket_;
    const Outgoing& extra_;
    uint64_t flags_;
};

class ReceiveTokens : public TokenMover {
  public:
    ReceiveTokens(const PairSocket& socket, Incoming& extra, uint32_t flags)
        : socket_(socket), extra_(extra), flags_((flags & kKept) | kMsgDontwait) {}
    int64_t move(uint64_t count) override {
        if (extra_.name_room + extra_.control_room == 0)
            return enclave::checked_result(host_call(__NR_recvfrom, Interruptible::No,
                                                     socket_.host(), at(kPayload), count, flags_),
                                           count);
        put_header(extra_.name_room, count, extra_.control_room);
        int64_t result =
            enclave::checked_result(host_call(__NR_recvmsg, Interruptible::No, socket_.host(),
                                              at(kHeader), flags_ | kMsgCmsgCloexec),
                                    count);
        if (result >= 0)
            enclave::copy_from_host(&extra_.host, at(kHeader), sizeof extra_.host);
        return result;
    }
    // Whether this is the end was asked before.
    int64_t when_empty() override { return -kEAGAIN; }
    int64_t when_full() override { return -kEAGAIN; }

  private:
    static constexpr uint32_t kKept = kMsgPeek;
    const PairSocket& socket_;
    Incoming& extra_;
    uint64_t flags_;
};

TokenCount tokens_to_read(const PairSocket& end) {
    return {static_cast<int>(end.host())};
}
TokenCount tokens_to_write(const PairSocket& end) {
    return {static_cast<int>(end.host()), TokenCount::Tells::WhetherEmpty};
}

// HOST: its word, and its tokens: with more of them than that the ring is full before the host is.
Result<uint64_t> send_buffer_of(int host_fd) {
    auto fd = static_cast<uint64_t>(host_fd);
    set_host_size(sizeof(uint32_t));
    int64_t result =
        enclave::checked_result(host_call(__NR_getsockopt, Interruptible::No, fd, kSolSocket,
                                          kSndbuf, at(kPayload), at(kHeader)),
                                0);
    if (result < 0)
        return error(static_cast<int>(-result));
    uint32_t size = 0;
    enclave::copy_from_host(&size, at(kPayload), sizeof size);
    return size;
}
Result<void> set_send_buffer(int host_fd, uint32_t size) {
    enclave::copy_to_host(at(kPayload), &size, sizeof size);
    return done_or_error(enclave::checked_result(
        host_call(__NR_setsockopt, Interruptible::No, static_cast<uint64_t>(host_fd), kSolSocket,
                  kSndbuf, at(kPayload), sizeof size),
        0));
}

}  // namespace

void StreamPair::Channel::reserve(uint64_t send_buffer) {
    uint64_t place = send_buffer + kLargestPiece + TokenRing::kMaximumStep;
    uint64_t wanted = base::round_up(place / 2, enclave::kPageSize);
    if (wanted > capacity)
        capacity = wanted;
    uint64_t limit = kFirstCapacity;
    while (limit < send_buffer + kLargestPiece)
        limit *= 2;
    ring.set_limit(limit);
}

Result<Ref<SocketPair>> StreamPair::make(const int32_t host_fds[2]) {
    auto pair = make_ref<StreamPair>();
    if (!pair)
        return error(kENOMEM);
    uint64_t send_buffer = SCONE_TRY(send_buffer_of(host_fds[0]));
    if (send_buffer > kMaximumSendBuffer) {
        send_buffer = kMaximumSendBuffer;
        for (unsigned side = 0; side < 2; side++)
            SCONE_TRY(set_send_buffer(host_fds[side], kMaximumSendBuffer / 2));
    }
    for (Channel& channel : pair->channels_) {
        channel.reserve(send_buffer);
        SCONE_TRY(channel.ring.local().set_capacity(kFirstCapacity));
    }
    SCONE_TRY(pair->note());
    return Ref<SocketPair>(pair);
}

Result<Ref<SocketPair>> StreamPair::open(const ChannelName& writes, const Companions& memory) {
    unsigned side = writes.purpose & 1;
    auto reading = SharedRing::open(memory.fds[0]);
    auto writing = SharedRing::open(memory.fds[1]);
    if (!reading || !writing)
        return std::unexpected(reading ? writing.error() : reading.error());
    auto pair = make_ref<StreamPair>();
    if (!pair)
        return error(kENOMEM);
    pair->take_identity(writes);
    if ((*writing)->name() != writes || (*reading)->name() != pair->channel_name(1 - side))
        return error(kEIO);
    pair->written_by(side).ring.adopt(*writing);
    pair->read_by(side).ring.adopt(*reading);
    SCONE_TRY(pair->note());
    return Ref<SocketPair>(pair);
}

Result<uint64_t> StreamPair::try_send(PairSocket& end, const IoBuffer& buffer, uint64_t size,
                                      const Outgoing& extra, uint32_t flags) {
    SendTokens tokens(end, extra, flags);
    if (size == 0)
        return from_kernel(tokens.move(0));
    IoBuffer piece = buffer;
    piece.limit(size);
    Channel& channel = written_by(end.side());
    Guard guard(channel.writing);
    if (channel.ring.wants_room(piece.size())) {
        Guard alone(channel.reading);
        channel.ring.make_room(piece.size());
    }
    auto write = [&] {
        return channel.ring.write(piece, tokens_to_write(end), tokens,
                                  TokenRing::Writing::AsMuchAsFits);
    };
    if (channel.ring.shared() == nullptr)
        return write();
    Guard alone(channel.reading);
    return write();
}

Result<uint64_t> StreamPair::try_receive(PairSocket& end, const IoBuffer& buffer, uint64_t size,
                                         Incoming& extra, uint32_t flags) {
    ReceiveTokens tokens(end, extra, flags);
    IoBuffer piece = buffer;
    piece.limit(size);
    Channel& channel = read_by(end.side());
    Guard guard(channel.reading);
    return channel.ring.read(
        piece, tokens_to_read(end), tokens,
        flags & kMsgPeek ? TokenRing::Reading::Looking : TokenRing::Reading::Taking);
}

bool StreamPair::seems_empty(const PairSocket& end) {
    Channel& channel = read_by(end.side());
    Guard guard(channel.reading);
    auto size = channel.ring.size();
    return size && *size == 0;
}

Result<uint64_t> StreamPair::waiting_bytes(PairSocket& end) {
    constexpr uint64_t kFionread = 0x541b;
    alignas(8) uint32_t count[2] = {};
    SCONE_TRY(from_kernel(enclave::host_structure_call(__NR_ioctl, 2, count, 0, sizeof count,
                                                       end.host(), kFionread)));
    return count[0];
}

// Before the host takes more.
Result<void> StreamPair::reserve(PairSocket& end, uint64_t send_buffer) {
    Channel& channel = written_by(end.side());
    Guard guard(channel.writing);
    Guard alone(channel.reading);
    channel.reserve(send_buffer);
    SharedRing* shared = channel.ring.shared();
    if (shared == nullptr || shared->capacity() >= channel.capacity)
        return {};
    return shared->set_capacity(channel.capacity, tokens_to_write(end));
}

Result<void> StreamPair::about_to_fork() {
    for (unsigned side = 0; side < 2; side++) {
        Channel& channel = channels_[side];
        if (channel.ring.shared() == nullptr)
            SCONE_TRY(channel.ring.share(channel.capacity, channel_name(side)));
    }
    return {};
}

Result<Companions> StreamPair::share(unsigned side) {
    Guard first(channels_[0].writing), second(channels_[1].writing);
    Guard third(channels_[0].reading), fourth(channels_[1].reading);
    SCONE_TRY(about_to_fork());
    return Companions{{read_by(side).ring.shared()->memory_descriptor(),
                       written_by(side).ring.shared()->memory_descriptor()},
                      2};
}

}  // namespace scone::libos
