#include "runtime/trusted/libos/task/exit.h"

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/libos/start/cas_connection.h"
#include "runtime/trusted/libos/task/futex.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

namespace {

// Other processes may wait for robust mutexes that lie in shared memory. The caller's first: the
// other threads end with the process, but they may be about to give theirs back.
void release_all_robust_futexes(Process& process) {
    release_robust_futexes(current_thread());
    enclave::Guard guard(process.mutex);
    for (Thread* thread : process.threads)
        if (thread != &current_thread())
            release_robust_futexes(*thread);
}

}  // namespace

void end_process(int status) {
    current_process().exiting.store(true);
    release_all_robust_futexes(current_process());
    cas_connection::report_exit(static_cast<uint64_t>(status & 0xff), 0);
    enclave::host_call(boundary::kHostExitProcess, enclave::Interruptible::No,
                       static_cast<uint64_t>(status & 0xff));
    __builtin_trap();
}

void end_process_by_signal(int number) {
    current_process().exiting.store(true);
    release_all_robust_futexes(current_process());
    cas_connection::report_exit(0, static_cast<uint64_t>(number));
    enclave::host_call(boundary::kHostDieBySignal, enclave::Interruptible::No,
                       static_cast<uint64_t>(number));
    __builtin_trap();
}

}  // namespace scone::libos
