// Futexes, inside the enclave: only a thread that really sleeps calls the host.
//
// Side:    trusted
// Errors:  as futex(2)
// Threads: thread-safe. The waiter is queued before the word is read again, so that no wake-up is
//          lost.
// Source:  futex(2), get_robust_list(2)
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/errno.h"

namespace scone::libos {

struct Thread;

enum class Clock : uint8_t { Monotonic, Realtime };
struct Deadline {
    bool set = false;
    Clock clock = Clock::Monotonic;
    uint64_t nanoseconds = 0;  // absolute
};

// Error classes: EAGAIN (another value), ETIMEDOUT, EFAULT, or ERESTARTSYS for a signal.
Result<void> futex_wait(uint64_t address, uint32_t expected, uint32_t bits,
                        const Deadline& deadline);
Result<uint64_t> futex_wake(uint64_t address, uint64_t count, uint32_t bits);
// Wakes `wake` waiters and moves up to `move` others; `expected` is compared when it is given.
Result<uint64_t> futex_requeue(uint64_t from, uint64_t to, uint64_t wake, uint64_t move,
                               const uint32_t* expected, bool count_moved);
Result<uint64_t> futex_wake_op(uint64_t first, uint64_t second, uint64_t wake, uint64_t wake_second,
                               uint32_t operation);
// At the end of a thread: marks its robust mutexes as orphaned.
void release_robust_futexes(Thread& thread);
void reset_futexes_after_fork();

// Sleeps on the host until unpark(), a signal, or the deadline. Spurious returns are allowed.
// Hands back -errno of the host: 0, -EINTR, -ETIMEDOUT, -EAGAIN.
int64_t park(const Deadline& deadline);
void prepare_park();
void unpark(Thread& thread);

}  // namespace scone::libos
