// The time of day and the monotonic clock, without leaving the enclave.
//
// Side:    trusted
// Units:   nanoseconds
// The host's clock is sampled together with the time stamp counter; between samples time is
// interpolated, never backwards. The host's clock is not trusted: SECURITY.md says what that means.
// Threads: thread-safe
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/task/futex.h"

namespace scone::libos {

// Where the vDSO finds the sample (clock_sample.h).
uint64_t clock_sample_address();
uint64_t monotonic_ns();
uint64_t realtime_ns();
// The host's id of a clock: CPU clocks of a thread name the host's thread. EINVAL
Result<uint64_t> host_clock_id(int clock);
// Any clock id of clock_gettime(2); the ones that only the host knows (CPU time) ask it.
Result<linux_abi::Timespec> clock_now(int clock);
Result<uint64_t> timespec_to_ns(const linux_abi::Timespec& time);
// A deadline this far from now on the monotonic clock.
Deadline deadline_after(uint64_t nanoseconds);

}  // namespace scone::libos
