// The signal mask that ppoll, pselect and epoll_pwait have for the time of the call.
//
// Side:    trusted
// Source:  sigsuspend(2), epoll_pwait(2)
#pragma once

#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/syscall.h"
#include "runtime/trusted/libos/task/interruption.h"

namespace scone::libos {

inline Result<void> set_temporary_mask(Call& call, uint64_t address, uint64_t size) {
    if (address == 0)
        return {};
    if (size != sizeof(SignalMask))
        return error(linux_abi::kEINVAL);
    SignalMask mask = SCONE_TRY(AppPtr<SignalMask>(address).load());
    enclave::Guard guard(call.process().handlers->lock);
    call.thread.saved_mask = call.thread.mask;
    call.thread.restore_saved_mask = true;
    call.thread.mask = mask & ~kUnblockable;
    return {};
}

// A signal that the temporary mask lets through waits already: the call looks and does not sleep.
inline bool signal_ends_wait() {
    return current_thread().restore_saved_mask && signal_is_waiting();
}

// The mask stays for a signal that is delivered now; otherwise the old one is back at once.
inline void end_temporary_mask(Call& call, const SyscallResult& result) {
    bool interrupted = !result && (result.error().value >= linux_abi::kERESTARTSYS ||
                                   result.error().value == linux_abi::kEINTR);
    if (!interrupted && call.thread.restore_saved_mask) {
        enclave::Guard guard(call.process().handlers->lock);
        call.thread.mask = call.thread.saved_mask;
        call.thread.restore_saved_mask = false;
    }
}

}  // namespace scone::libos
