#include "runtime/trusted/libos/net/pair_socket.h"

#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/net/message_pair.h"
#include "runtime/trusted/libos/net/poll.h"
#include "runtime/trusted/libos/net/stream_pair.h"
#include "runtime/trusted/libos/program_memory.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using namespace socket_area;
using enclave::Guard;
using enclave::host_call;
using enclave::Interruptible;

// All pairs of this process: what fork walks over.
enclave::SpinLock list_lock;
Vector<SocketPair*> list;
enclave::SleepLock receiving;

constexpr uint32_t kSeqpacket = 5;

}  // namespace

SocketPair::SocketPair(ChannelName::Purpose purpose) {
    name_.purpose = purpose;
    enclave::fill_random(name_.identity, sizeof name_.identity);
}

SocketPair::~SocketPair() {
    Guard guard(list_lock);
    for (size_t i = 0; i < list.size(); i++) {
        if (list[i] == this) {
            list[i] = list.back();
            list.erase(list.size() - 1);
            break;
        }
    }
}

Result<void> SocketPair::note() {
    Guard guard(list_lock);
    return list.push(this) ? Result<void>{} : error(kENOMEM);
}
void SocketPair::take_identity(const ChannelName& name) {
    name_.identity[0] = name.identity[0];
    name_.identity[1] = name.identity[1];
}

Ref<SocketPair> SocketPair::find(const ChannelName& name) {
    Guard guard(list_lock);
    for (SocketPair* pair : list) {
        if (pair->channel_name(name.purpose & 1) == name && pair->retain_if_alive()) {
            Ref<SocketPair> found(pair);
            pair->release();
            return found;
        }
    }
    return {};
}

Result<void> SocketPair::share_all() {
    for (SocketPair* pair : list)
        SCONE_TRY(pair->about_to_fork());
    return {};
}
void SocketPair::forked() {
    for (SocketPair* pair : list)
        pair->after_fork();
}

namespace {
class OwnedMemory {
  public:
    explicit OwnedMemory(const Companions& memory) : memory_(memory) {}
    ~OwnedMemory() {
        for (unsigned i = 0; i < memory_.count; i++)
            enclave::host_close(memory_.fds[i]);
    }
    OwnedMemory(const OwnedMemory&) = delete;
    OwnedMemory& operator=(const OwnedMemory&) = delete;
    Companions hand_over() { return std::exchange(memory_, {}); }

  private:
    Companions memory_;
};
}  // namespace

// HOST: the memories prove themselves to be the two directions of one pair of this program; their
// order decides which end it is, and the host may have handed over the other one.
Result<Ref<SocketPair>> SocketPair::receive(const Companions& memory, unsigned& side) {
    OwnedMemory owned(memory);
    ChannelName reads, writes;
    aead::GcmKey reading, writing;
    SCONE_TRY(channel_key::read_memory(memory.fds[0], reads, reading));
    SCONE_TRY(channel_key::read_memory(memory.fds[1], writes, writing));
    side = writes.purpose & 1;
    uint64_t kind = writes.purpose & ~1ull;
    if (reads != ChannelName{writes.purpose ^ 1, {writes.identity[0], writes.identity[1]}} ||
        (kind != ChannelName::Stream && kind != ChannelName::Messages))
        return error(kEIO);
    // One at a time, so that the process has one object for each pair.
    Guard guard(receiving);
    // What the process has of it already counts: positions, and what it has seen.
    if (Ref<SocketPair> known = find(writes))
        return known;
    return kind == ChannelName::Stream
               ? StreamPair::open(writes, owned.hand_over())
               : MessagePair::open(writes, owned.hand_over(), reading, writing);
}

Result<Ref<File>> PairSocket::receive(const Companions& memory, int host_fd,
                                      uint32_t status_flags) {
    unsigned side = 0;
    auto pair = SocketPair::receive(memory, side);
    auto file = pair ? make_ref<PairSocket>(*pair, side, host_fd, status_flags) : Ref<PairSocket>{};
    if (!file) {
        enclave::host_close(host_fd);
        return pair ? error(kENOMEM) : std::unexpected(pair.error());
    }
    return Ref<File>(file);
}

