// The parent of a process, and its death; its group and session.
//
// Side:    trusted
// The host sends kParentEndSignal at the parent's death (PR_SET_PDEATHSIG), upon which the parent's
// number is asked for again: getppid() needs no exit.
// HOST:    number and death of the parent are the host's word
// Source:  prctl(2), PR_SET_PDEATHSIG
#pragma once

#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

// To be called by the process' first thread, and again after each change of its user or group: the
// kernel forgets the wish then.
void watch_parent(Process& process);
// Process group and session, which are the host's word too.
void ask_for_group(Process& process);
// The host says that the parent, or the thread that made this process, has ended.
void parent_ended(Process& process, const linux_abi::SigInfo& info);

}  // namespace scone::libos
