// Sockets: all live on the host; addresses, options and control messages are copied and bounded.
//
// Source: socket(2), unix(7), cmsg(3)
#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/interruption.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

// The window's data area during a socket call.
constexpr uint64_t kMessageHeader = 0;  // struct msghdr, then one iovec
constexpr uint64_t kAddressArea = 256;  // struct sockaddr_storage
constexpr uint64_t kControlArea = 512;  // control messages
constexpr uint64_t kControlSize = 8192;
constexpr uint64_t kPayload = 16384;
constexpr uint32_t kMaximumAddress = 128;
constexpr uint32_t kMsgNosignal = 0x4000, kMsgDontwait = 0x40, kMsgCloexec = 0x40000000,
                   kMsgPeek = 2, kMsgWaitall = 0x100, kMsgTrunc = 0x20;
constexpr int kSolSocket = 1, kScmRights = 1;

struct MessageHeader {
    uint64_t name;
    uint32_t name_size, pad0;
    uint64_t vectors, vector_count, control, control_size;
    int32_t flags, pad1;
};
static_assert(sizeof(MessageHeader) == 56);

uint64_t area(uint64_t offset) {
    return enclave::window_data() + offset;
}
uint64_t payload_room() {
    return enclave::window_data_size() - kPayload;
}

Result<int> host_socket(Call& call, unsigned index = 0) {
    Ref<File> file = SCONE_TRY(call.file(index));
    if (file->host_descriptor() < 0)
        return error(kENOTSOCK);
    return file->host_descriptor();
}

Result<uint32_t> put_address(uint64_t address, uint64_t size) {
    if (size > kMaximumAddress)
        return error(kEINVAL);
    uint8_t copy[kMaximumAddress + 8] = {};
    SCONE_TRY(copy_from_program(copy, address, size));
    enclave::copy_to_host(area(kAddressArea), copy, size);
    return static_cast<uint32_t>(size);
}

// HOST: the size it reports is cut to what it may have written.
Result<void> get_address(uint64_t address, uint64_t size_address, uint32_t host_size) {
    if (address == 0)
        return {};
    uint32_t room = SCONE_TRY(AppPtr<uint32_t>(size_address).load());
    if (static_cast<int32_t>(room) < 0)
        return error(kEINVAL);
    uint32_t size = host_size < kMaximumAddress ? host_size : kMaximumAddress;
    uint8_t copy[kMaximumAddress];
    enclave::copy_from_host(copy, area(kAddressArea), size);
    SCONE_TRY(copy_to_program(address, copy, size < room ? size : room));
    return AppPtr<uint32_t>(size_address).store(size);
}

uint32_t host_address_size() {
    return static_cast<uint32_t>(
        enclave::host_load(reinterpret_cast<const void*>(area(kMessageHeader))));
}
void set_host_address_size(uint32_t size) {
    enclave::host_store(reinterpret_cast<void*>(area(kMessageHeader)), size);
}

SyscallResult socket_result(Call& call, int64_t result, uint32_t flags) {
    if (result == -kEPIPE && !(flags & kMsgNosignal))
        send_to_thread(call.thread, user_signal(kSIGPIPE, kSI_USER));
    return interrupted_or(result, kERESTARTSYS);
}

SyscallResult new_socket(Call& call, int64_t host_fd, uint32_t type_flags) {
    uint32_t status = kO_RDWR | (type_flags & kO_NONBLOCK);
    Ref<File> file = SCONE_TRY(adopt_host_descriptor(host_fd, status, "socket:[1]"));
    return static_cast<uint64_t>(SCONE_TRY(call.process().files->add(
        file, type_flags & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No)));
}

}  // namespace

