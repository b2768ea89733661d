// Futexes in memory that processes share outside of the enclave: the host's own.
//
// Side:    trusted
// Errors:  as futex(2)
// HOST:    it may wake early, late or never; counts are never above what was asked
// Source:  futex(2)
#pragma once

#include "runtime/trusted/libos/task/futex.h"

namespace scone::libos {

// True where the functions below serve instead of those in futex.h.
bool is_shared_futex(uint64_t address);

Result<void> shared_futex_wait(uint64_t address, uint32_t expected, uint32_t bits,
                               const Deadline& deadline);
Result<uint64_t> shared_futex_wake(uint64_t address, uint64_t count, uint32_t bits);
// Both words lie outside.
Result<uint64_t> shared_futex_requeue(uint64_t from, uint64_t to, uint64_t wake, uint64_t move,
                                      const uint32_t* expected);

}  // namespace scone::libos
