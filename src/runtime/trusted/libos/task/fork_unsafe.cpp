#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/futex.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/task/threads.h"

extern "C" void scone_save_vectors(void* area);

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;
using enclave::Registers;

std::atomic<bool> refusal_reported;

// What the parent needs back when its vfork child is over.
struct SuspendedParent {
    Registers frame;
    uint64_t fs;
    SignalMask mask;
    uint64_t clear_child_tid;
    SigStack alternate_stack;
};

Result<Ref<Process>> copy_process(Process& parent, const NewProcess& what) {
    auto child = make_ref<Process>();
    auto fs = make_ref<FsContext>();
    auto handlers = make_ref<SignalHandlers>();
    if (!child || !fs || !handlers)
        return error(kENOMEM);
    child->memory = parent.memory;
    child->files = what.share_files ? parent.files : parent.files->copy();
    if (!child->files)
        return error(kENOMEM);
    {
        Guard guard(parent.fs->lock);
        fs->working_directory = parent.fs->working_directory;
        fs->umask = parent.fs->umask;
    }
    {
        Guard guard(parent.handlers->lock);
        for (int i = 0; i < kSignalCount; i++) {
            handlers->actions[i] = parent.handlers->actions[i];
            if (what.clear_handlers && handlers->actions[i].handler > kSIG_IGN)
                handlers->actions[i] = {};
        }
    }
    child->fs = fs;
    child->handlers = handlers;
    child->pid = allocate_tid();
    child->parent_pid = parent.pid;
    child->group = parent.group;
    child->session = parent.session;
    child->credentials = parent.credentials;
    __builtin_memcpy(child->limits, parent.limits, sizeof child->limits);
    child->executable = parent.executable;
    child->name = parent.name;
    child->arguments_start = parent.arguments_start;
    child->arguments_end = parent.arguments_end;
    child->environment_start = parent.environment_start;
    child->environment_end = parent.environment_end;
    child->no_new_processes = parent.no_new_processes;
    return child;
}

// Locks that another thread may hold are taken first, so that in the copy, where only this thread
// exists, each is free again when this ends.
class Quiesce {
  public:
    explicit Quiesce(Process& process) : process_(process), handlers_(process.handlers) {
        process_.mutex.lock();
        handlers_->lock.lock();
        process_.memory->mutex.lock();
        enclave::lock_heap();
    }
    ~Quiesce() {
        enclave::unlock_heap();
        process_.memory->mutex.unlock();
        handlers_->lock.unlock();
        process_.mutex.unlock();
    }
    Quiesce(const Quiesce&) = delete;
    Quiesce& operator=(const Quiesce&) = delete;

  private:
    Process& process_;
    Ref<SignalHandlers> handlers_;
};

// HOST: the pid of the copy is the host's word; it must be one that the parent does not have.
Result<int32_t> clone_host_process(Process& process) {
    int64_t result;
    {
        Quiesce quiesce(process);
        result = enclave::checked_result(
            enclave::host_call(boundary::kHostCloneProcess, enclave::Interruptible::No), 1 << 22);
    }
    if (result < 0)
        return error(static_cast<int>(-result));
    for (const Child& child : process.children)
        if (result != 0 && child.pid == result)
            return error(kEIO);
    return static_cast<int32_t>(result);
}

int32_t host_pid() {
    int64_t pid = enclave::checked_result(
        enclave::host_call(__NR_getpid, enclave::Interruptible::No), 1 << 22);
    return pid > 0 ? static_cast<int32_t>(pid) : 1;
}

// In the copy: this thread and its process are all there is.
void become_child(Thread& thread, Process& process, int32_t parent_pid) {
    forget_other_threads(process);
    reset_futexes_after_fork();
    process.parent_pid = parent_pid;
    process.pid = host_pid();
    process.children.clear();
    process.pending = {};
    thread.pending = {};
    thread.tid = process.pid;
    thread.robust_list = 0;
    process.vfork_parent = nullptr;
}

Result<void> note_child(Process& parent, int32_t pid) {
    Guard guard(parent.mutex);
    if (!parent.children.push(Child{pid, parent.group}))
        return error(kENOMEM);
    return {};
}

