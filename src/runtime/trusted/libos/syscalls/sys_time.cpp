// Clocks, sleeping, used time
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint64_t kSecond = 1'000'000'000;

Timespec to_timespec(uint64_t ns) {
    return {static_cast<int64_t>(ns / kSecond), static_cast<int64_t>(ns % kSecond)};
}

uint64_t add_time(uint64_t a, uint64_t b) {
    return b > INT64_MAX - a ? static_cast<uint64_t>(INT64_MAX) : a + b;
}
Result<uint64_t> clock_ns(int clock) {
    return timespec_to_ns(SCONE_TRY(clock_now(clock)));
}

// Linux: the clocks that have an alarm of their own. The others have none, or count the caller.
Result<void> check_sleep_clock(int clock) {
    switch (clock) {
        case kCLOCK_REALTIME:
        case kCLOCK_MONOTONIC:
        case kCLOCK_PROCESS_CPUTIME_ID:
        case kCLOCK_BOOTTIME:
        case kCLOCK_TAI:
            return {};
        case kCLOCK_REALTIME_ALARM:
        case kCLOCK_BOOTTIME_ALARM:
            return error(kEPERM);
        case kCLOCK_MONOTONIC_RAW:
        case kCLOCK_REALTIME_COARSE:
        case kCLOCK_MONOTONIC_COARSE:
            return error(kEOPNOTSUPP);
        default:
            if (clock >= 0)
                return error(kEINVAL);
            SCONE_TRY(clock_now(clock));
            return {};
    }
}

// Until `until` on the clock. The host's ETIMEDOUT is success here when the program's clock agrees,
// which may be a little behind.
Result<void> sleep_until(const Deadline& deadline) {
    bool realtime = deadline.clock == Clock::Realtime;
    for (;;) {
        prepare_park();
        if (signal_is_waiting())
            return error(kERESTART_RESTARTBLOCK);
        if (park(deadline) == -kETIMEDOUT &&
            (realtime ? realtime_ns() : monotonic_ns()) >= deadline.nanoseconds)
            return {};
    }
}
Result<void> sleep_on_host(int clock, uint64_t until) {
    constexpr uint64_t kAbsolute = 1;
    Timespec time = to_timespec(until);
    int64_t result = enclave::host_structure_call(__NR_clock_nanosleep, 2, &time, sizeof time, 0,
                                                  SCONE_TRY(host_clock_id(clock)), kAbsolute, 0, 0,
                                                  enclave::Interruptible::Yes);
    if (result == -kEINTR)
        return error(kERESTART_RESTARTBLOCK);
    return result < 0 ? Result<void>(error(static_cast<int>(-result))) : Result<void>();
}
Result<void> sleep_on(int clock, uint64_t until) {
    if (clock == kCLOCK_REALTIME)
        return sleep_until({true, Clock::Realtime, until});
    if (clock == kCLOCK_MONOTONIC)
        return sleep_until({true, Clock::Monotonic, until});
    return sleep_on_host(clock, until);
}

// What is left goes to the program, and for a restart into the thread.
SyscallResult sleep_relative(Call& call, int clock, uint64_t until, uint64_t remainder_address) {
    auto slept = sleep_on(clock, until);
    if (slept)
        return 0;
    if (slept.error().value != kERESTART_RESTARTBLOCK)
        return std::unexpected(slept.error());
    uint64_t now = SCONE_TRY(clock_ns(clock));
    if (remainder_address != 0)
        SCONE_TRY(
            AppPtr<Timespec>(remainder_address).store(to_timespec(until > now ? until - now : 0)));
    call.thread.restart = {Restart::Kind::Sleep, clock, until, remainder_address, 0, 0, 0};
    return std::unexpected(slept.error());
}

}  // namespace

SyscallResult sys_nanosleep(Call& call) {
    Timespec time = SCONE_TRY(AppPtr<Timespec>(call.arg[0]).load());
    uint64_t until = add_time(monotonic_ns(), SCONE_TRY(timespec_to_ns(time)));
    return sleep_relative(call, kCLOCK_MONOTONIC, until, call.arg[1]);
}

