// Children of a process: those with a host process, which the host waits for, and vfork children
// that ended before they got one.
//
// Side:    trusted
// HOST:    which child ended how is the host's word
// Source:  wait(2), wait4(2), sigaction(2) (SA_NOCLDSTOP, SA_NOCLDWAIT)
#pragma once

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

struct RawUsage {
    uint64_t words[18];  // struct rusage
};

Result<void> note_child(Process& parent, int32_t pid, int32_t group);
// A vfork child that ended: waited for here, announced by SIGCHLD.
void note_ended_child(Process& parent, int32_t pid, int32_t group, int wait_status);

// The pid, or 0 with WNOHANG.
Result<int32_t> wait_for_child(Process& process, int pid, uint32_t options, int32_t& status,
                               RawUsage& usage);
// which: as waitid; with kPidFd `id` is the host's descriptor.
inline constexpr int kPidFd = 3;
Result<void> wait_for_child_info(Process& process, int which, int id, uint32_t options,
                                 linux_abi::SigInfo& info, RawUsage& usage);

// Tells the host what the action of SIGCHLD means for children: whether stops are announced, and
// whether dead ones vanish by themselves.
void apply_child_flags(Process& process);

}  // namespace scone::libos
