// Signals that came from outside, and the one that the runtime sends itself.
//
// Side:   trusted
#pragma once

#include "runtime/trusted/libos/linux_abi.h"

namespace scone::libos {

struct Thread;

// SIGURG, sent between the host threads of one process to make one look at its enclave's state. A
// standard signal: it needs no place in the kernel's queue, so a full one (RLIMIT_SIGPENDING) loses
// no wake-up, only who sent it. From the kernel or another process it is the program's. Of the
// standard ones debuggers pass this on without a word.
inline constexpr int kWakeSignal = linux_abi::kSIGURG;
// Sent by the host's kernel at the death of the parent (task/parent.h). C libraries keep the number
// for themselves, so programs do not use it between processes.
inline constexpr int kParentEndSignal = 33;

// One signal that the host delivered: a child's end is noted, a timer's turn too, the rest goes to
// the process.
void accept_host_signal(Thread& thread, const linux_abi::SigInfo& info);

}  // namespace scone::libos
