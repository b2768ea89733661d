#include "runtime/host/service/enclave_process.h"

#include <fcntl.h>
#include <signal.h>

#include <cerrno>
#include <cstring>

#include "runtime/host/machine/simulated/raw_syscall_unsafe.h"
#include "runtime/host/service/host_thread.h"

namespace scone::service {
namespace {

text::Failure cannot_start(const char* step, int64_t result) {
    std::string what = std::string(step) + ": " + std::strerror(static_cast<int>(-result));
    return {text::ExitCode::RuntimeFatal, what, "starting the first enclave thread", ""};
}

}  // namespace

InitialSignals read_initial_signals() {
    InitialSignals signals;
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, nullptr, &blocked);
    for (int number = 1; number <= 64; number++) {
        struct sigaction action;
        uint64_t bit = uint64_t{1} << (number - 1);
        if (sigismember(&blocked, number) == 1)
            signals.blocked |= bit;
        if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN)
            signals.ignored |= bit;
    }
    return signals;
}

text::Failure run_enclave(machine::Machine* machine, uint64_t first_tcs, base::Bytes launch_info) {
    // A copy of our own, far from the low numbers that the program will want.
    log_descriptor = fcntl(2, F_DUPFD_CLOEXEC, 900);
    if (log_descriptor < 0)
        log_descriptor = 2;
    HostThread* thread = take_block();
    if (thread == nullptr)
        return cannot_start("no memory for the thread's window", -ENOMEM);
    thread->machine = machine;
    thread->tcs = first_tcs;
    if (int64_t result = machine->claim_tcs(first_tcs, thread->window, &thread->processor);
        result != 0)
        return cannot_start("the enclave's first TCS cannot be entered", result);
    machine->block_signals();
    if (int64_t result = machine->take_signals(); result != 0)
        return cannot_start("cannot install signal handlers", result);
    if (int64_t result = machine->attach_thread(thread->processor, thread->signal_stack);
        result != 0)
        return cannot_start(
            "the kernel refuses Syscall User Dispatch, without which system calls of the program "
            "cannot be caught (Linux 5.11 or newer is needed)",
            result);
    allow_plain_calls(machine);
    reset_window(thread);
    machine->unblock_signals();
    machine::Run run;
    run.rdi = boundary::kEntryStart;
    run.r8 = machine::address_of(launch_info.data());
    run.r9 = launch_info.size();
    serve(thread, run);
}

}  // namespace scone::service