SyscallResult fork(Thread& thread, Registers& frame, const NewProcess& what) {
    Process& process = *thread.process;
    int32_t parent_pid = process.pid;
    int32_t pid = SCONE_TRY(clone_host_process(process));
    if (pid != 0) {
        SCONE_TRY(note_child(process, pid));
        if (what.parent_tid_set != 0)
            (void)copy_to_program(what.parent_tid_set, &pid, sizeof pid);
        return static_cast<uint64_t>(pid);
    }
    become_child(thread, process, parent_pid);
    thread.clear_child_tid = what.child_tid_clear;
    if (what.child_tid_set != 0)
        (void)copy_to_program(what.child_tid_set, &thread.tid, sizeof thread.tid);
    if (what.clear_handlers)
        for (SigAction& action : process.handlers->actions)
            if (action.handler > kSIG_IGN)
                action = {};
    if (what.stack != 0)
        frame.rsp = what.stack;
    if (what.set_thread_area)
        set_program_fs(what.thread_area);
    return 0;
}

SyscallResult start_vfork_child(Thread& thread, Registers& frame, const NewProcess& what) {
    Process& parent = *thread.process;
    Ref<Process> child = SCONE_TRY(copy_process(parent, what));
    auto* saved = enclave::heap_new<SuspendedParent>();
    if (saved == nullptr || !child->threads.push(&thread)) {
        enclave::heap_delete(saved);
        return error(kENOMEM);
    }
    *saved = {frame, program_fs(), thread.mask, thread.clear_child_tid, thread.alternate_stack};
    parent.retain();
    child->vfork_parent = &parent;
    child->vfork_saved = saved;
    thread.process = child;
    thread.clear_child_tid = 0;
    if (what.stack != 0)
        frame.rsp = what.stack;
    if (what.set_thread_area)
        set_program_fs(what.thread_area);
    return 0;
}

// The parent goes on where it called vfork, with `pid` as its result.
void resume_parent(Thread& thread, Registers& frame, int32_t pid) {
    Ref<Process> child = thread.process;
    auto* saved = static_cast<SuspendedParent*>(child->vfork_saved);
    frame = saved->frame;
    frame.rax = static_cast<uint64_t>(pid);
    frame.orig_rax = ~0ull;
    set_program_fs(saved->fs);
    thread.mask = saved->mask;
    thread.clear_child_tid = saved->clear_child_tid;
    thread.alternate_stack = saved->alternate_stack;
    thread.process = Ref<Process>(child->vfork_parent);
    child->vfork_parent->release();
    child->vfork_parent = nullptr;
    child->vfork_saved = nullptr;
    child->threads.clear();
    enclave::heap_delete(saved);
    thread.block->pending.store(1, std::memory_order_relaxed);
}

}  // namespace

uint64_t program_fs() {
    uint64_t value;
    asm volatile("rdfsbase %0" : "=r"(value));
    return value;
}
// SAFETY: callers checked that the value lies in the program's range.
void set_program_fs(uint64_t value) {
    asm volatile("wrfsbase %0" : : "r"(value));
}

SyscallResult make_process(Thread& thread, Registers& frame, const NewProcess& what) {
    if (thread.process->no_new_processes) {
        if (!refusal_reported.exchange(true))
            log(Level::Warning,
                "The program tried to start a new process, which is not permitted. Set "
                "SCONE_FORK=1 (sconify_image --fork=1) to permit it.");
        return error(kENOSYS);
    }
    if (thread.process->vfork_parent != nullptr && what.wait_for_exec)
        return error(kENOSYS);
    return what.wait_for_exec && what.share_memory ? start_vfork_child(thread, frame, what)
                                                   : fork(thread, frame, what);
}

bool leave_vfork_child(Thread& thread, Registers& frame, int wait_status) {
    Process& child = *thread.process;
    if (child.vfork_parent == nullptr)
        return false;
    int32_t pid = child.pid;
    Process& parent = *child.vfork_parent;
    resume_parent(thread, frame, pid);
    {
        Guard guard(parent.mutex);
        (void)parent.children.push(Child{pid, parent.group, wait_status, true, false, true});
    }
    SigInfo info = user_signal(kSIGCHLD, 1);
    info.pid = static_cast<uint32_t>(pid);
    info.value = static_cast<uint64_t>(wait_status >> 8);
    send_to_process(parent, info);
    return true;
}

