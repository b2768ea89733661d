// Sending and receiving on sockets.
//
// Source: send(2), recv(2), sendmmsg(2), recvmmsg(2)
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/control_messages.h"
#include "runtime/trusted/libos/net/host_wait.h"
#include "runtime/trusted/libos/net/socket.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using namespace socket_area;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kMaximumTransfer = 0x7ffff000;

SyscallResult sent(Call& call, int64_t result, uint32_t flags) {
    if (result == -kEPIPE && !(flags & kMsgNosignal))
        send_to_thread(call.thread, user_signal(kSIGPIPE, kSI_USER));
    return interrupted_or(result, kERESTARTSYS);
}

void put_header(uint64_t name_size, uint64_t payload, uint64_t control_size) {
    struct {
        MessageHeader header;
        Iovec vector;
    } out{};
    out.header.name = name_size != 0 ? at(kAddress) : 0;
    out.header.name_size = static_cast<uint32_t>(name_size);
    out.header.vectors = at(kHeader) + sizeof(MessageHeader);
    out.header.vector_count = 1;
    out.header.control = control_size != 0 ? at(kControl) : 0;
    out.header.control_size = control_size;
    out.vector = {at(kPayload), payload};
    enclave::copy_to_host(at(kHeader), &out, sizeof out);
}

struct Outgoing {
    uint64_t name_size = 0, control_size = 0;
};

// Everything, where a blocking stream takes it piece by piece; names and control messages go with
// the first piece.
SyscallResult send(Call& call, HostSocket& socket, IoBuffer buffer, const Outgoing& extra,
                   uint32_t flags) {
    SCONE_TRY(socket.check_content(buffer));
    bool stream = buffer.size() > payload_room() && socket.type() == kSockStream;
    if (buffer.size() > payload_room() && !stream)
        return error(kEMSGSIZE);
    uint64_t done = 0;
    do {
        uint64_t step = buffer.size() < payload_room() ? buffer.size() : payload_room();
        SCONE_TRY(buffer.get_to_host(0, at(kPayload), step));
        int64_t result = host_wait([&] {
            // Without a name and control messages the host need not take a header apart.
            if (extra.name_size == 0 && extra.control_size == 0)
                return enclave::checked_result(
                    host_call(__NR_sendto, Interruptible::Yes, socket.host(), at(kPayload), step,
                              flags | kMsgNosignal),
                    step);
            put_header(done == 0 ? extra.name_size : 0, step, done == 0 ? extra.control_size : 0);
            return enclave::checked_result(
                host_call(__NR_sendmsg, Interruptible::Yes, socket.host(), at(kHeader),
                          flags | kMsgNosignal),
                step);
        });
        if (result < 0)
            return done > 0 ? SyscallResult(done) : sent(call, result, flags);
        done += static_cast<uint64_t>(result);
        buffer.advance(static_cast<uint64_t>(result));
        // A short count of a blocking stream: a signal that the program does not see, or one that
        // ends the call with what is done.
        if (buffer.size() == 0 || socket.is_non_blocking() || (flags & kMsgDontwait) ||
            (static_cast<uint64_t>(result) < step && signal_is_waiting()))
            break;
    } while (socket.type() == kSockStream);
    return done;
}

struct Incoming {
    uint64_t name_room = 0, control_room = 0;
    MessageHeader host{};  // as the host left it
};

int64_t receive_from_host(HostSocket& socket, uint64_t room, uint64_t name_room,
                          uint64_t control_room, uint32_t flags) {
    uint64_t limit = flags & kMsgTrunc ? INT32_MAX : room;
    if (name_room == 0 && control_room == 0)
        return enclave::checked_result(
            host_call(__NR_recvfrom, Interruptible::Yes, socket.host(), at(kPayload), room, flags),
            limit);
    put_header(name_room, room, control_room);
    return enclave::checked_result(host_call(__NR_recvmsg, Interruptible::Yes, socket.host(),
                                             at(kHeader), flags | kMsgCmsgCloexec),
                                   limit);
}

// One message, or what a stream has; with MSG_WAITALL a stream until the buffer is full.
SyscallResult receive(HostSocket& socket, IoBuffer buffer, Incoming& extra, uint32_t flags) {
    uint64_t done = 0;
    bool all = (flags & (kMsgWaitall | kMsgPeek | kMsgErrqueue)) == kMsgWaitall &&
               !socket.is_non_blocking() && !(flags & kMsgDontwait) && socket.type() == kSockStream;
    for (;;) {
        uint64_t step = buffer.size() < payload_room() ? buffer.size() : payload_room();
        int64_t result = receive_from_host(socket, step, done == 0 ? extra.name_room : 0,
                                           done == 0 ? extra.control_room : 0, flags);
        if (result == -kEINTR && done > 0 && !signal_is_waiting())
            continue;
        if (result < 0)
            return done > 0 ? SyscallResult(done) : interrupted_or(result, kERESTARTSYS);
        auto count = static_cast<uint64_t>(result);
        if (done == 0 && extra.name_room + extra.control_room != 0)
            enclave::copy_from_host(&extra.host, at(kHeader), sizeof extra.host);
        SCONE_TRY(buffer.put_from_host(0, at(kPayload), count < step ? count : step));
        done += count;
        if (!all || count == 0 || count >= buffer.size() || (count < step && signal_is_waiting()))
            return done;
        buffer.advance(count);
    }
}

