// Threads of the program: each is one TCS and one thread of the host.
//
// Side:    trusted
// Errors:  EAGAIN with SCONE's message when all TCS are in use; ENOMEM
// Threads: thread-safe
#pragma once

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

// Preconditions: called once, with the TCS count of the settings.
void initialise_thread_slots(uint32_t count);

struct NewThread {
    uint64_t stack;        // 0: as the parent's
    uint64_t thread_area;  // FS base
    bool set_thread_area;
    uint64_t clear_child_tid;
};
// A thread that goes on like the caller with rax 0. `before_start` runs when its tid is known and
// the program's code has not begun: CLONE_PARENT_SETTID and CLONE_CHILD_SETTID are stored there.
// The tid is the host's number of the thread, so that no other process of the program has the same:
// it stands in the words of mutexes that processes share.
template <class F>
Result<int32_t> create_thread(const NewThread& what, F&& before_start);
Result<Thread*> prepare_thread(const NewThread& what);
// Until `may_begin` it waits in the runtime.
Result<int32_t> start_thread(Thread* thread);

// Ends the calling thread; the last one ends the process with `status`.
[[noreturn]] void exit_thread(int status);
int32_t allocate_tid();
// The host's number of a thread of the caller's process. EINVAL: there is none
Result<int64_t> host_thread_of(int32_t tid);
// True when the range has a byte of a thread's window.
bool overlaps_thread_window(uint64_t address, uint64_t size);
// After a fork: the calling thread is the only one that is left.
void forget_other_threads(Process& process);

// While it exists the other threads are at rest: enclave/world_stop.h. The caller holds no lock.
class StoppedWorld {
  public:
    StoppedWorld();
    ~StoppedWorld();
    StoppedWorld(const StoppedWorld&) = delete;
    StoppedWorld& operator=(const StoppedWorld&) = delete;
};

template <class F>
Result<int32_t> create_thread(const NewThread& what, F&& before_start) {
    Thread* thread = SCONE_TRY(prepare_thread(what));
    int32_t tid = SCONE_TRY(start_thread(thread));
    before_start(tid);
    thread->may_begin.store(true, std::memory_order_release);
    return tid;
}

}  // namespace scone::libos
