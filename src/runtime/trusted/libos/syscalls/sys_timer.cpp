// Interval timers and POSIX timers
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/time/clock.h"
#include "runtime/trusted/libos/time/host_timer.h"
#include "runtime/trusted/libos/time/timers.h"

namespace scone::libos {

using namespace linux_abi;

// The host runs the interval timers and sends their signals.
SyscallResult sys_setitimer(Call& call) {
    HostTimer timer{};
    if (call.u32(0) > 2)
        return error(kEINVAL);
    if (call.arg[1] != 0)
        timer = SCONE_TRY(AppPtr<HostTimer>(call.arg[1]).load());
    return set_host_timer(__NR_setitimer, call.u32(0), nullptr, timer, call.arg[2]);
}
SyscallResult sys_getitimer(Call& call) {
    return get_host_timer(__NR_getitimer, call.arg[0], call.arg[1]);
}
SyscallResult sys_alarm(Call& call) {
    constexpr uint64_t kHalfSecond = 500'000;
    HostTimer left = SCONE_TRY(
        exchange_host_timer(__NR_setitimer, 0, nullptr, HostTimer{{0, 0, call.u32(0), 0}}));
    uint64_t seconds = left.words[2], microseconds = left.words[3];
    bool up = microseconds >= kHalfSecond || (microseconds > 0 && seconds == 0);
    return seconds + (up ? 1 : 0);
}

SyscallResult sys_timer_create(Call& call) {
    uint64_t clock = SCONE_TRY(host_clock_id(call.fd(0)));
    SignalEvent event{};
    if (call.arg[1] != 0)
        event = SCONE_TRY(AppPtr<SignalEvent>(call.arg[1]).load());
    int32_t id =
        SCONE_TRY(create_timer(call.process(), clock, call.arg[1] != 0 ? &event : nullptr));
    if (auto stored = AppPtr<int32_t>(call.arg[2]).store(id); !stored) {
        (void)delete_timer(call.process(), id);
        return std::unexpected(stored.error());
    }
    return 0;
}
SyscallResult sys_timer_settime(Call& call) {
    SCONE_TRY(check_timer(call.process(), call.fd(0)));
    HostTimer timer = SCONE_TRY(AppPtr<HostTimer>(call.arg[2]).load());
    return set_host_timer(__NR_timer_settime, call.arg[0], &call.arg[1], timer, call.arg[3]);
}
SyscallResult sys_timer_gettime(Call& call) {
    SCONE_TRY(check_timer(call.process(), call.fd(0)));
    return get_host_timer(__NR_timer_gettime, call.arg[0], call.arg[1]);
}
SyscallResult sys_timer_getoverrun(Call& call) {
    return static_cast<uint64_t>(SCONE_TRY(timer_overrun(call.process(), call.fd(0))));
}
SyscallResult sys_timer_delete(Call& call) {
    SCONE_TRY(delete_timer(call.process(), call.fd(0)));
    return 0;
}

}  // namespace scone::libos
