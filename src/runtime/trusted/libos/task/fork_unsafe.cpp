#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/fs/host_ioctl.h"
#include "runtime/trusted/libos/fs/tmp_fs.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/net/pair_socket.h"
#include "runtime/trusted/libos/pipe/pipe.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/children.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/futex.h"
#include "runtime/trusted/libos/task/parent.h"
#include "runtime/trusted/libos/task/process_file.h"
#include "runtime/trusted/libos/task/threads.h"
#include "runtime/trusted/libos/time/clock.h"
#include "runtime/trusted/libos/time/timers.h"
#include "runtime/trusted/libos/vfs/lock_space.h"

extern "C" void scone_save_vectors(void* area);

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;
using enclave::Registers;

constexpr uint64_t kMaximumPid = 1 << 22;
std::atomic<bool> refusal_reported;

// What the parent needs back when its vfork child is over.
struct SuspendedParent {
    Thread* thread;
    Registers frame;
    uint64_t fs;
    Ref<ProcessFile> descriptor;  // CLONE_PIDFD
};

// The descriptor for a child that is about to be made: whatever fails does so before. Its number
// is stored for the parent only.
struct ChildDescriptor {
    Ref<ProcessFile> file;
    int number = -1;
};
Result<ChildDescriptor> open_child_descriptor(Process& parent, const NewProcess& what) {
    ChildDescriptor result;
    if (!what.gives_descriptor)
        return result;
    result.file = make_ref<ProcessFile>(-1, 0u);
    if (!result.file)
        return error(kENOMEM);
    result.number = SCONE_TRY(parent.files->add(Ref<File>(result.file), CloseOnExec::Yes));
    int32_t old;
    auto can_be_stored = copy_from_program(&old, what.descriptor_address, sizeof old);
    if (can_be_stored)
        can_be_stored = copy_to_program(what.descriptor_address, &old, sizeof old);
    if (!can_be_stored) {
        (void)parent.files->close(result.number);
        return std::unexpected(can_be_stored.error());
    }
    return result;
}

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
    child->start_time_ns = monotonic_ns();
    child->host_child_flags = parent.host_child_flags;
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
    child->auxiliary_start = parent.auxiliary_start;
    child->auxiliary_end = parent.auxiliary_end;
    child->stack_start = parent.stack_start;
    child->no_new_processes = parent.no_new_processes;
    child->personality = parent.personality;
    child->flags = parent.flags;
    child->flags.subreaper = false;
    return child;
}

// HOST: the pid of the copy is the host's word; it must be one that the parent does not have.
Result<int32_t> clone_host_process(Process& process) {
    int64_t result;
    {
        StoppedWorld stopped;
        SCONE_TRY(channel_key::make_family_key());
        SCONE_TRY(Pipe::share_all());
        SCONE_TRY(SocketPair::share_all());
        lock_space::prepare_for_fork();
        result = enclave::checked_result(
            enclave::host_call(boundary::kHostCloneProcess, enclave::Interruptible::No),
            kMaximumPid);
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
        enclave::host_call(__NR_getpid, enclave::Interruptible::No), kMaximumPid);
    return pid > 0 ? static_cast<int32_t>(pid) : 1;
}

// In the copy: this thread and its process are all there is.
void become_child(Thread& thread, Process& process) {
    forget_other_threads(process);
    reset_futexes_after_fork();
    channel_key::renew_nonces();
    SocketPair::forked();
    lock_space::forget_record_locks();
    TmpFs::number_nodes_from(static_cast<uint64_t>(host_pid()) << 32);
    process.files->note_lost_references();
    process.pid = host_pid();
    process.children.clear();
    process.vfork_children = 0;
    forget_timers(process);
    process.pending.clear();
    thread.pending.clear();
    thread.tid = process.pid;
    thread.robust_list = 0;
    process.vfork_parent = nullptr;
    watch_parent(process);
}

