// Futexes, inside the enclave: only a thread that really sleeps calls the host.
//
// Side:    trusted
// Errors:  as futex(2)
// Threads: thread-safe. The waiter is queued before the word is read again, so that no wake-up is
//          lost.
// Source:  futex(2), get_robust_list(2)
#pragma once

#include <cstdint>
#include <span>

#include "runtime/trusted/libos/errno.h"

namespace scone::libos {

struct Thread;

enum class Clock : uint8_t { Monotonic, Realtime };
struct Deadline {
    bool set = false;
    Clock clock = Clock::Monotonic;
    uint64_t nanoseconds = 0;  // absolute
};

// Error classes: EAGAIN (another value), ETIMEDOUT, EFAULT, or how a signal that ended the wait
// lets it go on: ERESTARTSYS, or ERESTART_RESTARTBLOCK with a deadline.
Result<void> futex_wait(uint64_t address, uint32_t expected, uint32_t bits,
                        const Deadline& deadline);
struct FutexWait {
    uint64_t address;
    uint32_t expected;
};
inline constexpr size_t kMaximumFutexWaits = 128;
// Until one of them is woken, whose index comes back.
Result<uint64_t> futex_wait_any(std::span<const FutexWait> waits, const Deadline& deadline);
Result<uint64_t> futex_wake(uint64_t address, uint64_t count, uint32_t bits);
// Wakes `wake` waiters and moves up to `move` others; `expected` is compared when it is given.
Result<uint64_t> futex_requeue(uint64_t from, uint64_t to, uint64_t wake, uint64_t move,
                               const uint32_t* expected);
Result<uint64_t> futex_wake_op(uint64_t first, uint64_t second, uint64_t wake, uint64_t wake_second,
                               uint32_t operation);
// Locks whose word holds the owner's thread id, and which pass from owner to waiter. ESRCH: the
// word names nobody of this process; EDEADLK: the caller; EAGAIN: taken, with TryOnly.
enum class TryOnly : bool { No, Yes };
Result<void> futex_lock_pi(uint64_t address, const Deadline& deadline, TryOnly try_only);
Result<void> futex_unlock_pi(uint64_t address);
// At the end of a thread: marks its robust mutexes as orphaned, hands over what others wait for.
void release_robust_futexes(Thread& thread);
void reset_futexes_after_fork();

// Sleeps on the host until a wake-up, a signal, or the deadline. Spurious returns are allowed.
// Hands back -errno of the host: 0, -EINTR, -ETIMEDOUT, -EAGAIN.
int64_t park(const Deadline& deadline);
void prepare_park();
// Wakes a thread that parked, in two steps: the second may come when the thread has ended, it then
// wakes nobody, or somebody for nothing.
uint64_t park_address(Thread& thread);
void unpark_at(uint64_t address);

}  // namespace scone::libos
