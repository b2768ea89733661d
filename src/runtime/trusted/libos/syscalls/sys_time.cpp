// Clocks, sleeping and interval timers
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
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

// ETIMEDOUT is success here.
Result<void> sleep_until(const Deadline& deadline) {
    for (;;) {
        prepare_park();
        if (signal_is_waiting())
            return error(kERESTART_RESTARTBLOCK);
        if (park(deadline) == -kETIMEDOUT)
            return {};
    }
}

SyscallResult sleep_relative(Call& call, const Deadline& deadline, uint64_t remainder_address) {
    auto slept = sleep_until(deadline);
    if (slept)
        return 0;
    uint64_t now = monotonic_ns();
    uint64_t left = deadline.nanoseconds > now ? deadline.nanoseconds - now : 0;
    if (remainder_address != 0)
        SCONE_TRY(AppPtr<Timespec>(remainder_address).store(to_timespec(left)));
    call.thread.restart_deadline_ns = deadline.nanoseconds;
    call.thread.restart_kind = remainder_address;
    return std::unexpected(slept.error());
}

}  // namespace

SyscallResult sys_nanosleep(Call& call) {
    Timespec time = SCONE_TRY(AppPtr<Timespec>(call.arg[0]).load());
    return sleep_relative(call, deadline_after(SCONE_TRY(timespec_to_ns(time))), call.arg[1]);
}

SyscallResult sys_restart_syscall(Call& call) {
    return sleep_relative(call, Deadline{true, Clock::Monotonic, call.thread.restart_deadline_ns},
                          call.thread.restart_kind);
}

SyscallResult sys_clock_nanosleep(Call& call) {
    constexpr int kAbsolute = 1;
    int clock = call.fd(0);
    if (clock != 0 && clock != 1 && clock != 7)
        return error(clock == 3 ? kEINVAL : kEOPNOTSUPP);
    uint64_t ns = SCONE_TRY(timespec_to_ns(SCONE_TRY(AppPtr<Timespec>(call.arg[2]).load())));
    if (call.fd(1) & kAbsolute) {
        auto slept = sleep_until({true, clock == 0 ? Clock::Realtime : Clock::Monotonic, ns});
        if (!slept)
            return error(kERESTARTNOHAND);
        return 0;
    }
    return sleep_relative(call, deadline_after(ns), call.arg[3]);
}

SyscallResult sys_clock_gettime(Call& call) {
    Timespec now = SCONE_TRY(clock_now(call.fd(0)));
    SCONE_TRY(AppPtr<Timespec>(call.arg[1]).store(now));
    return 0;
}
SyscallResult sys_clock_getres(Call& call) {
    if (call.fd(0) < 0 || call.fd(0) > 11)
        return error(kEINVAL);
    if (call.arg[1] != 0)
        SCONE_TRY(AppPtr<Timespec>(call.arg[1]).store({0, 1}));
    return 0;
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

// Interval timers run on the host, which sends the signal.
SyscallResult sys_setitimer(Call& call) {
    uint64_t timer[4] = {};
    if (call.u32(0) > 2)
        return error(kEINVAL);
    if (call.arg[1] != 0)
        SCONE_TRY(copy_from_program(timer, call.arg[1], sizeof timer));
    uint64_t old[4];
    int64_t result =
        enclave::host_structure_call(__NR_getitimer, 1, old, 0, sizeof old, call.arg[0]);
    if (result < 0)
        return from_kernel(result);
    result = enclave::host_structure_call(__NR_setitimer, 1, timer, sizeof timer, 0, call.arg[0]);
    if (result >= 0 && call.arg[2] != 0)
        SCONE_TRY(copy_to_program(call.arg[2], old, sizeof old));
    return from_kernel(result);
}
SyscallResult sys_getitimer(Call& call) {
    uint64_t timer[4];
    int64_t result =
        enclave::host_structure_call(__NR_getitimer, 1, timer, 0, sizeof timer, call.arg[0]);
    if (result >= 0)
        SCONE_TRY(copy_to_program(call.arg[1], timer, sizeof timer));
    return from_kernel(result);
}
SyscallResult sys_alarm(Call& call) {
    uint64_t timer[4] = {0, 0, call.u32(0), 0}, old[4];
    int64_t result = enclave::host_structure_call(__NR_getitimer, 1, old, 0, sizeof old, 0);
    if (result >= 0)
        result = enclave::host_structure_call(__NR_setitimer, 1, timer, sizeof timer, 0, 0);
    if (result < 0)
        return from_kernel(result);
    return old[2] + (old[3] >= 500'000 || (old[3] > 0 && old[2] == 0) ? 1 : 0);
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

// POSIX timers live on the host; the kernel's id is the program's id.
SyscallResult sys_timer_create(Call& call) {
    // struct sigevent: value, signo, notify, thread id; SIGEV_THREAD_ID becomes the process.
    alignas(8) uint8_t event[64] = {};
    int32_t notify = 0, number = kSIGALRM;
    if (call.arg[1] != 0) {
        SCONE_TRY(copy_from_program(event, call.arg[1], sizeof event));
        __builtin_memcpy(&notify, event + 12, 4);
        __builtin_memcpy(&number, event + 8, 4);
    }
    constexpr int kNone = 1, kThreadId = 4;
    if (notify != 0 && notify != kNone && notify != kThreadId)
        return error(kEINVAL);
    if (notify == kThreadId) {
        int32_t plain = 0;
        __builtin_memcpy(event + 12, &plain, 4);
    }
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    enclave::copy_to_host(at, event, sizeof event);
    int64_t result = enclave::host_call(__NR_timer_create, enclave::Interruptible::No, call.arg[0],
                                        call.arg[1] != 0 ? at : 0, at + 128);
    if (result != 0)
        return from_kernel(enclave::checked_result(result, 0));
    int32_t id = static_cast<int32_t>(enclave::host_load(reinterpret_cast<const void*>(at + 128)));
    SCONE_TRY(AppPtr<int32_t>(call.arg[2]).store(id));
    return 0;
}
SyscallResult sys_timer_settime(Call& call) {
    uint64_t timer[4], old[4];
    SCONE_TRY(copy_from_program(timer, call.arg[2], sizeof timer));
    int64_t result =
        enclave::host_structure_call(__NR_timer_gettime, 1, old, 0, sizeof old, call.arg[0]);
    if (result >= 0)
        result = enclave::host_structure_call(__NR_timer_settime, 2, timer, sizeof timer, 0,
                                              call.arg[0], call.arg[1]);
    if (result >= 0 && call.arg[3] != 0)
        SCONE_TRY(copy_to_program(call.arg[3], old, sizeof old));
    return from_kernel(result);
}
SyscallResult sys_timer_gettime(Call& call) {
    uint64_t timer[4];
    int64_t result =
        enclave::host_structure_call(__NR_timer_gettime, 1, timer, 0, sizeof timer, call.arg[0]);
    if (result >= 0)
        SCONE_TRY(copy_to_program(call.arg[1], timer, sizeof timer));
    return from_kernel(result);
}
SyscallResult sys_timer_getoverrun(Call& call) {
    return from_kernel(enclave::checked_result(
        enclave::host_call(__NR_timer_getoverrun, enclave::Interruptible::No, call.arg[0]),
        INT32_MAX));
}
SyscallResult sys_timer_delete(Call& call) {
    return from_kernel(enclave::checked_result(
        enclave::host_call(__NR_timer_delete, enclave::Interruptible::No, call.arg[0]), 0));
}

}  // namespace scone::libos
