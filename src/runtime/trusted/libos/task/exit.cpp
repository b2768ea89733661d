#include "runtime/trusted/libos/task/exit.h"

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

void end_process(int status) {
    current_process().exiting.store(true);
    enclave::host_call(boundary::kHostExitProcess, enclave::Interruptible::No,
                       static_cast<uint64_t>(status & 0xff));
    __builtin_trap();
}

void end_process_by_signal(int number) {
    current_process().exiting.store(true);
    enclave::host_call(boundary::kHostDieBySignal, enclave::Interruptible::No,
                       static_cast<uint64_t>(number));
    __builtin_trap();
}

}  // namespace scone::libos
