// Sockets: making, naming and configuring them. Addresses and options are copied and bounded.
//
// Source: socket(2), socket(7), unix(7)
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/pair_socket.h"
#include "runtime/trusted/libos/net/peer_rule.h"
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
    constexpr uint32_t kUnix = 1, kInet = 2, kInet6 = 10;
    if (peer_rules().socketpair == PeerRule::Deny)
        return error(kEACCES);
    uint32_t family = call.u32(0), type = call.u32(1);
    if (family != kUnix)
        return error(family == kInet || family == kInet6 ? kEOPNOTSUPP : kEAFNOSUPPORT);
    int32_t host[2];
    SCONE_TRY(from_kernel(enclave::host_structure_call(__NR_socketpair, 3, host, 0, sizeof host,
                                                       family, type | kO_CLOEXEC, call.arg[2])));
    Ref<File> ends[2];
    SCONE_TRY(make_socket_pair(type, host, ends));
    CloseOnExec mark = type & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No;
    FdTable& files = *call.process().files;
    int32_t fds[2];
    fds[0] = SCONE_TRY(files.add(ends[0], mark));
    auto second = files.add(ends[1], mark);
    if (!second) {
        (void)files.close(fds[0]);
        return std::unexpected(second.error());
    }
    fds[1] = *second;
    if (auto stored = copy_to_program(call.arg[3], fds, sizeof fds); !stored) {
        (void)files.close(fds[0]);
        (void)files.close(fds[1]);
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
    SCONE_TRY(socket->check_connect());
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
    uint32_t value = 0;
    if (size >= sizeof value)
        value = SCONE_TRY(AppPtr<uint32_t>(call.arg[3]).load());
    uint32_t given = value;
    SCONE_TRY(socket->check_option(call.arg[1], call.arg[2], value));
    SCONE_TRY(IoBuffer::of_program(call.arg[3], size).get_to_host(0, at(kPayload), size));
    if (value != given)
        enclave::copy_to_host(at(kPayload), &value, sizeof value);
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