SyscallResult sys_socket(Call& call) {
    constexpr uint32_t kUnix = 1, kInet = 2, kInet6 = 10, kNetlink = 16;
    uint32_t family = call.u32(0);
    if (family != kUnix && family != kInet && family != kInet6 && family != kNetlink)
        return error(kEAFNOSUPPORT);
    int64_t result = enclave::checked_result(
        host_call(__NR_socket, Interruptible::No, family, call.u32(1) | kO_CLOEXEC, call.arg[2]),
        1 << 24);
    if (result < 0)
        return from_kernel(result);
    return new_socket(call, result, call.u32(1));
}

SyscallResult sys_socketpair(Call& call) {
    int32_t host[2];
    int64_t result =
        enclave::host_structure_call(__NR_socketpair, 3, host, 0, sizeof host, call.arg[0],
                                     call.u32(1) | kO_CLOEXEC, call.arg[2]);
    if (result < 0)
        return from_kernel(result);
    int32_t fds[2];
    auto first = new_socket(call, host[0], call.u32(1));
    if (!first) {
        enclave::host_close(host[1]);
        return first;
    }
    fds[0] = static_cast<int32_t>(*first);
    auto second = new_socket(call, host[1], call.u32(1));
    if (!second) {
        (void)call.process().files->close(fds[0]);
        return second;
    }
    fds[1] = static_cast<int32_t>(*second);
    SCONE_TRY(copy_to_program(call.arg[3], fds, sizeof fds));
    return 0;
}

SyscallResult sys_bind(Call& call) {
    int fd = SCONE_TRY(host_socket(call));
    uint32_t size = SCONE_TRY(put_address(call.arg[1], call.u32(2)));
    return from_kernel(
        enclave::checked_result(host_call(__NR_bind, Interruptible::No, static_cast<uint64_t>(fd),
                                          area(kAddressArea), size),
                                0));
}
SyscallResult sys_connect(Call& call) {
    int fd = SCONE_TRY(host_socket(call));
    uint32_t size = SCONE_TRY(put_address(call.arg[1], call.u32(2)));
    int64_t result =
        enclave::checked_result(host_call(__NR_connect, Interruptible::Yes,
                                          static_cast<uint64_t>(fd), area(kAddressArea), size),
                                0);
    return interrupted_or(result, kERESTARTSYS);
}
SyscallResult sys_listen(Call& call) {
    int fd = SCONE_TRY(host_socket(call));
    return from_kernel(enclave::checked_result(
        host_call(__NR_listen, Interruptible::No, static_cast<uint64_t>(fd), call.arg[1]), 0));
}
SyscallResult sys_shutdown(Call& call) {
    int fd = SCONE_TRY(host_socket(call));
    return from_kernel(enclave::checked_result(
        host_call(__NR_shutdown, Interruptible::No, static_cast<uint64_t>(fd), call.arg[1]), 0));
}

SyscallResult sys_accept4(Call& call) {
    int fd = SCONE_TRY(host_socket(call));
    uint32_t flags = call.u32(3);
    if (flags & ~(kO_CLOEXEC | kO_NONBLOCK))
        return error(kEINVAL);
    set_host_address_size(kMaximumAddress);
    int64_t result = enclave::checked_result(
        host_call(__NR_accept4, Interruptible::Yes, static_cast<uint64_t>(fd), area(kAddressArea),
                  area(kMessageHeader), flags | kO_CLOEXEC),
        1 << 24);
    if (result < 0)
        return interrupted_or(result, kERESTARTSYS);
    uint32_t size = host_address_size();
    auto stored = get_address(call.arg[1], call.arg[2], size);
    if (!stored) {
        enclave::host_close(static_cast<int>(result));
        return std::unexpected(stored.error());
    }
    return new_socket(call, result, flags);
}
SyscallResult sys_accept(Call& call) {
    call.arg[3] = 0;
    return sys_accept4(call);
}

