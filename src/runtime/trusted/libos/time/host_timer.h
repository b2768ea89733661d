// Timers of the host that are set and read alike: interval timers, POSIX timers, timer descriptors.
//
// Side:   trusted
// HOST:   what was left of a timer is the host's word
// Source: setitimer(2), timer_settime(2), timerfd_settime(2)
#pragma once

#include "runtime/trusted/libos/errno.h"

namespace scone::libos {

// Two times, interval and value, of 16 bytes each: struct itimerval and struct itimerspec.
struct HostTimer {
    uint64_t words[4];
};

// xxx_settime(id, flags, &timer, &old), and setitimer(id, &timer, &old), which has no flags. old: 0
// or an address of the program's.
SyscallResult set_host_timer(uint64_t number, uint64_t id, const uint64_t* flags,
                             const HostTimer& timer, uint64_t old_address);
// xxx_gettime(id, &timer)
SyscallResult get_host_timer(uint64_t number, uint64_t id, uint64_t address);
// As set_host_timer; hands back what was left.
Result<HostTimer> exchange_host_timer(uint64_t number, uint64_t id, const uint64_t* flags,
                                      const HostTimer& timer);

}  // namespace scone::libos
