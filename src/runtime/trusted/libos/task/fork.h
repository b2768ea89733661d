// New processes: fork, vfork, and waiting for children.
//
// Side:    trusted
// fork is a copy of this process by the host (clone_process; copy-on-write in the simulated
// machine). A vfork child runs in its parent's memory, on its parent's thread, as a Process object
// of its own; when it calls exec the host process is copied and the copy runs the new program, when
// it exits the parent goes on. So the child's stores reach the parent, and nothing is copied twice.
// Source:  clone(2), vfork(2), wait(2)
#pragma once

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

struct NewProcess {
    uint64_t stack;
    bool share_memory, wait_for_exec, share_files, clear_handlers, set_thread_area;
    uint64_t thread_area, child_tid_set, child_tid_clear, parent_tid_set;
};
// In the parent: the child's pid. In the child: 0.
SyscallResult make_process(Thread& thread, enclave::Registers& frame, const NewProcess& what);

// True when the caller was a vfork child, which is over now: the frame is the parent's again.
bool leave_vfork_child(Thread& thread, enclave::Registers& frame, int wait_status);
// Before exec, for a vfork child: copies the host process. In the copy the thread belongs to the
// child for good and this hands back true; in the original the parent's frame is back: false.
Result<bool> split_vfork_child(Thread& thread, enclave::Registers& frame);

int32_t current_parent(Process& process);
Result<int32_t> wait_for_child(Process& process, int pid, uint32_t options, int32_t& status,
                               uint64_t (&usage)[18]);
Result<void> wait_for_child_info(Process& process, int which, int id, uint32_t options,
                                 linux_abi::SigInfo& info);

uint64_t program_fs();
void set_program_fs(uint64_t value);

}  // namespace scone::libos
