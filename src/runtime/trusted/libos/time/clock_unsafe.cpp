#include <atomic>

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/task/threads.h"
#include "runtime/trusted/libos/time/clock.h"
#include "runtime/trusted/libos/time/clock_sample.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kMinimumBaseline = 2'000'000;   // ns between two samples that give a frequency
constexpr uint64_t kSampleLifetime = 200'000'000;  // ns after which the host is asked again

int64_t host_clock(uint64_t clock) {
    int64_t result = enclave::host_call(__NR_clock_gettime, enclave::Interruptible::No, clock,
                                        enclave::window_data() + enclave::kResultArea);
    if (result != 0)
        return -1;
    Timespec at;
    enclave::copy_from_host(&at, enclave::window_data() + enclave::kResultArea, sizeof at);
    // HOST: any value is possible; it is forced into a range that cannot overflow.
    constexpr int64_t kLimit = 1ll << 33;
    if (at.seconds < 0 || at.seconds > kLimit || at.nanoseconds < 0 ||
        at.nanoseconds >= static_cast<int64_t>(kSecond))
        return -1;
    return at.seconds * static_cast<int64_t>(kSecond) + at.nanoseconds;
}

// a * b / c without overflow of the product. Preconditions: b < c, or the quotient fits.
uint64_t multiply_divide(uint64_t a, uint64_t b, uint64_t c) {
    uint64_t high, low, quotient, rest;
    asm("mulq %3" : "=a"(low), "=d"(high) : "a"(a), "r"(b) : "cc");
    if (high >= c)
        return UINT64_MAX;
    asm("divq %4" : "=a"(quotient), "=d"(rest) : "a"(low), "d"(high), "r"(c) : "cc");
    return quotient;
}

ClockSample sample;
enclave::SpinLock sample_lock;
// Guarded by sample_lock. floor: what the monotonic clock has shown at most.
uint64_t first_counter, first_monotonic, floor;

// The host's clocks, and the counter at the time when they were read.
struct Reading {
    uint64_t width = ~uint64_t{0};  // ticks that the reading took
    uint64_t counter = 0;
    int64_t monotonic = -1, realtime = -1;
};

// A thread that loses its processor in between reads clocks that do not belong to the counter, and
// a frequency that is wrong by as much. So the narrowest of several readings counts.
Reading read_host_clocks() {
    constexpr unsigned kUsual = 2, kMost = 12;
    static uint64_t narrowest = ~uint64_t{0} / 2;
    Reading best;
    for (unsigned attempt = 1; attempt <= kMost; attempt++) {
        Reading reading;
        uint64_t before = read_counter();
        reading.monotonic = host_clock(kCLOCK_MONOTONIC);
        uint64_t between = read_counter();
        reading.realtime = host_clock(kCLOCK_REALTIME);
        reading.width = read_counter() - before;
        reading.counter = before + (between - before) / 2;
        if (reading.width < best.width)
            best = reading;
        if (attempt >= kUsual && best.width <= 2 * narrowest)
            break;
    }
    if (best.width < narrowest)
        narrowest = best.width;
    return best;
}

// The line from here on. It begins where the clock stands and meets the host's at the end of the
// sample's lifetime, so a clock that went ahead becomes slower but never goes back.
void publish(uint64_t counter, const Now& now, uint64_t ahead, uint64_t scale, uint64_t lifetime) {
    const uint64_t kept = ahead < lifetime ? lifetime - ahead : 0;
    sample.sequence.fetch_add(1, std::memory_order_acq_rel);
    sample.counter = counter;
    sample.monotonic = now.monotonic;
    sample.realtime = now.realtime;
    sample.lifetime_ticks = multiply_divide(lifetime, 1ull << ClockSample::kShift, scale);
    sample.scale = ahead == 0 ? scale : multiply_divide(scale, kept, lifetime);
    sample.sequence.fetch_add(1, std::memory_order_release);
    floor = now.monotonic + sample.passed(sample.lifetime_ticks);
}