Result<bool> split_vfork_child(Thread& thread, Registers& frame) {
    Process& child = *thread.process;
    Process& parent = *child.vfork_parent;
    int32_t pid = SCONE_TRY(clone_host_process(parent));
    if (pid != 0) {
        SCONE_TRY(note_child(parent, pid));
        resume_parent(thread, frame, pid);
        return false;
    }
    // Here the parent is a copy that nobody needs; its descriptors and memory are let go of.
    int32_t parent_pid = parent.pid;
    forget_other_threads(parent);
    parent.threads.clear();
    parent.files = {};
    enclave::heap_delete(static_cast<SuspendedParent*>(child.vfork_saved));
    child.vfork_saved = nullptr;
    become_child(thread, child, parent_pid);
    return true;
}

int32_t current_parent(Process& process) {
    // A parent that ended is replaced by another one, which only the host knows.
    int64_t pid = enclave::checked_result(
        enclave::host_call(__NR_getppid, enclave::Interruptible::No), 1 << 22);
    return process.vfork_parent != nullptr ? process.parent_pid
                                           : static_cast<int32_t>(pid < 0 ? 0 : pid);
}

namespace {

bool take_local_child(Process& process, int pid, bool keep, int32_t& found, int32_t& status) {
    Guard guard(process.mutex);
    for (size_t i = 0; i < process.children.size(); i++) {
        Child& child = process.children[i];
        if (!child.local || (pid > 0 && child.pid != pid) || (pid < -1 && child.group != -pid))
            continue;
        found = child.pid;
        status = child.status;
        if (!keep)
            process.children.erase(i);
        return true;
    }
    return false;
}

void forget_child(Process& process, int32_t pid) {
    Guard guard(process.mutex);
    for (size_t i = 0; i < process.children.size(); i++)
        if (process.children[i].pid == pid)
            process.children.erase(i--);
}

}  // namespace

Result<int32_t> wait_for_child(Process& process, int pid, uint32_t options, int32_t& status,
                               uint64_t (&usage)[18]) {
    int32_t found;
    if (take_local_child(process, pid, false, found, status))
        return found;
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    int64_t result = enclave::checked_result(
        enclave::host_call(__NR_wait4, enclave::Interruptible::Yes,
                           static_cast<uint64_t>(static_cast<int64_t>(pid)), at, options, at + 64),
        1 << 22);
    if (result < 0)
        return std::unexpected(interrupted_or(result, kERESTARTSYS).error());
    if (result > 0) {
        status = static_cast<int32_t>(enclave::host_load(reinterpret_cast<const void*>(at)));
        enclave::copy_from_host(usage, at + 64, sizeof usage);
        bool ended = (status & 0x7f) == 0 || ((status & 0x7f) != 0x7f && status != 0xffff);
        if (ended)
            forget_child(process, static_cast<int32_t>(result));
    }
    return static_cast<int32_t>(result);
}

Result<void> wait_for_child_info(Process& process, int which, int id, uint32_t options,
                                 SigInfo& info) {
    constexpr uint32_t kNoWait = 0x01000000;
    int32_t found, status;
    int pid = which == 1 ? id : which == 2 ? -id : -1;
    if (take_local_child(process, pid, options & kNoWait, found, status)) {
        info.number = kSIGCHLD;
        info.code = 1;
        info.pid = static_cast<uint32_t>(found);
        info.value = static_cast<uint64_t>(status >> 8 & 0xff);
        return {};
    }
    int64_t result = enclave::host_structure_call(
        __NR_waitid, 2, &info, sizeof info, sizeof info, static_cast<uint64_t>(which),
        static_cast<uint64_t>(id), 0, options, enclave::Interruptible::Yes);
    if (result < 0)
        return std::unexpected(interrupted_or(result, kERESTARTSYS).error());
    if (!(options & kNoWait) && info.code >= 1 && info.code <= 3)
        forget_child(process, static_cast<int32_t>(info.pid));
    return {};
}

}  // namespace scone::libos
