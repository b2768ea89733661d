// The host's half of a host call: Linux system calls by number, and the special ones.
//
// Side:    host
// Threads: runs on the enclave thread's host stack with the program's vector state in the
// registers:
//          general registers only, no C library
#include <signal.h>
#include <sys/syscall.h>

#include <cerrno>

#include "runtime/boundary/wire/host_call_numbers.h"
#include "runtime/host/machine/hosted_call.h"
#include "runtime/host/machine/simulated/fatal_unsafe.h"
#include "runtime/host/machine/simulated/processor.h"
#include "runtime/host/machine/simulated/raw_syscall_unsafe.h"
#include "runtime/host/service/host_thread.h"
#include "runtime/host/service/resolve_name.h"

namespace scone::service {
namespace {

using machine::address_of;
using machine::pointer_to;
using machine::raw_syscall;

// Calls that would change what the host part itself lives on. Threads, processes and signals have
// host calls of their own.
bool is_refused(uint64_t number) {
    switch (number) {
        case SYS_rt_sigaction:
        case SYS_rt_sigprocmask:
        case SYS_rt_sigreturn:
        case SYS_sigaltstack:
        case SYS_clone:
        case SYS_clone3:
        case SYS_fork:
        case SYS_vfork:
        case SYS_exit:
        case SYS_exit_group:
        case SYS_arch_prctl:
        case SYS_set_tid_address:
        case SYS_set_robust_list:
        case SYS_rseq:
            return true;
        default:
            return false;
    }
}

bool changes_memory(uint64_t number) {
    switch (number) {
        case SYS_mmap:
        case SYS_munmap:
        case SYS_mprotect:
        case SYS_mremap:
        case SYS_madvise:
            return true;
        default:
            return false;
    }
}

// Memory calls may not reach into ELRANGE: its pages are the machine's.
bool touches_enclave(uint64_t number, uint64_t address, uint64_t size) {
    if (!changes_memory(number))
        return false;
    const machine::SimulatedState& state = machine::simulated_state;
    if (number == SYS_mmap && address == 0)
        return false;
    return address < state.end && (size > state.end || address + size > state.base);
}

// While it exists the thread is one that blocks the terminal's signals.
class BlockedTerminalSignals {
  public:
    explicit BlockedTerminalSignals(const HostThread* thread) : thread_(thread) { set(SIG_BLOCK); }
    ~BlockedTerminalSignals() {
        // With a full queue all stay blocked until the enclave has emptied it.
        if (thread_->window->signals_held == 0)
            set(SIG_UNBLOCK);
    }
    BlockedTerminalSignals(const BlockedTerminalSignals&) = delete;
    BlockedTerminalSignals& operator=(const BlockedTerminalSignals&) = delete;

  private:
    static void set(uint64_t how) {
        uint64_t mask = uint64_t{1} << (SIGTTIN - 1) | uint64_t{1} << (SIGTTOU - 1);
        raw_syscall(SYS_rt_sigprocmask, how, address_of(&mask), 0, sizeof mask);
    }
    const HostThread* thread_;
};

int64_t linux_call(HostThread* thread, boundary::HostRequest& request) {
    const uint64_t* a = request.args;
    uint64_t number = request.number;
    if (is_refused(number))
        return -ENOSYS;
    if (touches_enclave(number, a[0], a[1]))
        return -EINVAL;
    if (request.flags & boundary::kCallFlagInBackground) {
        BlockedTerminalSignals blocked(thread);
        return thread->machine->interruptible_call(thread->processor, request);
    }
    if (request.flags & boundary::kCallFlagInterruptible)
        return thread->machine->interruptible_call(thread->processor, request);
    for (;;) {
        int64_t result = raw_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        // The signal waits in the queue. A closed descriptor is closed whatever close() says.
        if (result != -EINTR || number == SYS_close)
            return result;
    }
}

int64_t die_by_signal(HostThread* thread, int number) {
    if (number < 1 || number > 64)
        return -EINVAL;
    thread->machine->take_default_action(number);
    // Still here: the signal only stopped the process, and it was continued. Or the process is the
    // init of a PID namespace, which no signal ends: its status is then what shells make of one.
    bool stops = number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
    if (!stops)
        for (;;)
            raw_syscall(SYS_exit_group, 128 + static_cast<uint64_t>(number));
    return 0;
}

int64_t write_log(uint64_t address, uint64_t size) {
    if (machine::in_enclave_range(address) || size > kWindowDataSize)
        return -EINVAL;
    return raw_syscall(SYS_write, static_cast<uint64_t>(log_descriptor), address, size);
}

uint64_t resolve_hosted(void* argument) {
    return static_cast<uint64_t>(resolve_name(*static_cast<NameRequest*>(argument)));
}

int64_t resolve(HostThread* thread, const uint64_t* a) {
    if (machine::in_enclave_range(a[0]))
        return -EINVAL;
    uint64_t data = address_of(thread->window) + boundary::kWindowHeaderSize;
    NameRequest request{a[0], a[1], data, kWindowDataSize};
    HostedSection section;
    return static_cast<int64_t>(machine::call_hosted(&resolve_hosted, &request));
}

int64_t special_call(HostThread* thread, const boundary::HostRequest& request) {
    const uint64_t* a = request.args;
    machine::Machine* machine = thread->machine;
    switch (request.number) {
        case boundary::kHostExtend:
            return machine->extend(a[0], a[1], a[2],
                                   a[3] != 0 ? machine::Wanted::Now : machine::Wanted::Later);
        case boundary::kHostProtect:
            return machine->protect(a[0], a[1], a[2]);
        case boundary::kHostMakeTrim:
            return machine->trim(a[0], a[1]);
        case boundary::kHostTrim:
            return machine->remove(a[0], a[1]);
        case boundary::kHostMakeTcs:
            return machine->make_tcs(a[0], a[1]);
        case boundary::kHostCreateThread:
            return create_thread(thread, a[0]);
        case boundary::kHostCloneProcess:
            return clone_process(thread);
        case boundary::kHostExitThread:
            exit_thread(thread, a[0]);
        case boundary::kHostExitProcess:
            for (;;)
                raw_syscall(SYS_exit_group, a[0]);
        case boundary::kHostDieBySignal:
            return die_by_signal(thread, static_cast<int>(a[0]));
        case boundary::kHostWatchChildren:
            return machine->watch_children(a[0] != 0, a[1] != 0);
        case boundary::kHostSignalsTaken:
            thread->window->signals_held = 0;
            machine->unblock_signals();
            return 0;
        case boundary::kHostResolveName:
            return resolve(thread, a);
        case boundary::kHostLog:
            return write_log(a[1], a[2]);
        default:
            return -ENOSYS;
    }
}

}  // namespace

void allow_plain_calls(machine::Machine* machine) noexcept {
    uint64_t bits[8] = {};
    for (uint64_t number = 0; number < 512; number++)
        if (!is_refused(number) && !changes_memory(number))
            bits[number / 64] |= uint64_t{1} << (number % 64);
    machine->set_plain_calls(bits);
}

void perform_host_call(HostThread* thread) noexcept {
    boundary::HostRequest& request = thread->window->request;
    request.result = request.number < boundary::kFirstSpecial ? linux_call(thread, request)
                                                              : special_call(thread, request);
}

}  // namespace scone::service
