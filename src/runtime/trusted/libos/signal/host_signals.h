// Signals that came from outside, and the one that the runtime sends itself.
//
// Side:   trusted
#pragma once

#include "runtime/trusted/libos/linux_abi.h"

namespace scone::libos {

struct Thread;

// Sent between the host threads of one process to make one look at its enclave's state, and by the
// host's kernel at the death of the parent (task/parent.h). The number is one that C libraries keep
// for themselves, so programs do not use it between processes.
inline constexpr int kKickSignal = 33;

// One signal that the host delivered: a child's end is noted, a timer's turn too, the rest goes to
// the process.
void accept_host_signal(Thread& thread, const linux_abi::SigInfo& info);

}  // namespace scone::libos