Result<void> make_socket_pair(uint32_t type, const int32_t host_fds[2], Ref<File> ends[2]) {
    constexpr uint32_t kTypeMask = 15;
    auto pair =
        (type & kTypeMask) == kSockStream ? StreamPair::make(host_fds) : MessagePair::make();
    Result<void> made{};
    for (unsigned side = 0; side < 2; side++) {
        if (pair)
            ends[side] =
                make_ref<PairSocket>(*pair, side, host_fds[side], kO_RDWR | (type & kO_NONBLOCK));
        if (!ends[side]) {
            enclave::host_close(host_fds[side]);
            made = pair ? error(kENOMEM) : std::unexpected(pair.error());
        }
    }
    return made;
}

Result<uint64_t> PairSocket::read(IoBuffer& buffer) {
    Incoming none;
    return buffer.size() == 0 ? Result<uint64_t>(0) : HostSocket::receive(buffer, none, 0);
}
Result<uint64_t> PairSocket::write(IoBuffer& buffer) {
    return send(buffer, {}, 0);
}

Result<uint64_t> PairSocket::ioctl(uint64_t request, uint64_t argument) {
    constexpr uint32_t kFionread = 0x541b;
    if (static_cast<uint32_t>(request) != kFionread)
        return HostSocket::ioctl(request, argument);
    uint64_t bytes = SCONE_TRY(pair_->waiting_bytes(*this));
    SCONE_TRY(AppPtr<int32_t>(argument).store(static_cast<int32_t>(bytes)));
    return 0;
}

// O_NONBLOCK is the host's, which all processes that have the end share.
void PairSocket::refresh_status_flags() {
    constexpr uint64_t kFGetfl = 3;
    constexpr uint32_t kShared = kO_NONBLOCK | kO_ASYNC | kO_APPEND | kO_NOATIME;
    int64_t flags = enclave::checked_result(
        host_call(__NR_fcntl, Interruptible::No, host(), kFGetfl), INT32_MAX);
    if (flags >= 0)
        status_flags_ = (status_flags() & ~kShared) | (static_cast<uint32_t>(flags) & kShared);
}

Result<void> PairSocket::check_option(uint64_t level, uint64_t name, uint32_t& value) {
    constexpr uint64_t kSolSocket = 1;
    enum { kSndbuf = 7, kAttachFilter = 26, kSndbufForce = 32, kPeekOff = 42, kAttachBpf = 50 };
    if (level != kSolSocket)
        return {};
    switch (name) {
        case kSndbuf:
        case kSndbufForce:
            if (value > StreamPair::kMaximumSendBuffer / 2)
                value = StreamPair::kMaximumSendBuffer / 2;
            return pair_->reserve(*this, 2 * uint64_t{value});
        case kAttachFilter:  // filters and positions of the host would act on what stands there
        case kPeekOff:       // instead of content
        case kAttachBpf:
            return error(kEOPNOTSUPP);
        default:
            return {};
    }
}

// What a blocking send waits for when the host takes nothing.
class PairSocket::SendWait {
  public:
    explicit SendWait(PairSocket& socket) : socket_(socket) {}

    // EAGAIN when the socket does not wait, or its time (SO_SNDTIMEO) is over.
    Result<void> wait() {
        if (turns_ == 0)
            SCONE_TRY(prepare());
        // The socket is ready, and yet nothing could be sent: others were faster, or a writer died
        // and what it left has to be read first.
        constexpr unsigned kPatience = 3;
        constexpr uint64_t kNapNs = 1'000'000;
        if (++turns_ > kPatience) {
            Vector<PollFd> nothing;
            SCONE_TRY(restartable(poll_files(nothing, {}, Timeout::after(kNapNs))));
        }
        Vector<PollFd> list;
        Vector<Ref<File>> files;
        if (!list.push({0, kPollOut, 0}) || !files.push(Ref<File>(&socket_)))
            return error(kENOMEM);
        uint64_t ready = SCONE_TRY(restartable(poll_files(list, files, timeout_)));
        return ready > 0 ? Result<void>{} : error(kEAGAIN);
    }

