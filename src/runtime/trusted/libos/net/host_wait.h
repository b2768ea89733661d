// Calls that wait on the host: interrupted for real only by a signal that the program has to see.
//
// Side:    trusted
// The host ends a wait for every signal, also for one that the program ignores or has blocked, on
// which Linux would go on waiting.
// Threads: as the calls inside
#pragma once

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/libos/linux_abi.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {

// `call()` is repeated while it hands back -EINTR without a signal for the program.
template <class F>
int64_t host_wait(F&& call) {
    for (;;) {
        int64_t result = call();
        if (result != -linux_abi::kEINTR || signal_is_waiting())
            return result;
    }
}

// How long poll, select and epoll_wait sleep.
struct Timeout {
    bool forever = true;
    uint64_t deadline_ns = 0;  // monotonic

    static Timeout after(uint64_t nanoseconds) {
        uint64_t now = nanoseconds == 0 ? 0 : monotonic_ns();
        return {false, now + nanoseconds < now ? UINT64_MAX : now + nanoseconds};
    }
    bool is_immediate() const { return !forever && deadline_ns == 0; }
    uint64_t left_ns() const {
        if (deadline_ns == 0)
            return 0;
        uint64_t now = monotonic_ns();
        return now >= deadline_ns ? 0 : deadline_ns - now;
    }
};

}  // namespace scone::libos
