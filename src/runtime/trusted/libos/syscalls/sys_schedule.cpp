// Scheduling, priorities and resource limits
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {
using namespace linux_abi;

SyscallResult sys_prlimit64(Call& call) {
    uint64_t which = call.u32(1);
    if (which >= kLimitCount)
        return error(kEINVAL);
    if (call.fd(0) != 0 && call.fd(0) != call.process().pid)
        return error(kESRCH);
    Limit old = call.process().limits[which];
    if (call.arg[2] != 0) {
        Limit fresh = SCONE_TRY(AppPtr<Limit>(call.arg[2]).load());
        if (fresh.soft > fresh.hard)
            return error(kEINVAL);
        if (fresh.hard > old.hard && call.process().credentials.effective_user != 0)
            return error(kEPERM);
        constexpr uint64_t kNoFile = 7;
        if (which == kNoFile)
            call.process().files->set_limit(fresh.soft);
        call.process().limits[which] = fresh;
    }
    if (call.arg[3] != 0)
        SCONE_TRY(AppPtr<Limit>(call.arg[3]).store(old));
    return 0;
}
SyscallResult sys_getrlimit(Call& call) {
    if (call.u32(0) >= kLimitCount)
        return error(kEINVAL);
    SCONE_TRY(AppPtr<Limit>(call.arg[1]).store(call.process().limits[call.u32(0)]));
    return 0;
}
SyscallResult sys_setrlimit(Call& call) {
    call.arg[2] = call.arg[1], call.arg[1] = call.arg[0], call.arg[0] = 0, call.arg[3] = 0;
    return sys_prlimit64(call);
}

SyscallResult sys_sched_yield(Call&) {
    enclave::yield_to_host();
    return 0;
}
SyscallResult sys_sched_getaffinity(Call& call) {
    uint64_t mask[16] = {};
    if (call.arg[1] < 8 || call.arg[1] % 8 != 0)
        return error(kEINVAL);
    uint64_t size = call.arg[1] < sizeof mask ? call.arg[1] : sizeof mask;
    int64_t result =
        enclave::host_structure_call(__NR_sched_getaffinity, 2, mask, 0, size, 0, size);
    if (result < 0 || static_cast<uint64_t>(result) > size)
        return error(kEINVAL);
    SCONE_TRY(copy_to_program(call.arg[2], mask, static_cast<uint64_t>(result)));
    return static_cast<uint64_t>(result);
}
SyscallResult sys_sched_setaffinity(Call&) {
    return 0;
}
SyscallResult sys_sched_getparam(Call& call) {
    SCONE_TRY(AppPtr<int32_t>(call.arg[1]).store(0));
    return 0;
}
SyscallResult sys_sched_getscheduler(Call&) {
    return 0;
}
SyscallResult sys_sched_setscheduler(Call& call) {
    return call.fd(1) == 0 || call.fd(1) == 3 || call.fd(1) == 5 ? SyscallResult(0) : error(kEPERM);
}
SyscallResult sys_sched_get_priority_max(Call& call) {
    return call.fd(0) == 1 || call.fd(0) == 2 ? 99 : 0;
}
SyscallResult sys_sched_get_priority_min(Call& call) {
    return call.fd(0) == 1 || call.fd(0) == 2 ? 1 : 0;
}
SyscallResult sys_getpriority(Call&) {
    return 20;
}
SyscallResult sys_setpriority(Call&) {
    return 0;
}
SyscallResult sys_getcpu(Call& call) {
    if (call.arg[0] != 0)
        SCONE_TRY(AppPtr<uint32_t>(call.arg[0]).store(0));
    if (call.arg[1] != 0)
        SCONE_TRY(AppPtr<uint32_t>(call.arg[1]).store(0));
    return 0;
}
}  // namespace scone::libos
