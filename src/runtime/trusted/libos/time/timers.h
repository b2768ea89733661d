// POSIX timers. They run on the host; what an expiry means is known here.
//
// Side:    trusted
// The host's number of a timer is the program's. The host signals the process; whom it reaches, and
// with which value, the table says.
// Threads: thread-safe; Process::mutex guards the table
// HOST:    when a timer expires is the host's word
// Source:  timer_create(2), timer_getoverrun(2)
#pragma once

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

// struct sigevent
struct SignalEvent {
    uint64_t value;
    int32_t number, notify, tid;
    uint8_t rest[44];
};
static_assert(sizeof(SignalEvent) == 64);

// `event` null: SIGALRM to the process with the timer's number as value.
Result<int32_t> create_timer(Process& process, uint64_t host_clock, const SignalEvent* event);
// EINVAL where there is no such timer: to be called before each other use of a number.
Result<void> check_timer(Process& process, int32_t id);
Result<void> delete_timer(Process& process, int32_t id);
Result<int32_t> timer_overrun(Process& process, int32_t id);
// At exec.
void delete_timers(Process& process);
// In a forked child, whose host process has none.
void forget_timers(Process& process);

// The host says that a timer expired.
void send_timer_signal(Process& process, const linux_abi::SigInfo& from_host);
// Its signal is delivered now: timer_getoverrun() speaks of this one.
void note_timer_signal(Process& process, const linux_abi::SigInfo& info);

}  // namespace scone::libos