namespace {
SyscallResult socket_name(Call& call, uint64_t number) {
    int fd = SCONE_TRY(host_socket(call));
    set_host_address_size(kMaximumAddress);
    int64_t result =
        enclave::checked_result(host_call(number, Interruptible::No, static_cast<uint64_t>(fd),
                                          area(kAddressArea), area(kMessageHeader)),
                                0);
    if (result == 0)
        SCONE_TRY(get_address(call.arg[1], call.arg[2], host_address_size()));
    return from_kernel(result);
}
}  // namespace
SyscallResult sys_getsockname(Call& call) {
    return socket_name(call, __NR_getsockname);
}
SyscallResult sys_getpeername(Call& call) {
    return socket_name(call, __NR_getpeername);
}

SyscallResult sys_setsockopt(Call& call) {
    int fd = SCONE_TRY(host_socket(call));
    uint32_t size = call.u32(4);
    uint8_t value[256 + 8];
    if (size > 256)
        return error(kEINVAL);
    SCONE_TRY(copy_from_program(value, call.arg[3], size));
    enclave::copy_to_host(area(kPayload), value, size);
    return from_kernel(enclave::checked_result(
        host_call(__NR_setsockopt, Interruptible::No, static_cast<uint64_t>(fd), call.arg[1],
                  call.arg[2], area(kPayload), size),
        0));
}
SyscallResult sys_getsockopt(Call& call) {
    int fd = SCONE_TRY(host_socket(call));
    uint32_t size = SCONE_TRY(AppPtr<uint32_t>(call.arg[4]).load());
    if (static_cast<int32_t>(size) < 0)
        return error(kEINVAL);
    if (size > 4096)
        size = 4096;
    set_host_address_size(size);
    int64_t result = enclave::checked_result(
        host_call(__NR_getsockopt, Interruptible::No, static_cast<uint64_t>(fd), call.arg[1],
                  call.arg[2], area(kPayload), area(kMessageHeader)),
        0);
    if (result < 0)
        return from_kernel(result);
    uint32_t got = host_address_size();
    if (got > size)
        return error(kEIO);
    SCONE_TRY(IoBuffer::of_program(call.arg[3], got).put_from_host(0, area(kPayload), got));
    SCONE_TRY(AppPtr<uint32_t>(call.arg[4]).store(got));
    return 0;
}

SyscallResult sys_sendto(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    int fd = SCONE_TRY(host_socket(call));
    uint32_t flags = call.u32(3);
    uint64_t name = 0, name_size = 0;
    if (call.arg[4] != 0) {
        name_size = SCONE_TRY(put_address(call.arg[4], call.u32(5)));
        name = area(kAddressArea);
    }
    IoBuffer buffer = IoBuffer::of_program(call.arg[1], call.arg[2]);
    uint64_t done = 0;
    do {
        uint64_t step = buffer.size() < payload_room() ? buffer.size() : payload_room();
        SCONE_TRY(buffer.get_to_host(0, area(kPayload), step));
        int64_t result = enclave::checked_result(
            host_call(__NR_sendto, Interruptible::Yes, static_cast<uint64_t>(fd), area(kPayload),
                      step, flags | kMsgNosignal, name, name_size),
            step);
        if (result < 0)
            return done > 0 ? SyscallResult(done) : socket_result(call, result, flags);
        done += static_cast<uint64_t>(result);
        buffer.advance(static_cast<uint64_t>(result));
        if (static_cast<uint64_t>(result) < step || file->is_non_blocking() ||
            (flags & kMsgDontwait))
            break;
    } while (buffer.size() > 0);
    return done;
}

