// Sockets: making, naming and configuring them. Addresses and options are copied and bounded.
//
// Source: socket(2), socket(7), unix(7)
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/peer_rule.h"
#include "runtime/trusted/libos/net/socket.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/interruption.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using namespace socket_area;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kMaximumFd = 1 << 24;

SyscallResult socket_name(Call& call, uint64_t number) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    set_host_size(kMaximumAddress);
    int64_t result = enclave::checked_result(
        host_call(number, Interruptible::No, socket->host(), at(kAddress), at(kHeader)), 0);
    if (result == 0)
        SCONE_TRY(get_address(call.arg[1], call.arg[2], host_size()));
    return from_kernel(result);
}

}  // namespace

SyscallResult sys_socket(Call& call) {
    constexpr uint32_t kUnix = 1, kInet = 2, kInet6 = 10, kNetlink = 16;
    uint32_t family = call.u32(0);
    if (family != kUnix && family != kInet && family != kInet6 && family != kNetlink)
        return error(kEAFNOSUPPORT);
    int64_t result = enclave::checked_result(
        host_call(__NR_socket, Interruptible::No, family, call.u32(1) | kO_CLOEXEC, call.arg[2]),
        kMaximumFd);
    if (result < 0)
        return from_kernel(result);
    return add_socket(call, result, call.u32(1));
}

SyscallResult sys_socketpair(Call& call) {
    PeerRule rule = socketpair_rule();
    if (rule == PeerRule::Deny)
        return error(kEACCES);
    int32_t host[2];
    int64_t result =
        enclave::host_structure_call(__NR_socketpair, 3, host, 0, sizeof host, call.arg[0],
                                     call.u32(1) | kO_CLOEXEC, call.arg[2]);
    if (result < 0)
        return from_kernel(result);
    int32_t fds[2];
    auto first = add_socket(call, host[0], call.u32(1));
    if (!first) {
        enclave::host_close(host[1]);
        return first;
    }
    fds[0] = static_cast<int32_t>(*first);
    auto second = add_socket(call, host[1], call.u32(1));
    if (!second) {
        (void)call.process().files->close(fds[0]);
        return second;
    }
    fds[1] = static_cast<int32_t>(*second);
    for (int32_t fd : fds)
        if (auto file = call.process().files->get(fd); file && rule == PeerRule::AllowEvents)
            static_cast<HostSocket&>(**file).restrict_to_events();
    if (auto stored = copy_to_program(call.arg[3], fds, sizeof fds); !stored) {
        (void)call.process().files->close(fds[0]);
        (void)call.process().files->close(fds[1]);
        return std::unexpected(stored.error());
    }
    return 0;
}

SyscallResult sys_bind(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    uint32_t size = SCONE_TRY(put_address(call.arg[1], call.u32(2)));
    return from_kernel(enclave::checked_result(
        host_call(__NR_bind, Interruptible::No, socket->host(), at(kAddress), size), 0));
}
SyscallResult sys_connect(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    uint32_t size = SCONE_TRY(put_address(call.arg[1], call.u32(2)));
    int64_t result = enclave::checked_result(
        host_call(__NR_connect, Interruptible::Yes, socket->host(), at(kAddress), size), 0);
    return interrupted_or(result, kERESTARTSYS);
}
SyscallResult sys_listen(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    return from_kernel(enclave::checked_result(
        host_call(__NR_listen, Interruptible::No, socket->host(), call.arg[1]), 0));
}
SyscallResult sys_shutdown(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    return from_kernel(enclave::checked_result(
        host_call(__NR_shutdown, Interruptible::No, socket->host(), call.arg[1]), 0));
}

SyscallResult sys_accept4(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    uint32_t flags = call.u32(3);
    if (flags & ~(kO_CLOEXEC | kO_NONBLOCK))
        return error(kEINVAL);
    set_host_size(kMaximumAddress);
    int64_t result =
        enclave::checked_result(host_call(__NR_accept4, Interruptible::Yes, socket->host(),
                                          at(kAddress), at(kHeader), flags | kO_CLOEXEC),
                                kMaximumFd);
    if (result < 0)
        return interrupted_or(result, kERESTARTSYS);
    auto stored = get_address(call.arg[1], call.arg[2], host_size());
    if (!stored) {
        enclave::host_close(static_cast<int>(result));
        return std::unexpected(stored.error());
    }
    return add_socket(call, result, flags);
}
SyscallResult sys_accept(Call& call) {
    call.arg[3] = 0;
    return sys_accept4(call);
}

SyscallResult sys_getsockname(Call& call) {
    return socket_name(call, __NR_getsockname);
}
SyscallResult sys_getpeername(Call& call) {
    return socket_name(call, __NR_getpeername);
}

SyscallResult sys_setsockopt(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    uint32_t size = call.u32(4);
    if (static_cast<int32_t>(size) < 0 || size > payload_room())
        return error(kEINVAL);
    SCONE_TRY(IoBuffer::of_program(call.arg[3], size).get_to_host(0, at(kPayload), size));
    return from_kernel(
        enclave::checked_result(host_call(__NR_setsockopt, Interruptible::No, socket->host(),
                                          call.arg[1], call.arg[2], at(kPayload), size),
                                0));
}
SyscallResult sys_getsockopt(Call& call) {
    Ref<HostSocket> socket = SCONE_TRY(socket_of(call));
    uint32_t size = SCONE_TRY(AppPtr<uint32_t>(call.arg[4]).load());
    if (static_cast<int32_t>(size) < 0)
        return error(kEINVAL);
    if (size > payload_room())
        size = static_cast<uint32_t>(payload_room());
    set_host_size(size);
    int64_t result =
        enclave::checked_result(host_call(__NR_getsockopt, Interruptible::No, socket->host(),
                                          call.arg[1], call.arg[2], at(kPayload), at(kHeader)),
                                0);
    if (result < 0)
        return from_kernel(result);
    uint32_t got = host_size();
    if (got > size)
        return error(kEIO);
    SCONE_TRY(IoBuffer::of_program(call.arg[3], got).put_from_host(0, at(kPayload), got));
    SCONE_TRY(AppPtr<uint32_t>(call.arg[4]).store(got));
    return 0;
}

}  // namespace scone::libos
