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
constexpr uint64_t kMaximumTransfer = 0x7ffff000;

SyscallResult send(Call& call, HostSocket& socket, const IoBuffer& buffer, const Outgoing& extra,
                   uint32_t flags) {
    auto sent = socket.send(buffer, extra, flags);
    if (!sent && sent.error().value == kEPIPE && !(flags & kMsgNosignal))
        send_to_thread(call.thread, user_signal(kSIGPIPE, kSI_USER));
    return sent;
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
    uint64_t count = SCONE_TRY(socket.receive(buffer, extra, flags));
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
    uint64_t count = SCONE_TRY(socket->receive(buffer, extra, call.u32(3)));
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