SyscallResult sys_recvfrom(Call& call) {
    int fd = SCONE_TRY(host_socket(call));
    uint32_t flags = call.u32(3);
    IoBuffer buffer = IoBuffer::of_program(call.arg[1], call.arg[2]);
    uint64_t step = buffer.size() < payload_room() ? buffer.size() : payload_room();
    set_host_address_size(kMaximumAddress);
    int64_t result = enclave::checked_result(
        host_call(__NR_recvfrom, Interruptible::Yes, static_cast<uint64_t>(fd), area(kPayload),
                  step, flags, call.arg[4] != 0 ? area(kAddressArea) : 0,
                  call.arg[4] != 0 ? area(kMessageHeader) : 0),
        flags & kMsgTrunc ? INT32_MAX : step);
    if (result < 0)
        return interrupted_or(result, kERESTARTSYS);
    auto count = static_cast<uint64_t>(result);
    SCONE_TRY(buffer.put_from_host(0, area(kPayload), count < step ? count : step));
    SCONE_TRY(get_address(call.arg[4], call.arg[5], host_address_size()));
    // MSG_WAITALL beyond one window: go on for the rest.
    if ((flags & kMsgWaitall) && count == step && step < buffer.size()) {
        call.arg[1] += count, call.arg[2] -= count, call.arg[4] = 0;
        auto rest = sys_recvfrom(call);
        return rest ? count + *rest : count;
    }
    return count;
}

namespace {

// Control messages of the program: only SCM_RIGHTS may pass, with the host's descriptors in it.
Result<uint64_t> translate_rights_out(Call& call, uint64_t address, uint64_t size,
                                      Vector<Ref<File>>& held) {
    if (size > kControlSize)
        return error(kEINVAL);
    uint8_t control[1024 + 8];
    if (size > 1024)
        return error(kENOMEM);
    SCONE_TRY(copy_from_program(control, address, size));
    for (uint64_t at = 0; size - at >= 16;) {
        uint64_t length;
        int32_t level, type;
        __builtin_memcpy(&length, control + at, 8);
        __builtin_memcpy(&level, control + at + 8, 4);
        __builtin_memcpy(&type, control + at + 12, 4);
        if (length < 16 || length > size - at)
            return error(kEINVAL);
        if (level == kSolSocket && type == kScmRights) {
            for (uint64_t fd_at = at + 16; fd_at + 4 <= at + length; fd_at += 4) {
                int32_t fd;
                __builtin_memcpy(&fd, control + fd_at, 4);
                Ref<File> file = SCONE_TRY(call.process().files->get(fd));
                if (file->host_descriptor() < 0)
                    return error(kEINVAL);
                fd = file->host_descriptor();
                __builtin_memcpy(control + fd_at, &fd, 4);
                if (!held.push(file))
                    return error(kENOMEM);
            }
        }
        uint64_t next = base::round_up(length, 8);
        if (next > size - at)
            break;
        at += next;
    }
    enclave::copy_to_host(area(kControlArea), control, size);
    return size;
}

// HOST: lengths are checked as the program's own parser would need them.
Result<uint64_t> translate_rights_in(Call& call, uint64_t address, uint64_t room,
                                     uint64_t host_size, uint32_t flags, int32_t& message_flags) {
    constexpr int32_t kMsgCtrunc = 8;
    uint8_t control[1024 + 8];
    uint64_t size = host_size < 1024 ? host_size : 1024;
    enclave::copy_from_host(control, area(kControlArea), size);
    for (uint64_t at = 0; size - at >= 16;) {
        uint64_t length;
        int32_t level, type;
        __builtin_memcpy(&length, control + at, 8);
        __builtin_memcpy(&level, control + at + 8, 4);
        __builtin_memcpy(&type, control + at + 12, 4);
        if (length < 16 || length > size - at)
            return error(kEIO);
        if (level == kSolSocket && type == kScmRights) {
            for (uint64_t fd_at = at + 16; fd_at + 4 <= at + length; fd_at += 4) {
                int32_t fd;
                __builtin_memcpy(&fd, control + fd_at, 4);
                Ref<File> file = SCONE_TRY(adopt_host_descriptor(fd, kO_RDWR, "socket:[1]"));
                fd = SCONE_TRY(call.process().files->add(
                    file, flags & kMsgCloexec ? CloseOnExec::Yes : CloseOnExec::No));
                __builtin_memcpy(control + fd_at, &fd, 4);
            }
        }
        uint64_t next = base::round_up(length, 8);
        if (next > size - at)
            break;
        at += next;
    }
    if (size > room) {
        size = room;
        message_flags |= kMsgCtrunc;
    }
    SCONE_TRY(copy_to_program(address, control, size));
    return size;
}

void put_message_header(uint64_t name_size, uint64_t payload, uint64_t control_size) {
    struct {
        MessageHeader header;
        Iovec vector;
    } out{};
    out.header.name = name_size != 0 ? area(kAddressArea) : 0;
    out.header.name_size = static_cast<uint32_t>(name_size);
    out.header.vectors = area(kMessageHeader) + sizeof(MessageHeader);
    out.header.vector_count = 1;
    out.header.control = control_size != 0 ? area(kControlArea) : 0;
    out.header.control_size = control_size;
    out.vector = {area(kPayload), payload};
    enclave::copy_to_host(area(kMessageHeader), &out, sizeof out);
}

}  // namespace

