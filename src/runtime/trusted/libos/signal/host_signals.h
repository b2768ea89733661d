// Signals that came from outside, and the one that the runtime sends itself.
//
// Side:   trusted
#pragma once

#include "runtime/trusted/libos/linux_abi.h"

namespace scone::libos {

struct Thread;

// SIGPWR, sent between the host threads of one process to make one look at its enclave's state. A
// standard signal: it needs no place in the kernel's queue, so a full one (RLIMIT_SIGPENDING) loses
// no wake-up, only who sent it. The kernel sends this one to no process but the first of a machine,
// so a wake-up hides no signal of its; from another process it is the program's.
inline constexpr int kWakeSignal = 30;
// Sent by the host's kernel at the death of the parent (task/parent.h). C libraries keep the number
// for themselves, so programs do not use it between processes.
inline constexpr int kParentEndSignal = 33;

// One signal that the host delivered: a child's end is noted, a timer's turn too, the rest goes to
// the process.
void accept_host_signal(Thread& thread, const linux_abi::SigInfo& info);

}  // namespace scone::libos
