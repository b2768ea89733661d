// What C libraries find in the vDSO: the time, without a system call. This is code of the program:
// it runs on the program's stack, and a signal may come at every instruction.
//
// Source: vdso(7)
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/offsets.h"
#include "runtime/trusted/libos/time/clock_sample.h"

namespace {

using scone::libos::ClockSample;
using scone::libos::Now;

constexpr uint64_t kSecond = 1'000'000'000;
enum Clock : int { Realtime = 0, Monotonic = 1, RealtimeCoarse = 5, MonotonicCoarse = 6 };

struct Time {
    uint64_t seconds, rest;
};

// SAFETY: the loader writes the address before the page becomes executable; the sample stays for as
// long as the enclave.
__attribute__((section(".clock"), used)) ClockSample* const volatile sample = nullptr;

// SAFETY: as the trampoline of a rewritten system call does it; the program goes on at the label.
// The instruction before it is where a system call that is begun again would be.
long system_call(long number, long first, void* second) {
    asm volatile(
        "lea 1f(%%rip), %%rcx\n\t"
        "jmp *%%gs:%c[entry]\n\t"
        "syscall\n"
        "1:"
        : "+a"(number), "+D"(first), "+S"(second)
        : [entry] "i"(SCONE_BLOCK_SYSCALL_ENTRY)
        : "rcx", "r11", "memory", "cc");
    return number;
}

}  // namespace

extern "C" {

int __vdso_clock_gettime(int clock, Time* out) {
    Now now;
    const bool known = clock == Realtime || clock == Monotonic || clock == RealtimeCoarse ||
                       clock == MonotonicCoarse;
    if (!known || !sample->interpolate(now))
        return static_cast<int>(system_call(__NR_clock_gettime, clock, out));
    const uint64_t ns = clock == Realtime || clock == RealtimeCoarse ? now.realtime : now.monotonic;
    *out = {ns / kSecond, ns % kSecond};
    return 0;
}

int __vdso_gettimeofday(Time* out, uint64_t* zone) {
    Now now;
    if (!sample->interpolate(now))
        return static_cast<int>(system_call(__NR_gettimeofday, reinterpret_cast<long>(out), zone));
    if (out != nullptr)
        *out = {now.realtime / kSecond, now.realtime % kSecond / 1000};
    if (zone != nullptr)
        *zone = 0;
    return 0;
}

long __vdso_time(uint64_t* out) {
    Now now;
    if (!sample->interpolate(now))
        return system_call(__NR_time, reinterpret_cast<long>(out), nullptr);
    const uint64_t seconds = now.realtime / kSecond;
    if (out != nullptr)
        *out = seconds;
    return static_cast<long>(seconds);
}
}
