// What a blocking call hands back when a signal ended its wait.
//
// Side:   trusted
// Source: signal(7), "Interruption of system calls and library functions by signal handlers"
#pragma once

#include "runtime/trusted/libos/errno.h"

namespace scone::libos {

// `result` is the host's. -EINTR becomes the restart class (ERESTARTSYS, ERESTARTNOHAND, ...), from
// which the return to the program makes a restart or EINTR; other errors and values stay.
inline SyscallResult interrupted_or(int64_t result, int restart_class) {
    if (result == -linux_abi::kEINTR)
        return error(restart_class);
    return from_kernel(result);
}

// True when a signal that is not blocked waits for the calling thread: what in-enclave waits test.
bool signal_is_waiting();

}  // namespace scone::libos