  private:
    static Result<uint64_t> restartable(Result<uint64_t> result) {
        if (!result && result.error().value == kERESTARTNOHAND)
            return error(kERESTARTSYS);
        return result;
    }
    Result<void> prepare() {
        constexpr uint64_t kSolSocket = 1, kSndtimeo = 21;
        struct {
            int64_t seconds, microseconds;
        } limit{};
        socket_.refresh_status_flags();
        if (socket_.is_non_blocking())
            return error(kEAGAIN);
        set_host_size(sizeof limit);
        int64_t result =
            enclave::checked_result(host_call(__NR_getsockopt, Interruptible::No, socket_.host(),
                                              kSolSocket, kSndtimeo, at(kPayload), at(kHeader)),
                                    0);
        if (result < 0)
            return error(static_cast<int>(-result));
        enclave::copy_from_host(&limit, at(kPayload), sizeof limit);
        // HOST: how long is its word.
        constexpr int64_t kLongest = 1'000'000'000;
        if (limit.seconds < 0 || limit.seconds > kLongest || limit.microseconds < 0 ||
            limit.microseconds >= 1'000'000)
            return error(kEIO);
        if (limit.seconds != 0 || limit.microseconds != 0)
            timeout_ = Timeout::after(static_cast<uint64_t>(limit.seconds) * 1'000'000'000 +
                                      static_cast<uint64_t>(limit.microseconds) * 1000);
        return {};
    }

    PairSocket& socket_;
    Timeout timeout_;
    unsigned turns_ = 0;
};

Result<uint64_t> PairSocket::send_piece(const IoBuffer& buffer, uint64_t size,
                                        const Outgoing& extra, uint32_t flags) {
    if (flags & kMsgOob)
        return error(kEOPNOTSUPP);
    Outgoing unnamed{0, extra.control_size};
    // Linux ignores the name with SOCK_SEQPACKET; one of SOCK_DGRAM would reach somebody else.
    if (extra.name_size != 0 && type() != kSeqpacket)
        return error(kEISCONN);
    SendWait waiting(*this);
    for (;;) {
        auto sent = pair_->try_send(*this, buffer, size, unnamed, flags);
        if (sent || sent.error().value != kEAGAIN || (flags & kMsgDontwait))
            return sent;
        SCONE_TRY(waiting.wait());
    }
}

// Waits until there is something to receive, or the end: 0. The host knows O_NONBLOCK, SO_RCVTIMEO
// and errors.
Result<uint64_t> PairSocket::look(uint32_t flags) {
    return interrupted_or(host_wait([&] {
                              return enclave::checked_result(
                                  host_call(__NR_recvfrom, Interruptible::Yes, host(), at(kPayload),
                                            1, kMsgPeek | (flags & kMsgDontwait)),
                                  1);
                          }),
                          kERESTARTSYS);
}

Result<uint64_t> PairSocket::receive_piece(const IoBuffer& buffer, uint64_t size, Incoming& extra,
                                           uint32_t flags) {
    if (flags & kMsgOob)
        return error(kEOPNOTSUPP);
    if (size == 0 && is_stream())
        return HostSocket::receive_piece(buffer, size, extra, flags);
    for (bool waits = pair_->seems_empty(*this);; waits = true) {
        if (waits && SCONE_TRY(look(flags)) == 0)
            return 0;
        auto got = pair_->try_receive(*this, buffer, size, extra, flags);
        if (got || got.error().value != kEAGAIN || (flags & kMsgDontwait))
            return got;
    }
}

}  // namespace scone::libos
