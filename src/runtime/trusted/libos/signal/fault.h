// An exception of the program as the signal that Linux makes of it.
//
// Side:    trusted
// Source:  sigaction(2); Linux, arch/x86/kernel/traps.c and fault.c (codes are facts)
#pragma once

#include "runtime/trusted/libos/mm/address_space.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

struct Exception {
    uint32_t vector;
    uint64_t address;  // of a page fault
    uint32_t error_code;
};

// Notes in the thread what the handler's frame will show. Preconditions: the program's vector state
// lies in the frame's save area.
linux_abi::SigInfo fault_signal(Thread& thread, const enclave::Registers& frame,
                                const Exception& exception, FaultVerdict verdict);

}  // namespace scone::libos