SyscallResult send_message(Call& call, HostSocket& socket, uint64_t address, uint32_t flags) {
    MessageHeader header = SCONE_TRY(AppPtr<MessageHeader>(address).load());
    ProgramVectors vectors;
    if (header.vector_count > kMaximumVectors)
        return error(kEMSGSIZE);
    IoBuffer buffer = SCONE_TRY(vectors.load(header.vectors, header.vector_count));
    buffer.limit(kMaximumTransfer);
    Outgoing extra;
    if (header.name != 0)
        extra.name_size = SCONE_TRY(put_address(header.name, header.name_size));
    Vector<Ref<File>> held;
    if (header.control != 0 && header.control_size > 0)
        extra.control_size =
            SCONE_TRY(put_control_messages(call, header.control, header.control_size, held));
    return send(call, socket, buffer, extra, flags);
}

SyscallResult receive_message(Call& call, HostSocket& socket, uint64_t address, uint32_t flags) {
    MessageHeader header = SCONE_TRY(AppPtr<MessageHeader>(address).load());
    ProgramVectors vectors;
    if (header.vector_count > kMaximumVectors)
        return error(kEMSGSIZE);
    IoBuffer buffer = SCONE_TRY(vectors.load(header.vectors, header.vector_count));
    buffer.limit(kMaximumTransfer);
    Incoming extra;
    extra.name_room = kMaximumAddress;
    uint64_t room = header.control != 0 ? header.control_size : 0;
    extra.control_room = room > 0 ? kControlSize : 0;
    uint64_t count = SCONE_TRY(receive(socket, buffer, extra, flags));
    if (header.name != 0) {
        uint32_t size =
            extra.host.name_size < kMaximumAddress ? extra.host.name_size : kMaximumAddress;
        uint32_t copied = size < header.name_size ? size : header.name_size;
        SCONE_TRY(IoBuffer::of_program(header.name, copied).put_from_host(0, at(kAddress), copied));
        header.name_size = size;
    }
    header.flags = extra.host.flags & ~static_cast<int32_t>(kMsgCmsgCloexec);
    TakenMessages taken = SCONE_TRY(take_control_messages(
        call, header.control, room, extra.host.control_size, flags & kMsgCmsgCloexec));
    header.control_size = taken.size;
    if (taken.truncated)
        header.flags |= static_cast<int32_t>(kMsgCtrunc);
    SCONE_TRY(AppPtr<MessageHeader>(address).store(header));
    return count;
}

constexpr uint64_t kManyEntry = 64;  // struct mmsghdr: msghdr, unsigned, padding
constexpr uint64_t kManyLimit = 1024;

}  // namespace

SyscallResult sys_sendto(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    Outgoing extra;
    if (call.arg[4] != 0)
        extra.name_size = SCONE_TRY(put_address(call.arg[4], call.u32(5)));
    IoBuffer buffer = IoBuffer::of_program(call.arg[1], call.arg[2]);
    buffer.limit(kMaximumTransfer);
    return send(call, *socket, buffer, extra, call.u32(3));
}

SyscallResult sys_recvfrom(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    IoBuffer buffer = IoBuffer::of_program(call.arg[1], call.arg[2]);
    buffer.limit(kMaximumTransfer);
    Incoming extra;
    extra.name_room = call.arg[4] != 0 ? kMaximumAddress : 0;
    uint64_t count = SCONE_TRY(receive(*socket, buffer, extra, call.u32(3)));
    SCONE_TRY(get_address(call.arg[4], call.arg[5], extra.host.name_size));
    return count;
}

SyscallResult sys_sendmsg(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    return send_message(call, *socket, call.arg[1], call.u32(2));
}
SyscallResult sys_recvmsg(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    return receive_message(call, *socket, call.arg[1], call.u32(2));
}

SyscallResult sys_sendmmsg(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    uint64_t count = call.u32(2) < kManyLimit ? call.u32(2) : kManyLimit, done = 0;
    for (; done < count; done++) {
        uint64_t entry = call.arg[1] + done * kManyEntry;
        auto result = send_message(call, *socket, entry, call.u32(3));
        if (!result && done == 0)
            return result;
        if (!result)
            break;
        SCONE_TRY(
            AppPtr<uint32_t>(entry + sizeof(MessageHeader)).store(static_cast<uint32_t>(*result)));
    }
    return done;
}

SyscallResult sys_recvmmsg(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    Timeout timeout;
    if (call.arg[4] != 0)
        timeout = Timeout::after(
            SCONE_TRY(timespec_to_ns(SCONE_TRY(AppPtr<Timespec>(call.arg[4]).load()))));
    uint32_t flags = call.u32(3);
    uint64_t count = call.u32(2) < kManyLimit ? call.u32(2) : kManyLimit, done = 0;
    while (done < count) {
        uint64_t entry = call.arg[1] + done * kManyEntry;
        auto result = receive_message(call, *socket, entry, flags & ~kMsgWaitforone);
        if (!result && done == 0)
            return result;
        if (!result)
            break;
        SCONE_TRY(
            AppPtr<uint32_t>(entry + sizeof(MessageHeader)).store(static_cast<uint32_t>(*result)));
        done++;
        if (flags & kMsgWaitforone)
            flags |= kMsgDontwait;
        // As Linux: the time is looked at after each message only.
        if (!timeout.forever && timeout.left_ns() == 0)
            break;
    }
    return done;
}

}  // namespace scone::libos
