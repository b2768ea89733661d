// epoll
//
// Source: epoll(7)
#include "runtime/trusted/libos/net/epoll.h"
#include "runtime/trusted/libos/net/temporary_mask.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

SyscallResult epoll_wait_for(Call& call, const Timeout& timeout) {
    if (call.fd(2) <= 0)
        return error(kEINVAL);
    Ref<File> epoll = SCONE_TRY(call.file(0));
    return epoll_wait_events(*epoll, call.arg[1], call.u32(2), timeout);
}
Timeout milliseconds(int value) {
    return value < 0 ? Timeout{} : Timeout::after(static_cast<uint64_t>(value) * 1'000'000);
}

}  // namespace

SyscallResult sys_epoll_create1(Call& call) {
    if (call.u32(0) & ~kO_CLOEXEC)
        return error(kEINVAL);
    Ref<File> file = SCONE_TRY(make_epoll());
    return static_cast<uint64_t>(SCONE_TRY(call.process().files->add(
        file, call.u32(0) & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No)));
}
SyscallResult sys_epoll_create(Call& call) {
    if (call.fd(0) <= 0)
        return error(kEINVAL);
    call.arg[0] = 0;
    return sys_epoll_create1(call);
}
SyscallResult sys_epoll_ctl(Call& call) {
    constexpr int kDelete = 2;
    EpollEvent event{};
    if (call.fd(1) != kDelete)
        event = SCONE_TRY(AppPtr<EpollEvent>(call.arg[3]).load());
    Ref<File> epoll = SCONE_TRY(call.file(0));
    Ref<File> file = SCONE_TRY(call.file(2));
    SCONE_TRY(epoll_control(*epoll, call.fd(1), call.fd(2), *file, event));
    return 0;
}
SyscallResult sys_epoll_wait(Call& call) {
    return epoll_wait_for(call, milliseconds(call.fd(3)));
}
SyscallResult sys_epoll_pwait(Call& call) {
    SCONE_TRY(set_temporary_mask(call, call.arg[4], call.arg[5]));
    auto result = epoll_wait_for(call, milliseconds(call.fd(3)));
    end_temporary_mask(call, result);
    return result;
}
SyscallResult sys_epoll_pwait2(Call& call) {
    Timeout timeout;
    if (call.arg[3] != 0)
        timeout = Timeout::after(
            SCONE_TRY(timespec_to_ns(SCONE_TRY(AppPtr<Timespec>(call.arg[3]).load()))));
    SCONE_TRY(set_temporary_mask(call, call.arg[4], call.arg[5]));
    auto result = epoll_wait_for(call, timeout);
    end_temporary_mask(call, result);
    return result;
}

}  // namespace scone::libos
