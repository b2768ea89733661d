// Identity, clone, exec, exit, wait and what belongs to a process
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/exec.h"
#include "runtime/trusted/libos/task/exit.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/threads.h"

namespace scone::libos {
namespace {
using namespace linux_abi;
using enclave::Guard;

SyscallResult host_number(uint64_t number, uint64_t a0 = 0, uint64_t a1 = 0, uint64_t a2 = 0) {
    return from_kernel(enclave::checked_result(
        enclave::host_call(number, enclave::Interruptible::No, a0, a1, a2), INT32_MAX));
}
}  // namespace

SyscallResult sys_getpid(Call& call) {
    return static_cast<uint64_t>(call.process().pid);
}
SyscallResult sys_getppid(Call& call) {
    return static_cast<uint64_t>(current_parent(call.process()));
}
SyscallResult sys_gettid(Call& call) {
    return static_cast<uint64_t>(call.thread.tid);
}
SyscallResult sys_getuid(Call& call) {
    return call.process().credentials.user;
}
SyscallResult sys_geteuid(Call& call) {
    return call.process().credentials.effective_user;
}
SyscallResult sys_getgid(Call& call) {
    return call.process().credentials.group;
}
SyscallResult sys_getegid(Call& call) {
    return call.process().credentials.effective_group;
}

SyscallResult sys_getresuid(Call& call) {
    Credentials& c = call.process().credentials;
    SCONE_TRY(AppPtr<uint32_t>(call.arg[0]).store(c.user));
    SCONE_TRY(AppPtr<uint32_t>(call.arg[1]).store(c.effective_user));
    SCONE_TRY(AppPtr<uint32_t>(call.arg[2]).store(c.saved_user));
    return 0;
}
SyscallResult sys_getresgid(Call& call) {
    Credentials& c = call.process().credentials;
    SCONE_TRY(AppPtr<uint32_t>(call.arg[0]).store(c.group));
    SCONE_TRY(AppPtr<uint32_t>(call.arg[1]).store(c.effective_group));
    SCONE_TRY(AppPtr<uint32_t>(call.arg[2]).store(c.saved_group));
    return 0;
}

// The host changes its own identity first, so that files it opens belong to the new one.
namespace {
SyscallResult set_ids(uint64_t number, uint64_t real, uint64_t effective, uint64_t saved,
                      uint32_t& r, uint32_t& e, uint32_t& s) {
    SCONE_TRY(host_number(number, real, effective, saved));
    auto assign = [](uint32_t& id, uint64_t value) {
        if (static_cast<uint32_t>(value) != ~0u)
            id = static_cast<uint32_t>(value);
    };
    assign(r, real), assign(e, effective), assign(s, saved);
    return 0;
}
constexpr uint64_t kKeep = ~0u;
}  // namespace
SyscallResult sys_setuid(Call& call) {
    Credentials& c = call.process().credentials;
    bool all = c.effective_user == 0;
    return set_ids(__NR_setresuid, all ? call.arg[0] : kKeep, call.arg[0],
                   all ? call.arg[0] : kKeep, c.user, c.effective_user, c.saved_user);
}
SyscallResult sys_setgid(Call& call) {
    Credentials& c = call.process().credentials;
    bool all = c.effective_user == 0;
    return set_ids(__NR_setresgid, all ? call.arg[0] : kKeep, call.arg[0],
                   all ? call.arg[0] : kKeep, c.group, c.effective_group, c.saved_group);
}
SyscallResult sys_setreuid(Call& call) {
    Credentials& c = call.process().credentials;
    return set_ids(__NR_setresuid, call.arg[0], call.arg[1], call.arg[1], c.user, c.effective_user,
                   c.saved_user);
}
SyscallResult sys_setregid(Call& call) {
    Credentials& c = call.process().credentials;
    return set_ids(__NR_setresgid, call.arg[0], call.arg[1], call.arg[1], c.group,
                   c.effective_group, c.saved_group);
}
SyscallResult sys_setresuid(Call& call) {
    Credentials& c = call.process().credentials;
    return set_ids(__NR_setresuid, call.arg[0], call.arg[1], call.arg[2], c.user, c.effective_user,
                   c.saved_user);
}
SyscallResult sys_setresgid(Call& call) {
    Credentials& c = call.process().credentials;
    return set_ids(__NR_setresgid, call.arg[0], call.arg[1], call.arg[2], c.group,
                   c.effective_group, c.saved_group);
}
SyscallResult sys_setfsuid(Call& call) {
    return call.process().credentials.effective_user;
}
SyscallResult sys_setfsgid(Call& call) {
    return call.process().credentials.effective_group;
}

SyscallResult sys_getgroups(Call& call) {
    constexpr uint64_t kMaximum = 65536;
    uint64_t count = call.u32(0);
    if (count > kMaximum)
        return error(kEINVAL);
    uint64_t fitting = (enclave::window_data_size() - enclave::kResultArea) / 4;
    uint64_t asked = count < fitting ? count : fitting;
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    int64_t result = enclave::checked_result(
        enclave::host_call(__NR_getgroups, enclave::Interruptible::No, asked, at),
        count == 0 ? kMaximum : asked);
    if (result > 0 && count > 0)
        SCONE_TRY(copy_to_program(call.arg[1], reinterpret_cast<const void*>(at),
                                  static_cast<uint64_t>(result) * 4));
    return from_kernel(result);
}
SyscallResult sys_setgroups(Call& call) {
    uint64_t count = call.u32(0);
    if (count * 4 > enclave::window_data_size() - enclave::kResultArea)
        return error(kEINVAL);
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    SCONE_TRY(copy_from_program(reinterpret_cast<void*>(at), call.arg[1], count * 4));
    return host_number(__NR_setgroups, count, at);
}

SyscallResult sys_getpgrp(Call& call) {
    return static_cast<uint64_t>(call.process().group);
}
SyscallResult sys_getpgid(Call& call) {
    if (call.fd(0) == 0 || call.fd(0) == call.process().pid)
        return static_cast<uint64_t>(call.process().group);
    return host_number(__NR_getpgid, call.arg[0]);
}
SyscallResult sys_setpgid(Call& call) {
    bool self = call.fd(0) == 0 || call.fd(0) == call.process().pid;
    SCONE_TRY(host_number(__NR_setpgid, self ? 0 : call.arg[0], call.arg[1]));
    if (self)
        call.process().group = call.fd(1) == 0 ? call.process().pid : call.fd(1);
    return 0;
}
SyscallResult sys_getsid(Call& call) {
    if (call.fd(0) == 0 || call.fd(0) == call.process().pid)
        return static_cast<uint64_t>(call.process().session);
    return host_number(__NR_getsid, call.arg[0]);
}
SyscallResult sys_setsid(Call& call) {
    SCONE_TRY(host_number(__NR_setsid));
    call.process().session = call.process().group = call.process().pid;
    return static_cast<uint64_t>(call.process().pid);
}

SyscallResult sys_set_tid_address(Call& call) {
    call.thread.clear_child_tid = call.arg[0];
    return static_cast<uint64_t>(call.thread.tid);
}
SyscallResult sys_set_robust_list(Call& call) {
    if (call.arg[1] != 24)
        return error(kEINVAL);
    call.thread.robust_list = call.arg[0];
    return 0;
}
SyscallResult sys_get_robust_list(Call& call) {
    if (call.fd(0) != 0 && call.fd(0) != call.thread.tid)
        return error(kEPERM);
    SCONE_TRY(AppPtr<uint64_t>(call.arg[1]).store(call.thread.robust_list));
    SCONE_TRY(AppPtr<uint64_t>(call.arg[2]).store(24));
    return 0;
}

SyscallResult sys_arch_prctl(Call& call) {
    constexpr uint64_t kSetGs = 0x1001, kSetFs = 0x1002, kGetFs = 0x1003, kGetGs = 0x1004;
    switch (call.arg[0]) {
        case kSetFs:
            if (call.arg[1] >= enclave::program_end())
                return error(kEPERM);
            set_program_fs(call.arg[1]);
            return 0;
        case kGetFs:
            SCONE_TRY(AppPtr<uint64_t>(call.arg[1]).store(program_fs()));
            return 0;
        case kSetGs:  // GS is the runtime's
        case kGetGs:
        default:
            return error(kEINVAL);
    }
}

SyscallResult sys_prctl(Call& call) {
    enum {
        kSetPdeathsig = 1,
        kGetPdeathsig = 2,
        kGetDumpable = 3,
        kSetDumpable = 4,
        kSetKeepcaps = 8,
        kGetKeepcaps = 7,
        kSetName = 15,
        kGetName = 16,
        kCapbsetRead = 23,
        kSetTimerslack = 29,
        kSetChildSubreaper = 36,
        kSetNoNewPrivs = 38,
        kGetNoNewPrivs = 39,
        kSetVma = 0x53564d41
    };
    switch (call.arg[0]) {
        case kSetName: {
            char name[16] = {};
            for (unsigned i = 0; i < 15; i++) {
                SCONE_TRY(copy_from_program(&name[i], call.arg[1] + i, 1));
                if (name[i] == 0)
                    break;
            }
            call.thread.name = FixedText<16>(name);
            return 0;
        }
        case kGetName: {
            char name[16] = {};
            __builtin_memcpy(name, call.thread.name.c_str(), call.thread.name.size());
            SCONE_TRY(copy_to_program(call.arg[1], name, sizeof name));
            return 0;
        }
        case kGetDumpable:
            return 0;
        case kSetDumpable:
        case kSetKeepcaps:
        case kSetTimerslack:
            return 0;
        case kGetKeepcaps:
        case kGetNoNewPrivs:
            return 0;
        case kSetPdeathsig:
        case kSetChildSubreaper:
        case kSetNoNewPrivs:
        case kCapbsetRead:
            return host_number(__NR_prctl, call.arg[0], call.arg[1]);
        case kSetVma:
            return error(kEINVAL);
        default:
            return error(kEINVAL);
    }
}

namespace {
struct CloneArguments {
    uint64_t flags, parent_tid, child_tid, stack, tls;
    int exit_signal;
};
SyscallResult clone(Call& call, const CloneArguments& a) {
    constexpr uint64_t kThreadFlags = kCLONE_VM | kCLONE_SIGHAND | kCLONE_THREAD;
    if ((a.flags & kCLONE_THREAD) && (a.flags & kThreadFlags) != kThreadFlags)
        return error(kEINVAL);
    if (a.flags & kCLONE_THREAD) {
        NewThread what{a.stack, a.tls, (a.flags & kCLONE_SETTLS) != 0,
                       a.flags & kCLONE_CHILD_CLEARTID ? a.child_tid : 0};
        return static_cast<uint64_t>(SCONE_TRY(create_thread(what, [&](int32_t tid) {
            if (a.flags & kCLONE_PARENT_SETTID)
                (void)copy_to_program(a.parent_tid, &tid, sizeof tid);
            if (a.flags & kCLONE_CHILD_SETTID)
                (void)copy_to_program(a.child_tid, &tid, sizeof tid);
        })));
    }
    NewProcess what{};
    what.stack = a.stack;
    what.share_memory = a.flags & kCLONE_VM;
    what.wait_for_exec = a.flags & kCLONE_VFORK;
    what.share_files = a.flags & kCLONE_FILES;
    what.clear_handlers = a.flags & kCLONE_CLEAR_SIGHAND;
    what.set_thread_area = a.flags & kCLONE_SETTLS;
    what.thread_area = a.tls;
    what.child_tid_set = a.flags & kCLONE_CHILD_SETTID ? a.child_tid : 0;
    what.child_tid_clear = a.flags & kCLONE_CHILD_CLEARTID ? a.child_tid : 0;
    what.parent_tid_set = a.flags & kCLONE_PARENT_SETTID ? a.parent_tid : 0;
    // A process that shares memory but does not wait is neither a thread nor a fork.
    if (what.share_memory && !what.wait_for_exec)
        return error(kENOSYS);
    return make_process(call.thread, call.frame, what);
}
}  // namespace

SyscallResult sys_clone(Call& call) {
    return clone(call, {call.arg[0] & ~0xffull, call.arg[2], call.arg[3], call.arg[1], call.arg[4],
                        static_cast<int>(call.arg[0] & 0xff)});
}
SyscallResult sys_clone3(Call& call) {
    uint64_t a[11] = {};
    if (call.arg[1] < 64 || call.arg[1] > 4096)
        return error(call.arg[1] < 64 ? kEINVAL : kE2BIG);
    SCONE_TRY(copy_from_program(a, call.arg[0], call.arg[1] < sizeof a ? call.arg[1] : sizeof a));
    uint64_t stack = a[5] != 0 ? a[5] + a[6] : 0;
    return clone(call, {a[0], a[3], a[2], stack, a[7], static_cast<int>(a[4])});
}
SyscallResult sys_fork(Call& call) {
    return clone(call, {0, 0, 0, 0, 0, kSIGCHLD});
}
SyscallResult sys_vfork(Call& call) {
    return clone(call, {kCLONE_VM | kCLONE_VFORK, 0, 0, 0, 0, kSIGCHLD});
}

SyscallResult sys_execve(Call& call) {
    return execute(call.thread, call.frame, kAT_FDCWD, call.arg[0], call.arg[1], call.arg[2], 0);
}
SyscallResult sys_execveat(Call& call) {
    return execute(call.thread, call.frame, call.fd(0), call.arg[1], call.arg[2], call.arg[3],
                   call.u32(4));
}

SyscallResult sys_exit(Call& call) {
    if (leave_vfork_child(call.thread, call.frame, (call.fd(0) & 0xff) << 8))
        return call.frame.rax;
    exit_thread(call.fd(0) & 0xff);
}
SyscallResult sys_exit_group(Call& call) {
    if (leave_vfork_child(call.thread, call.frame, (call.fd(0) & 0xff) << 8))
        return call.frame.rax;
    end_process(call.fd(0) & 0xff);
}

SyscallResult sys_wait4(Call& call) {
    int32_t status = 0;
    uint64_t usage[18] = {};
    int32_t pid = SCONE_TRY(wait_for_child(call.process(), call.fd(0), call.u32(2), status, usage));
    if (pid > 0 && call.arg[1] != 0)
        SCONE_TRY(AppPtr<int32_t>(call.arg[1]).store(status));
    if (pid > 0 && call.arg[3] != 0)
        SCONE_TRY(copy_to_program(call.arg[3], usage, sizeof usage));
    return static_cast<uint64_t>(pid);
}

SyscallResult sys_waitid(Call& call) {
    enum { kAll = 0, kPid = 1, kGroup = 2 };
    constexpr uint32_t kNoHang = 1, kStopped = 2, kExited = 4, kContinued = 8, kNoWait = 0x01000000;
    uint32_t options = call.u32(3);
    if (!(options & (kExited | kStopped | kContinued)))
        return error(kEINVAL);
    SigInfo info{};
    SCONE_TRY(wait_for_child_info(call.process(), call.fd(0), call.fd(1),
                                  options & (kNoHang | kStopped | kExited | kContinued | kNoWait),
                                  info));
    if (call.arg[2] != 0)
        SCONE_TRY(AppPtr<SigInfo>(call.arg[2]).store(info));
    return 0;
}

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
SyscallResult sys_capget(Call& call) {
    // No capability is claimed: what the host really allows shows when it is used.
    constexpr uint32_t kVersion3 = 0x20080522;
    uint32_t version = SCONE_TRY(AppPtr<uint32_t>(call.arg[0]).load());
    if (version != kVersion3 && version != 0x20071026 && version != 0x19980330) {
        SCONE_TRY(AppPtr<uint32_t>(call.arg[0]).store(kVersion3));
        return call.arg[1] == 0 ? SyscallResult(0) : error(kEINVAL);
    }
    uint32_t data[6] = {};
    if (call.process().credentials.effective_user == 0)
        data[0] = data[1] = ~0u, data[3] = data[4] = 0x1ff;
    if (call.arg[1] != 0)
        SCONE_TRY(copy_to_program(call.arg[1], data, version == 0x19980330 ? 12 : sizeof data));
    return 0;
}
SyscallResult sys_capset(Call&) {
    return 0;
}

}  // namespace scone::libos