SyscallResult fork(Thread& thread, Registers& frame, const NewProcess& what) {
    Process& process = *thread.process;
    ChildDescriptor descriptor = SCONE_TRY(open_child_descriptor(process, what));
    auto cloned = clone_host_process(process);
    if (descriptor.file && (!cloned || *cloned == 0))
        (void)process.files->close(descriptor.number);
    int32_t pid = SCONE_TRY(cloned);
    if (pid != 0) {
        (void)note_child(process, pid, process.group);
        if (descriptor.file) {
            descriptor.file->stands_for(pid);
            (void)copy_to_program(what.descriptor_address, &descriptor.number, sizeof(int32_t));
        }
        if (what.parent_tid_set != 0)
            (void)copy_to_program(what.parent_tid_set, &pid, sizeof pid);
        return static_cast<uint64_t>(pid);
    }
    become_child(thread, process);
    File::end_uses_without_descriptor();
    process.memory->wipe_after_fork();
    process.parent_death_signal = 0;
    process.flags.subreaper = false;
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

// The child's thread: the caller's block, with signals and a number of its own.
Thread* copy_thread(const Thread& parent, const Ref<Process>& child) {
    auto* thread = enclave::heap_new<Thread>();
    if (thread == nullptr)
        return nullptr;
    thread->block = parent.block;
    thread->process = child;
    thread->tid = child->pid;
    thread->mask = parent.mask;
    thread->alternate_stack = parent.alternate_stack;
    thread->name = parent.name;
    thread->host_tid = parent.host_tid.load();
    thread->slot = parent.slot;
    thread->vectors_in_frame = parent.vectors_in_frame;
    return thread;
}

SyscallResult start_vfork_child(Thread& parent_thread, Registers& frame, const NewProcess& what) {
    Process& parent = *parent_thread.process;
    Ref<Process> child = SCONE_TRY(copy_process(parent, what));
    Thread* thread = copy_thread(parent_thread, child);
    auto* saved = enclave::heap_new<SuspendedParent>();
    if (thread == nullptr || saved == nullptr || !child->threads.push(thread)) {
        enclave::heap_delete(thread);
        enclave::heap_delete(saved);
        return error(kENOMEM);
    }
    auto descriptor = open_child_descriptor(parent, what);
    if (!descriptor) {
        child->threads.clear();
        enclave::heap_delete(thread);
        enclave::heap_delete(saved);
        return std::unexpected(descriptor.error());
    }
    if (descriptor->file)
        (void)copy_to_program(what.descriptor_address, &descriptor->number, sizeof(int32_t));
    *saved = {&parent_thread, frame, program_fs(), descriptor->file};
    parent.retain();
    parent.vfork_children++;
    child->vfork_parent = &parent;
    child->vfork_saved = saved;
    thread->block->thread = thread;
    if (what.stack != 0)
        frame.rsp = what.stack;
    if (what.set_thread_area)
        set_program_fs(what.thread_area);
    return 0;
}

int64_t make_call(const DeferredCall& call) {
    uint64_t second = call.arguments[1];
    if (!call.list.empty()) {
        second = enclave::window_data() + enclave::kResultArea;
        enclave::copy_to_host(second, call.list.data(), call.list.size() * sizeof(uint32_t));
    }
    return enclave::checked_result(enclave::host_call(call.number, enclave::Interruptible::No,
                                                      call.arguments[0], second, call.arguments[2]),
                                   INT32_MAX);
}

// TIOCSPGRP for the child's own group. Whether the terminal may stop it for that was the vfork
// child's affair, which is over.
void give_terminal(Process& child, const DeferredCall& call) {
    ask_for_group(child);
    int32_t group = child.group;
    while (enclave::host_structure_call(__NR_ioctl, 2, &group, sizeof group, 0, call.arguments[0],
                                        kTIOCSPGRP, 0, 0,
                                        enclave::Interruptible::InBackground) == -kEINTR)
        accept_host_signals(current_thread());
}

// What the vfork child asked for and the parent's host process could not do in its name. The calls
// were checked when they were made.
void carry_out_deferred_calls(Process& child) {
    for (const DeferredCall& call : child.deferred_calls) {
        if (call.number == __NR_ioctl && call.arguments[1] == kTIOCSPGRP)
            give_terminal(child, call);
        else
            make_call(call);
    }
    if (child.deferred_calls.empty())
        return;
    child.deferred_calls.clear();
    watch_parent(child);
    ask_for_group(child);
}

// The parent goes on where it called vfork, with `pid` as its result. The child's thread is gone.
enum class VforkEnd : bool { Exit, Exec };
void resume_parent(Thread& thread, Registers& frame, int32_t pid, VforkEnd how) {
    Ref<Process> child = thread.process;
    auto* saved = static_cast<SuspendedParent*>(child->vfork_saved);
    if (saved->descriptor && how == VforkEnd::Exec)
        saved->descriptor->stands_for(pid);
    else if (saved->descriptor)
        saved->descriptor->ended_as(pid);
    frame = saved->frame;
    frame.rax = static_cast<uint64_t>(pid);
    frame.orig_rax = ~0ull;
    set_program_fs(saved->fs);
    Thread& parent_thread = *saved->thread;
    parent_thread.vectors_in_frame = thread.vectors_in_frame;
    parent_thread.block->thread = &parent_thread;
    parent_thread.block->pending.store(1, std::memory_order_relaxed);
    child->vfork_parent->vfork_children--;
    child->vfork_parent->release();
    child->vfork_parent = nullptr;
    child->vfork_saved = nullptr;
    child->threads.clear();
    enclave::heap_delete(saved);
    enclave::heap_delete(&thread);
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

Result<void> change_host_process(Process& process, uint64_t number, uint64_t a0, uint64_t a1,
                                 uint64_t a2) {
    return change_host_process(process, {number, {a0, a1, a2}});
}
Result<void> change_host_process(Process& process, DeferredCall call) {
    if (process.vfork_parent != nullptr) {
        if (!process.deferred_calls.push(std::move(call)))
            return error(kENOMEM);
        return {};
    }
    return done_or_error(make_call(call));
}

bool leave_vfork_child(Thread& thread, Registers& frame, int wait_status) {
    Process& child = *thread.process;
    if (child.vfork_parent == nullptr)
        return false;
    int32_t pid = child.pid, group = child.group;
    Process& parent = *child.vfork_parent;
    resume_parent(thread, frame, pid, VforkEnd::Exit);
    note_ended_child(parent, pid, group, wait_status);
    return true;
}

Result<bool> split_vfork_child(Thread& thread, Registers& frame) {
    Process& child = *thread.process;
    Process& parent = *child.vfork_parent;
    int32_t pid = SCONE_TRY(clone_host_process(parent));
    if (pid != 0) {
        // Of a child that is not noted only its group is not known.
        (void)note_child(parent, pid, child.group == child.pid ? pid : child.group);
        resume_parent(thread, frame, pid, VforkEnd::Exec);
        return false;
    }
    // Here the parent is a copy that nobody needs; its descriptors and memory are let go of.
    forget_other_threads(parent);
    parent.files = {};
    enclave::heap_delete(static_cast<SuspendedParent*>(child.vfork_saved));
    child.vfork_saved = nullptr;
    parent.vfork_children = 0;
    parent.release();
    become_child(thread, child);
    carry_out_deferred_calls(child);
    File::end_uses_without_descriptor();
    apply_child_flags(child);
    return true;
}

}  // namespace scone::libos
