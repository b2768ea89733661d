#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>

#include "runtime/host/machine/simulated/fatal_unsafe.h"
#include "runtime/host/machine/simulated/raw_syscall_unsafe.h"
#include "runtime/host/service/host_thread.h"

extern "C" {
int64_t scone_sim_clone(uint64_t flags, uint64_t stack, uint32_t* parent_tid, uint32_t* child_tid,
                        void (*entry)(void*), void* argument);
[[noreturn]] void scone_sim_exit_thread(uint32_t* busy);
}

namespace scone::service {

using machine::address_of;
using machine::pointer_to;
using machine::raw_syscall;

int log_descriptor = 2;

namespace {

HostThread* all_blocks;
constexpr uint64_t kSIGCHLD = 17;
uint32_t hosted_lock;  // 0 free, 1 taken, 2 taken and waited for

constexpr uint64_t kAlignment = machine::kSignalStackSize;
// The block's own data lies in the reserved bytes of the signal stack, behind the machine's word.
constexpr uint64_t kHeaderOffset = 8;
static_assert(kHeaderOffset + sizeof(HostThread) <= machine::kSignalStackReserved);

HostThread* map_block() {
    auto mapped = static_cast<uint64_t>(
        raw_syscall(SYS_mmap, 0, kBlockSize + kAlignment, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, ~uint64_t{0}, 0));
    if (static_cast<int64_t>(mapped) < 0 && static_cast<int64_t>(mapped) > -4096)
        return nullptr;
    uint64_t at = (mapped + kAlignment - 1) & ~(kAlignment - 1);
    if (at != mapped)
        raw_syscall(SYS_munmap, mapped, at - mapped);
    if (uint64_t rest = mapped + kAlignment - at; rest != 0)
        raw_syscall(SYS_munmap, at + kBlockSize, rest);
    raw_syscall(SYS_mprotect, at + machine::kSignalStackSize, kGuardSize, PROT_NONE);
    auto* thread = pointer_to<HostThread>(at + kHeaderOffset);
    thread->signal_stack = pointer_to<void>(at);
    thread->stack_top = at + machine::kSignalStackSize + kGuardSize + kStackSize;
    thread->window = pointer_to<boundary::HostWindow>(thread->stack_top);
    thread->window->data_size = kWindowDataSize;
    return thread;
}

void thread_main(void* argument) {
    auto* thread = static_cast<HostThread*>(argument);
    int64_t result = thread->machine->attach_thread(thread->processor, thread->signal_stack);
    if (result != 0)
        SCONE_HOST_FATAL("a new thread cannot be prepared for the enclave",
                         static_cast<uint64_t>(-result));
    reset_window(thread);
    thread->machine->unblock_signals();
    machine::Run run;
    run.rdi = boundary::kEntryThreadStart;
    serve(thread, run);
}

}  // namespace

HostThread* take_block() noexcept {
    for (HostThread* thread = __atomic_load_n(&all_blocks, __ATOMIC_ACQUIRE); thread != nullptr;
         thread = thread->next) {
        uint32_t free = 0;
        if (__atomic_compare_exchange_n(&thread->busy, &free, 1, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return thread;
    }
    HostThread* thread = map_block();
    if (thread == nullptr)
        return nullptr;
    thread->busy = 1;
    thread->next = __atomic_load_n(&all_blocks, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&all_blocks, &thread->next, thread, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
    }
    return thread;
}

void forget_other_blocks(HostThread* own) noexcept {
    for (HostThread* thread = all_blocks; thread != nullptr; thread = thread->next)
        if (thread != own)
            thread->busy = 0;
}

void reset_window(HostThread* thread) noexcept {
    boundary::HostWindow* window = thread->window;
    window->signal_write = 0;
    window->signal_read = 0;
    window->signal_overflow = 0;
    window->signals_held = 0;
    window->data_size = kWindowDataSize;
    window->host_thread_id = static_cast<uint64_t>(raw_syscall(SYS_gettid));
}

void serve(HostThread* thread, machine::Run run) noexcept {
    run.rsi = address_of(thread->window);
    for (;;) {
        thread->machine->enter(thread->processor, run);
        switch (run.end) {
            case machine::RunEnd::Exited:
                if (run.rdi == boundary::kExitHostCall) {
                    perform_host_call(thread);
                    run.leaf = machine::Leaf::Enter;
                    run.rdi = boundary::kEntryHostCallReturn;
                } else if (run.rdi == boundary::kExitEventDone) {
                    run.leaf = machine::Leaf::Resume;
                } else {
                    SCONE_HOST_FATAL("the enclave left with an unknown reason", run.rdi);
                }
                break;
            case machine::RunEnd::Interrupted:
            case machine::RunEnd::SignalsQueued:
                // An event that reports an exception does not count as a look at the queue: if
                // signals wait as well, the ERESUME is refused and an event of their own follows.
                if (run.exception == 0)
                    run.seen_signals =
                        __atomic_load_n(&thread->window->signal_write, __ATOMIC_ACQUIRE);
                run.exception = 0;
                run.leaf = machine::Leaf::Enter;
                run.rdi = boundary::kEntryEvent;
                break;
            case machine::RunEnd::GeneralProtection:
                SCONE_HOST_FATAL("#GP: no SSA frame for EENTER or ERESUME, TCS", thread->tcs);
        }
        run.rsi = address_of(thread->window);
    }
}

int64_t create_thread(HostThread* creator, uint64_t tcs) noexcept {
    HostThread* thread = take_block();
    if (thread == nullptr)
        return -ENOMEM;
    thread->machine = creator->machine;
    thread->tcs = tcs;
    if (int64_t result = thread->machine->claim_tcs(tcs, thread->window, &thread->processor);
        result != 0) {
        __atomic_store_n(&thread->busy, 0, __ATOMIC_RELEASE);
        return result;
    }
    // Until the child has its signal stack no handler may run there; it inherits the mask.
    thread->machine->block_signals();
    int64_t id = scone_sim_clone(
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
        thread->stack_top, nullptr, nullptr, thread_main, thread);
    creator->machine->unblock_signals();
    if (id < 0) {
        thread->machine->release_tcs(thread->processor);
        __atomic_store_n(&thread->busy, 0, __ATOMIC_RELEASE);
    }
    return id;
}

// siginfo_t as the kernel has it on x86-64.
struct KernelSiginfo {
    int32_t number;
    int32_t error;
    int32_t code;
    int32_t padding;
    int32_t pid;
    uint32_t uid;
    uint64_t value;
    uint64_t rest[12];
};
static_assert(sizeof(KernelSiginfo) == 128);

// Signals of the process that this thread was given and the enclave has not seen: another thread
// must have them. What was sent to the thread itself ends with it, wake-ups (SIGPWR, which may
// have lost its sender) among it.
void pass_on_signals(boundary::HostWindow* window) {
    constexpr int32_t kSI_TKILL = -6;
    auto process = static_cast<uint64_t>(raw_syscall(SYS_getpid));
    uint32_t unread = window->signal_write - window->signal_read;
    if (unread > boundary::kSignalQueueLength)
        unread = boundary::kSignalQueueLength;
    for (uint32_t at = window->signal_write - unread; at != window->signal_write; at++) {
        const boundary::HostSignal& signal = window->signals[at % boundary::kSignalQueueLength];
        if (signal.code == kSI_TKILL || (signal.number == SIGPWR && signal.pid == 0))
            continue;
        KernelSiginfo info{signal.number, signal.error, signal.code,  0,
                           signal.pid,    signal.uid,   signal.value, {}};
        if (signal.number == kSIGCHLD && signal.code > 0)
            info.value = static_cast<uint32_t>(signal.status);
        auto number = static_cast<uint64_t>(signal.number);
        // Only a process' first thread may repeat what the kernel or kill() sent, and a queue may
        // be full: then without its details.
        if (raw_syscall(SYS_rt_sigqueueinfo, process, number, address_of(&info)) != 0)
            raw_syscall(SYS_kill, process, number);
    }
}

void exit_thread(HostThread* thread, uint64_t word_address) noexcept {
    thread->machine->block_signals();
    pass_on_signals(thread->window);
    thread->machine->release_tcs(thread->processor);
    // The kernel clears the word and wakes its waiters when the thread is gone.
    raw_syscall(SYS_set_tid_address, word_address);
    scone_sim_exit_thread(&thread->busy);
}

int64_t clone_process(HostThread* thread) noexcept {
    int64_t result;
    {
        // The C library's own state must be at rest in the child.
        HostedSection section;
        thread->machine->block_signals();
        result = raw_syscall(SYS_clone, kSIGCHLD, 0);
        if (result == 0) {
            int64_t attached = thread->machine->attach_forked_child(thread->processor);
            if (attached != 0)
                SCONE_HOST_FATAL("a forked process cannot be prepared for the enclave",
                                 static_cast<uint64_t>(-attached));
            forget_other_blocks(thread);
            reset_window(thread);
        }
    }
    thread->machine->unblock_signals();
    return result;
}

HostedSection::HostedSection() noexcept {
    uint32_t free = 0;
    if (__atomic_compare_exchange_n(&hosted_lock, &free, 1, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&hosted_lock, 2, __ATOMIC_ACQUIRE) != 0)
        raw_syscall(SYS_futex, address_of(&hosted_lock), FUTEX_WAIT_PRIVATE, 2);
}

HostedSection::~HostedSection() {
    if (__atomic_exchange_n(&hosted_lock, 0, __ATOMIC_RELEASE) == 2)
        raw_syscall(SYS_futex, address_of(&hosted_lock), FUTEX_WAKE_PRIVATE, 1);
}

}  // namespace scone::service
