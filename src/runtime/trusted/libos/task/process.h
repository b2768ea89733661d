// Processes and threads of the program.
//
// Side:    trusted
// One enclave holds one process; while a vfork child runs it is a second Process object in the same
// memory, with a Thread of its own on its parent's thread block, until it calls exec or exits.
// Threads: fields say what guards them; "own" means only the thread itself writes.
// Lock order: Process::mutex, then SignalState::lock, then AddressSpace::mutex, then Files
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/mm/address_space.h"
#include "runtime/trusted/libos/signal/signal_state.h"
#include "runtime/trusted/libos/text.h"
#include "runtime/trusted/libos/vector.h"
#include "runtime/trusted/libos/vfs/fd_table.h"

namespace scone::libos {

struct Thread;

// Working directory, root and umask: shared by threads, copied by fork.
struct FsContext : RefCounted {
    enclave::SpinLock lock;
    Path working_directory{"/"};
    uint32_t umask = 022;
};

struct Limit {
    uint64_t soft, hard;
};

// What Linux shows of an exception in sigcontext.
struct FaultDetails {
    uint64_t trap = 0, error = 0, address = 0;
};
inline constexpr unsigned kLimitCount = 16;

struct Credentials {
    uint32_t user = 0, effective_user = 0, saved_user = 0;
    uint32_t group = 0, effective_group = 0, saved_group = 0;
};

// A child that was forked or spawned: known until it was waited for.
struct Child {
    int32_t pid;
    int32_t group;
    int32_t status = 0;
    bool local = false;  // a vfork child that ended before exec: there is no host process
};

// A host call that changes the calling process itself. A vfork child has none of its own yet: what
// it asks for is done when it has one.
struct DeferredCall {
    uint64_t number, arguments[3];
    Vector<uint32_t> list = {};  // what argument 1 points to, if not empty
    Ref<File> file = {};         // whose host descriptor is an argument
};

struct Timer;

struct ProcessFlags {
    bool dumpable = true, keep_capabilities = false, subreaper = false, no_new_privileges = false;
};

struct Process : RefCounted {
    int32_t pid = 1, group = 1, session = 1;
    std::atomic<int32_t> parent_pid{0};
    Ref<AddressSpace> memory;
    Ref<FdTable> files;
    Ref<FsContext> fs;
    Ref<SignalHandlers> handlers;
    PendingSignals pending;  // process-directed; guarded by handlers->lock
    Credentials credentials;
    Limit limits[kLimitCount]{};

    enclave::SpinLock mutex;  // threads, children, timers
    Vector<Thread*> threads;
    Vector<Child> children;
    std::atomic<uint32_t> vfork_children{0};  // running ones, which the host does not know

    std::atomic<bool> exiting{false};
    std::atomic<bool> barriers_registered{false};  // membarrier
    int exit_status = 0;                           // as wait4 shows it
    Path executable{"/"};                          // /proc/self/exe
    FixedText<16> name{};
    uint64_t arguments_start = 0, arguments_end = 0, environment_start = 0, environment_end = 0;
    uint64_t auxiliary_start = 0, auxiliary_end = 0, stack_start = 0;  // for /proc/self
    uint64_t start_time_ns = 0;
    bool no_new_processes = true;               // SCONE_FORK=0
    std::atomic<Thread*> exec_thread{nullptr};  // the others end when one calls exec
    Process* vfork_parent = nullptr;            // retained while the vfork child runs
    void* vfork_saved = nullptr;                // what the parent needs back; task/fork owns it
    Vector<DeferredCall> deferred_calls;        // of a vfork child, for its own host process
    uint64_t host_child_flags = 0;              // SA_NOCLD* as the host knows them
    int parent_death_signal = 0;                // PR_SET_PDEATHSIG
    ProcessFlags flags;
    uint32_t personality = 0;
    Vector<Timer*> timers;  // guarded by mutex
};

// What restart_syscall(2) goes on with after a signal without a handler: a sleep or a futex wait.
struct Restart {
    enum class Kind : uint8_t { Sleep, Futex } kind = Kind::Sleep;
    int clock = 0;
    uint64_t until_ns = 0, remainder_address = 0;
    uint64_t futex = 0;
    uint32_t expected = 0, bits = 0;
};

struct Thread {
    enclave::ThreadBlock* block = nullptr;
    Ref<Process> process;
    int32_t tid = 1;
    uint64_t clear_child_tid = 0;  // own
    uint64_t robust_list = 0;      // own
    SignalMask mask = 0;           // own; read by senders under handlers->lock
    SignalMask saved_mask = 0;     // own: given back after sigsuspend, ppoll, ...
    FaultDetails fault;            // own: of the last exception, for the frame of its handler
    bool restore_saved_mask = false;
    SignalMask waited_for = 0;  // by sigtimedwait: kept though ignored; under handlers->lock
    PendingSignals pending;     // guarded by handlers->lock
    linux_abi::SigStack alternate_stack{0, linux_abi::kSS_DISABLE, 0, 0};
    FixedText<16> name{};
    std::atomic<int64_t> host_tid{0};
    std::atomic<bool> may_begin{true};
    Restart restart;  // own
    bool vectors_in_frame = false;
    uint32_t slot = 0;
    std::atomic<bool> waits_for_child{false};
};

inline Thread& current_thread() {
    return *static_cast<Thread*>(enclave::current_block()->thread);
}
inline Process& current_process() {
    return *current_thread().process;
}

}  // namespace scone::libos
