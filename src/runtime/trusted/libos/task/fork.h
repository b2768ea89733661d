// New processes: fork and vfork.
//
// Side:    trusted
// fork is a copy of this process by the host (clone_process; copy-on-write in the simulated
// machine). A vfork child runs in its parent's memory, on its parent's thread, as a Process object
// of its own; when it calls exec the host process is copied and the copy runs the new program, when
// it exits the parent goes on. So the child's stores reach the parent, and nothing is copied twice.
// Source:  clone(2), vfork(2)
#pragma once

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

struct NewProcess {
    uint64_t stack;
    bool share_memory, wait_for_exec, share_files, clear_handlers, set_thread_area;
    uint64_t thread_area, child_tid_set, child_tid_clear, parent_tid_set;
    bool gives_descriptor;  // CLONE_PIDFD: the parent finds its number at descriptor_address
    uint64_t descriptor_address;
};
// In the parent: the child's pid. In the child: 0.
SyscallResult make_process(Thread& thread, enclave::Registers& frame, const NewProcess& what);

// True when the caller was a vfork child, which is over now: the frame is the parent's again.
bool leave_vfork_child(Thread& thread, enclave::Registers& frame, int wait_status);
// Before exec, for a vfork child: copies the host process. In the copy the thread belongs to the
// child for good and this hands back true; in the original the parent's frame is back: false.
Result<bool> split_vfork_child(Thread& thread, enclave::Registers& frame);

// A system call that changes the calling process itself, on its host process; a vfork child's waits
// until it has one and counts as done. 0 or the error.
Result<void> change_host_process(Process& process, DeferredCall call);
Result<void> change_host_process(Process& process, uint64_t number, uint64_t a0, uint64_t a1 = 0,
                                 uint64_t a2 = 0);

uint64_t program_fs();
void set_program_fs(uint64_t value);

}  // namespace scone::libos