SyscallResult sys_restart_syscall(Call& call) {
    const Restart restart = call.thread.restart;
    if (restart.kind == Restart::Kind::Sleep)
        return sleep_relative(call, restart.clock, restart.until_ns, restart.remainder_address);
    Clock clock = restart.clock == kCLOCK_REALTIME ? Clock::Realtime : Clock::Monotonic;
    SCONE_TRY(
        futex_wait(restart.futex, restart.expected, restart.bits, {true, clock, restart.until_ns}));
    return 0;
}

SyscallResult sys_clock_nanosleep(Call& call) {
    constexpr int kAbsolute = 1;
    int clock = call.fd(0);
    SCONE_TRY(check_sleep_clock(clock));
    uint64_t ns = SCONE_TRY(timespec_to_ns(SCONE_TRY(AppPtr<Timespec>(call.arg[2]).load())));
    if (call.fd(1) & kAbsolute) {
        auto slept = sleep_on(clock, ns);
        if (slept)
            return 0;
        return error(slept.error().value == kERESTART_RESTARTBLOCK ? kERESTARTNOHAND
                                                                   : slept.error().value);
    }
    // A relative sleep is not stretched or cut by setting the time of day.
    if (clock == kCLOCK_REALTIME)
        clock = kCLOCK_MONOTONIC;
    return sleep_relative(call, clock, add_time(SCONE_TRY(clock_ns(clock)), ns), call.arg[3]);
}

SyscallResult sys_clock_gettime(Call& call) {
    Timespec now = SCONE_TRY(clock_now(call.fd(0)));
    SCONE_TRY(AppPtr<Timespec>(call.arg[1]).store(now));
    return 0;
}
SyscallResult sys_clock_getres(Call& call) {
    Timespec resolution;
    int64_t result =
        enclave::host_structure_call(__NR_clock_getres, 1, &resolution, 0, sizeof resolution,
                                     SCONE_TRY(host_clock_id(call.fd(0))));
    if (result < 0)
        return from_kernel(result);
    if (call.arg[1] != 0)
        SCONE_TRY(AppPtr<Timespec>(call.arg[1]).store(resolution));
    return 0;
}
// The clock is the machine's, and no program in an enclave sets it.
SyscallResult sys_clock_settime(Call& call) {
    if (call.fd(0) != 0)  // CLOCK_REALTIME
        return error(kEINVAL);
    (void)SCONE_TRY(timespec_to_ns(SCONE_TRY(AppPtr<Timespec>(call.arg[1]).load())));
    return error(kEPERM);
}
SyscallResult sys_gettimeofday(Call& call) {
    uint64_t ns = realtime_ns();
    if (call.arg[0] != 0)
        SCONE_TRY(AppPtr<Timeval>(call.arg[0])
                      .store({static_cast<int64_t>(ns / kSecond),
                              static_cast<int64_t>(ns % kSecond / 1000)}));
    if (call.arg[1] != 0)
        SCONE_TRY(AppPtr<uint64_t>(call.arg[1]).store(0));
    return 0;
}
SyscallResult sys_time(Call& call) {
    uint64_t seconds = realtime_ns() / kSecond;
    if (call.arg[0] != 0)
        SCONE_TRY(AppPtr<uint64_t>(call.arg[0]).store(seconds));
    return seconds;
}

SyscallResult sys_times(Call& call) {
    uint64_t out[4] = {};
    int64_t result = enclave::host_structure_call(__NR_times, 0, out, 0, sizeof out, 0);
    if (result >= 0 && call.arg[0] != 0)
        SCONE_TRY(copy_to_program(call.arg[0], out, sizeof out));
    return monotonic_ns() / 10'000'000;
}

SyscallResult sys_getrusage(Call& call) {
    uint64_t out[18];
    int64_t result =
        enclave::host_structure_call(__NR_getrusage, 1, out, 0, sizeof out, call.arg[0]);
    if (result >= 0)
        SCONE_TRY(copy_to_program(call.arg[1], out, sizeof out));
    return from_kernel(result);
}

}  // namespace scone::libos
