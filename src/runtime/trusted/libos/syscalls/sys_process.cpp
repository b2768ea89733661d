// clone, exec, exit, wait, and what a thread registers
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/children.h"
#include "runtime/trusted/libos/task/exec.h"
#include "runtime/trusted/libos/task/exit.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/process_file.h"
#include "runtime/trusted/libos/task/threads.h"

namespace scone::libos {
using namespace linux_abi;

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

namespace {
struct CloneArguments {
    uint64_t flags, parent_tid, child_tid, stack, tls;
    int exit_signal;
    uint64_t pidfd;
};
SyscallResult clone(Call& call, const CloneArguments& a) {
    constexpr uint64_t kThreadFlags = kCLONE_VM | kCLONE_SIGHAND | kCLONE_THREAD;
    if ((a.flags & kCLONE_THREAD) && (a.flags & kThreadFlags) != kThreadFlags)
        return error(kEINVAL);
    if ((a.flags & kCLONE_PIDFD) && (a.flags & (kCLONE_THREAD | kCLONE_DETACHED)))
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
    what.gives_descriptor = a.flags & kCLONE_PIDFD;
    what.descriptor_address = a.pidfd;
    // A process that shares memory but does not wait is neither a thread nor a fork.
    if (what.share_memory && !what.wait_for_exec)
        return error(kENOSYS);
    return make_process(call.thread, call.frame, what);
}
}  // namespace

SyscallResult sys_clone(Call& call) {
    // Both are stored at the same place.
    if ((call.arg[0] & kCLONE_PIDFD) && (call.arg[0] & kCLONE_PARENT_SETTID))
        return error(kEINVAL);
    return clone(call, {call.arg[0] & ~0xffull, call.arg[2], call.arg[3], call.arg[1], call.arg[4],
                        static_cast<int>(call.arg[0] & 0xff), call.arg[2]});
}
SyscallResult sys_clone3(Call& call) {
    uint64_t a[11] = {};
    if (call.arg[1] < 64 || call.arg[1] > 4096)
        return error(call.arg[1] < 64 ? kEINVAL : kE2BIG);
    SCONE_TRY(copy_from_program(a, call.arg[0], call.arg[1] < sizeof a ? call.arg[1] : sizeof a));
    uint64_t stack = a[5] != 0 ? a[5] + a[6] : 0;
    return clone(call, {a[0], a[3], a[2], stack, a[7], static_cast<int>(a[4]), a[1]});
}
SyscallResult sys_fork(Call& call) {
    return clone(call, {0, 0, 0, 0, 0, kSIGCHLD, 0});
}
SyscallResult sys_vfork(Call& call) {
    return clone(call, {kCLONE_VM | kCLONE_VFORK, 0, 0, 0, 0, kSIGCHLD, 0});
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
    constexpr uint32_t kNoHang = 1, kUntraced = 2, kContinued = 8;
    constexpr uint32_t kCloneOptions = 0xe0000000;  // __WNOTHREAD, __WALL, __WCLONE
    if (call.u32(2) & ~(kNoHang | kUntraced | kContinued | kCloneOptions))
        return error(kEINVAL);
    int32_t status = 0;
    RawUsage usage{};
    int32_t pid = SCONE_TRY(wait_for_child(call.process(), call.fd(0), call.u32(2), status, usage));
    if (pid > 0 && call.arg[1] != 0)
        SCONE_TRY(AppPtr<int32_t>(call.arg[1]).store(status));
    if (pid > 0 && call.arg[3] != 0)
        SCONE_TRY(AppPtr<RawUsage>(call.arg[3]).store(usage));
    return static_cast<uint64_t>(pid);
}

SyscallResult sys_waitid(Call& call) {
    constexpr uint32_t kStopped = 2, kExited = 4, kContinued = 8;
    SigInfo info{};
    RawUsage usage{};
    if (!(call.u32(3) & (kExited | kStopped | kContinued)))
        return error(kEINVAL);
    constexpr int kPid = 1;
    int which = call.fd(0), id = call.fd(1);
    Ref<File> file;  // keeps the descriptor open
    if (which == kPidFd) {
        file = SCONE_TRY(call.file(1));
        id = file->host_descriptor();
        if (id < 0 && file->kind() == FileKind::Process) {
            which = kPid;
            id = static_cast<ProcessFile&>(*file).local_pid();
        } else if (id < 0) {
            return error(kEBADF);
        }
    }
    SCONE_TRY(wait_for_child_info(call.process(), which, id, call.u32(3), info, usage));
    if (call.arg[2] != 0)
        SCONE_TRY(AppPtr<SigInfo>(call.arg[2]).store(info));
    if (call.arg[4] != 0 && info.pid != 0)
        SCONE_TRY(AppPtr<RawUsage>(call.arg[4]).store(usage));
    return 0;
}

}  // namespace scone::libos
