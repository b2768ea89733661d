// Scheduling, priorities and resource limits
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/threads.h"

namespace scone::libos {
using namespace linux_abi;

namespace {
// Time and processes are the host's: it counts them, sends SIGXCPU and SIGKILL, and refuses.
Result<void> limit_on_host(Process& process, uint64_t which, const Limit& limit) {
    constexpr uint64_t kCpu = 0, kProcesses = 6, kNice = 13, kPriority = 14, kRealTime = 15;
    if (which != kCpu && which != kProcesses && which != kNice && which != kPriority &&
        which != kRealTime)
        return {};
    DeferredCall what{__NR_setrlimit, {which, 0, 0}};
    static_assert(sizeof limit == 4 * sizeof(uint32_t));
    if (!what.list.resize(4))
        return error(kENOMEM);
    __builtin_memcpy(what.list.data(), &limit, sizeof limit);
    return change_host_process(process, std::move(what));
}
}  // namespace

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
        SCONE_TRY(limit_on_host(call.process(), which, fresh));
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
// The host schedules; what a program asks for is asked of it. A thread that called exec has another
// number there.
namespace {
Result<uint64_t> scheduled(int id) {
    if (id < 0)
        return error(kEINVAL);
    auto own = id == 0 ? Result<int64_t>(0) : host_thread_of(id);
    // Not a thread of this process: another process, which the host knows by this number.
    return static_cast<uint64_t>(own ? *own : id);
}
SyscallResult host_result(int64_t result, uint64_t limit) {
    return from_kernel(enclave::checked_result(result, limit));
}
constexpr uint64_t kMaximumPolicy = 0x40000007;  // with SCHED_RESET_ON_FORK
}  // namespace

SyscallResult sys_sched_getaffinity(Call& call) {
    uint64_t mask[16] = {};
    if (call.arg[1] < 8 || call.arg[1] % 8 != 0)
        return error(kEINVAL);
    uint64_t size = call.arg[1] < sizeof mask ? call.arg[1] : sizeof mask;
    uint64_t id = SCONE_TRY(scheduled(call.fd(0)));
    int64_t result =
        enclave::host_structure_call(__NR_sched_getaffinity, 2, mask, 0, size, id, size);
    if (result < 0 || static_cast<uint64_t>(result) > size)
        return result < 0 ? from_kernel(result) : error(kEINVAL);
    SCONE_TRY(copy_to_program(call.arg[2], mask, static_cast<uint64_t>(result)));
    return static_cast<uint64_t>(result);
}
SyscallResult sys_sched_setaffinity(Call& call) {
    uint64_t mask[16] = {};
    uint64_t size = call.arg[1] < sizeof mask ? call.arg[1] : sizeof mask;
    SCONE_TRY(copy_from_program(mask, call.arg[2], size));
    return from_kernel(enclave::host_structure_call(__NR_sched_setaffinity, 2, mask, sizeof mask, 0,
                                                    SCONE_TRY(scheduled(call.fd(0))), size));
}
SyscallResult sys_sched_getparam(Call& call) {
    uint64_t priority = 0;
    int64_t result = enclave::host_structure_call(
        __NR_sched_getparam, 1, &priority, 0, sizeof priority, SCONE_TRY(scheduled(call.fd(0))));
    if (result < 0)
        return from_kernel(result);
    SCONE_TRY(AppPtr<int32_t>(call.arg[1]).store(static_cast<int32_t>(priority)));
    return 0;
}
SyscallResult sys_sched_setparam(Call& call) {
    uint64_t priority = static_cast<uint32_t>(SCONE_TRY(AppPtr<int32_t>(call.arg[1]).load()));
    return from_kernel(enclave::host_structure_call(
        __NR_sched_setparam, 1, &priority, sizeof priority, 0, SCONE_TRY(scheduled(call.fd(0)))));
}
SyscallResult sys_sched_getscheduler(Call& call) {
    return host_result(enclave::host_call(__NR_sched_getscheduler, enclave::Interruptible::No,
                                          SCONE_TRY(scheduled(call.fd(0)))),
                       kMaximumPolicy);
}
SyscallResult sys_sched_setscheduler(Call& call) {
    uint64_t priority = static_cast<uint32_t>(SCONE_TRY(AppPtr<int32_t>(call.arg[2]).load()));
    return from_kernel(enclave::host_structure_call(__NR_sched_setscheduler, 2, &priority,
                                                    sizeof priority, 0,
                                                    SCONE_TRY(scheduled(call.fd(0))), call.u32(1)));
}
SyscallResult sys_sched_rr_get_interval(Call& call) {
    Timespec interval;
    int64_t result =
        enclave::host_structure_call(__NR_sched_rr_get_interval, 1, &interval, 0, sizeof interval,
                                     SCONE_TRY(scheduled(call.fd(0))));
    if (result < 0)
        return from_kernel(result);
    SCONE_TRY(AppPtr<Timespec>(call.arg[1]).store(interval));
    return 0;
}
SyscallResult sys_sched_get_priority_max(Call& call) {
    return host_result(
        enclave::host_call(__NR_sched_get_priority_max, enclave::Interruptible::No, call.arg[0]),
        99);
}
SyscallResult sys_sched_get_priority_min(Call& call) {
    return host_result(
        enclave::host_call(__NR_sched_get_priority_min, enclave::Interruptible::No, call.arg[0]),
        99);
}
namespace {
// PRIO_PROCESS names a thread; groups and users have the host's numbers.
Result<uint64_t> priority_target(Call& call) {
    constexpr uint32_t kProcess = 0;
    return call.u32(0) == kProcess ? scheduled(call.fd(1)) : Result<uint64_t>(call.u32(1));
}
}  // namespace
SyscallResult sys_getpriority(Call& call) {
    constexpr uint64_t kHighest = 40;  // 20 - nice
    return host_result(enclave::host_call(__NR_getpriority, enclave::Interruptible::No, call.arg[0],
                                          SCONE_TRY(priority_target(call))),
                       kHighest);
}
SyscallResult sys_setpriority(Call& call) {
    SCONE_TRY(change_host_process(call.process(), __NR_setpriority, call.arg[0],
                                  SCONE_TRY(priority_target(call)), call.arg[2]));
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