SyscallResult sys_sendmsg(Call& call) {
    int fd = SCONE_TRY(host_socket(call));
    MessageHeader header = SCONE_TRY(AppPtr<MessageHeader>(call.arg[1]).load());
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(vectors.load(header.vectors, header.vector_count));
    uint64_t name_size =
        header.name != 0 ? SCONE_TRY(put_address(header.name, header.name_size)) : 0;
    Vector<Ref<File>> held;
    uint64_t control =
        header.control != 0 && header.control_size > 0
            ? SCONE_TRY(translate_rights_out(call, header.control, header.control_size, held))
            : 0;
    uint64_t step = buffer.size() < payload_room() ? buffer.size() : payload_room();
    SCONE_TRY(buffer.get_to_host(0, area(kPayload), step));
    put_message_header(name_size, step, control);
    int64_t result = enclave::checked_result(
        host_call(__NR_sendmsg, Interruptible::Yes, static_cast<uint64_t>(fd), area(kMessageHeader),
                  call.u32(2) | kMsgNosignal),
        step);
    return socket_result(call, result, call.u32(2));
}

SyscallResult sys_recvmsg(Call& call) {
    int fd = SCONE_TRY(host_socket(call));
    MessageHeader header = SCONE_TRY(AppPtr<MessageHeader>(call.arg[1]).load());
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(vectors.load(header.vectors, header.vector_count));
    uint64_t step = buffer.size() < payload_room() ? buffer.size() : payload_room();
    put_message_header(kMaximumAddress, step, 1024);
    uint32_t flags = call.u32(2);
    int64_t result = enclave::checked_result(
        host_call(__NR_recvmsg, Interruptible::Yes, static_cast<uint64_t>(fd), area(kMessageHeader),
                  flags | kMsgCloexec),
        flags & kMsgTrunc ? INT32_MAX : step);
    if (result < 0)
        return interrupted_or(result, kERESTARTSYS);
    MessageHeader host;
    enclave::copy_from_host(&host, area(kMessageHeader), sizeof host);
    auto count = static_cast<uint64_t>(result);
    SCONE_TRY(buffer.put_from_host(0, area(kPayload), count < step ? count : step));
    if (header.name != 0) {
        uint32_t size = host.name_size < kMaximumAddress ? host.name_size : kMaximumAddress;
        uint32_t copied = size < header.name_size ? size : header.name_size;
        SCONE_TRY(
            IoBuffer::of_program(header.name, copied).put_from_host(0, area(kAddressArea), copied));
        header.name_size = size;
    }
    header.flags = host.flags & ~static_cast<int32_t>(kMsgCloexec);
    header.control_size = SCONE_TRY(
        translate_rights_in(call, header.control, header.control != 0 ? header.control_size : 0,
                            host.control_size, flags, header.flags));
    SCONE_TRY(AppPtr<MessageHeader>(call.arg[1]).store(header));
    return count;
}

}  // namespace scone::libos
