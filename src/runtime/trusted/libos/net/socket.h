// A socket: it lives on the host, what it carries is the host's to see. The ends of socketpair(2)
// are other classes (net/pair_socket.h).
//
// Side:    trusted
// Threads: thread-safe
// Source:  socket(7)
#pragma once

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/syscalls/syscall.h"

namespace scone::libos {

inline constexpr uint32_t kSockStream = 1;
inline constexpr uint32_t kMsgOob = 1, kMsgPeek = 2, kMsgCtrunc = 8, kMsgTrunc = 0x20,
                          kMsgDontwait = 0x40, kMsgWaitall = 0x100, kMsgErrqueue = 0x2000,
                          kMsgNosignal = 0x4000, kMsgWaitforone = 0x10000,
                          kMsgCmsgCloexec = 0x40000000;

// struct msghdr
struct MessageHeader {
    uint64_t name;
    uint32_t name_size, pad0;
    uint64_t vectors, vector_count, control, control_size;
    int32_t flags, pad1;
};
static_assert(sizeof(MessageHeader) == 56);

// The window's data area during a socket call.
namespace socket_area {
inline constexpr uint64_t kHeader = 0;     // struct msghdr, then one iovec; or a socklen_t
inline constexpr uint64_t kAddress = 256;  // struct sockaddr_storage
inline constexpr uint64_t kControl = 512;  // control messages
inline constexpr uint64_t kControlSize = 8192;
inline constexpr uint64_t kPayload = 16384;
inline constexpr uint32_t kMaximumAddress = 128;

inline uint64_t at(uint64_t offset) {
    return enclave::window_data() + offset;
}
inline uint64_t payload_room() {
    return enclave::window_data_size() - kPayload;
}

// An address of the program, copied to kAddress. Hands back its size.
Result<uint32_t> put_address(uint64_t address, uint64_t size);
// The address that the host wrote, for the program's buffer and its socklen_t.
// HOST: the size it reports is cut to what it may have written.
Result<void> get_address(uint64_t address, uint64_t size_address, uint32_t host_size);
uint32_t host_size();
void set_host_size(uint32_t size);
// A struct msghdr at kHeader for what lies in the other places.
void put_header(uint64_t name_size, uint64_t payload, uint64_t control_size);
}  // namespace socket_area

// What lies in the window beside the payload of a message.
struct Outgoing {
    uint64_t name_size = 0, control_size = 0;
};
struct Incoming {
    uint64_t name_room = 0, control_room = 0;
    MessageHeader host{};  // as the host left it
};

class HostSocket : public HostFile {
  public:
    HostSocket(int host_fd, uint32_t status_flags);
    FileKind kind() const override { return FileKind::Socket; }
    Result<uint64_t> ioctl(uint64_t request, uint64_t argument) override;
    Result<uint64_t> write_now(IoBuffer& buffer) override;
    Result<uint64_t> give_now(uint64_t count, ByteSink& sink, Giving how) override;
    // Everything, where a blocking stream takes it piece by piece; a name and control messages go
    // with the first piece.
    Result<uint64_t> send(IoBuffer buffer, const Outgoing& extra, uint32_t flags);
    // One message, or what a stream has; with MSG_WAITALL a stream until the buffer is full.
    Result<uint64_t> receive(IoBuffer buffer, Incoming& extra, uint32_t flags);
    // SOCK_STREAM, SOCK_DGRAM, ...; asked of the host once.
    uint32_t type();
    uint64_t host() const { return static_cast<uint64_t>(host_fd_); }
    // EISCONN for an end of a pair, which has its peer for good.
    virtual Result<void> check_connect() const { return {}; }
    // Before setsockopt: the first word may become another one.
    virtual Result<void> check_option(uint64_t /*level*/, uint64_t /*name*/, uint32_t& /*value*/) {
        return {};
    }

  protected:
    // One call that moves up to piece_size() bytes.
    virtual Result<uint64_t> send_piece(const IoBuffer& buffer, uint64_t size,
                                        const Outgoing& extra, uint32_t flags);
    virtual Result<uint64_t> receive_piece(const IoBuffer& buffer, uint64_t size, Incoming& extra,
                                           uint32_t flags);
    virtual uint64_t piece_size() const { return socket_area::payload_room(); }
    virtual bool is_stream() { return type() == kSockStream; }

  private:
    uint32_t type_ = 0;
};

// ENOTSOCK for anything else.
Result<Ref<HostSocket>> socket_of(Call& call, unsigned index = 0);
// The last reference closes the host's descriptor, which is also closed when there is no memory.
Result<Ref<File>> adopt_host_socket(int64_t host_fd, uint32_t status_flags);
// Adds it to the descriptor table; flags are those of socket(2).
SyscallResult add_socket(Call& call, int64_t host_fd, uint32_t type_flags);

}  // namespace scone::libos
