// Futexes in memory that processes share outside of the enclave: the host's own.
//
// Side:    trusted
// Errors:  as futex(2)
// HOST:    it may wake early, late or never, and call an owner dead; counts are never above what
// was
//          asked
// Source:  futex(2), get_robust_list(2)
#pragma once

#include "runtime/trusted/libos/task/futex.h"

namespace scone::libos {

// True where the functions below serve instead of those in futex.h.
bool is_shared_futex(uint64_t address);

// Where the word is a robust mutex that the caller is about to lock (the list's pending entry) and
// its owner has ended without a word, the caller becomes the one that finds FUTEX_OWNER_DIED.
Result<void> shared_futex_wait(uint64_t address, uint32_t expected, uint32_t bits,
                               const Deadline& deadline);
Result<uint64_t> shared_futex_wake(uint64_t address, uint64_t count, uint32_t bits);
// Both words lie outside.
Result<uint64_t> shared_futex_requeue(uint64_t from, uint64_t to, uint64_t wake, uint64_t move,
                                      const uint32_t* expected);
// All words lie outside.
Result<uint64_t> shared_futex_wait_any(std::span<const FutexWait> waits, const Deadline& deadline);
// FUTEX_LOCK_PI and its like: the word holds a number that the host knows as the caller's.
Result<void> shared_futex_lock_pi(uint64_t address, const Deadline& deadline, TryOnly try_only);
Result<void> shared_futex_unlock_pi(uint64_t address);

}  // namespace scone::libos