Now take_sample() {
    enclave::Guard guard(sample_lock);
    Now now{};
    if (sample.interpolate(now))
        return now;  // another thread was faster
    const Reading reading = read_host_clocks();
    const uint64_t host = reading.monotonic < 0 ? 0 : static_cast<uint64_t>(reading.monotonic);
    now.monotonic = host < floor ? floor : host;
    now.realtime = reading.realtime < 0 ? 0 : static_cast<uint64_t>(reading.realtime);
    if (first_monotonic == 0) {
        first_counter = reading.counter;
        first_monotonic = host;
    }
    const uint64_t ticks = reading.counter - first_counter;
    const uint64_t passed = host > first_monotonic ? host - first_monotonic : 0;
    floor = now.monotonic;
    if (passed >= kMinimumBaseline && ticks > 0) {
        // A short baseline gives a rough frequency: ask again soon.
        const uint64_t lifetime = passed < kSampleLifetime ? passed : kSampleLifetime;
        const uint64_t scale = multiply_divide(passed, 1ull << ClockSample::kShift, ticks);
        if (scale != 0)
            publish(reading.counter, now, now.monotonic - host, scale, lifetime);
    }
    return now;
}

Now read_clocks() {
    Now now;
    return sample.interpolate(now) ? now : take_sample();
}

}  // namespace

uint64_t clock_sample_address() {
    return reinterpret_cast<uint64_t>(&sample);
}

uint64_t monotonic_ns() {
    return read_clocks().monotonic;
}
uint64_t realtime_ns() {
    return read_clocks().realtime;
}

Result<uint64_t> host_clock_id(int clock) {
    constexpr int kUnusedClock = 10;
    constexpr int kOfThread = 4, kKindMask = 3, kDescriptorClock = 3, kKindBits = 3;
    if (clock >= 0) {
        if (clock > kCLOCK_TAI || clock == kUnusedClock)
            return error(kEINVAL);
        return static_cast<uint64_t>(clock);
    }
    // ~number << 3 | kind: clock_getcpuclockid(3), pthread_getcpuclockid(3)
    int number = ~(clock >> kKindBits);
    if ((clock & kKindMask) == kDescriptorClock)
        return error(kEINVAL);
    if ((clock & kOfThread) && number != 0) {
        int64_t host_tid = SCONE_TRY(host_thread_of(number));
        number = static_cast<int>(host_tid);
    }
    return static_cast<uint64_t>(
        static_cast<int64_t>(~number * (1 << kKindBits) | (clock & (kOfThread | kKindMask))));
}

Result<Timespec> clock_now(int clock) {
    uint64_t ns;
    if (clock == kCLOCK_REALTIME || clock == kCLOCK_REALTIME_COARSE) {
        ns = realtime_ns();
    } else if (clock == kCLOCK_MONOTONIC || clock == kCLOCK_MONOTONIC_COARSE) {
        ns = monotonic_ns();
    } else {
        uint64_t id = SCONE_TRY(host_clock_id(clock));
        int64_t now = host_clock(id);
        // A CPU clock of somebody who does not exist.
        if (now < 0)
            return error(kEINVAL);
        ns = static_cast<uint64_t>(now);
    }
    return Timespec{static_cast<int64_t>(ns / kSecond), static_cast<int64_t>(ns % kSecond)};
}

Result<uint64_t> timespec_to_ns(const Timespec& time) {
    if (time.seconds < 0 || time.nanoseconds < 0 ||
        time.nanoseconds >= static_cast<int64_t>(kSecond))
        return error(kEINVAL);
    auto seconds = base::checked_mul(static_cast<uint64_t>(time.seconds), kSecond);
    if (!seconds || *seconds > INT64_MAX - kSecond)
        return static_cast<uint64_t>(INT64_MAX);
    return *seconds + static_cast<uint64_t>(time.nanoseconds);
}

Deadline deadline_after(uint64_t nanoseconds) {
    uint64_t now = monotonic_ns();
    uint64_t at =
        nanoseconds > INT64_MAX - now ? static_cast<uint64_t>(INT64_MAX) : now + nanoseconds;
    return Deadline{true, Clock::Monotonic, at};
}

}  // namespace scone::libos
