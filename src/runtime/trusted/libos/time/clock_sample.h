// The clocks of the host at one value of the time stamp counter, and the line on which they go on
// from there. Shared by the runtime, which makes samples, and the vDSO, which only reads them.
//
// Side:    trusted, and code of the program
// Units:   nanoseconds; ticks of the time stamp counter
// Threads: one writer, any readers: the sequence number is odd while a sample is being written
#pragma once

#include <atomic>
#include <cstdint>

namespace scone::libos {

struct Now {
    uint64_t monotonic, realtime;
};

// What was loaded before is older than the counter, so that no thread sees the time go back.
// SAFETY: RDTSCP is allowed in an enclave on SGX2 processors.
inline uint64_t read_counter() {
    uint32_t low, high;
    asm volatile("rdtscp" : "=a"(low), "=d"(high) : : "rcx", "memory");
    return static_cast<uint64_t>(high) << 32 | low;
}

struct ClockSample {
    static constexpr unsigned kShift = 32;

    std::atomic<uint32_t> sequence{0};
    uint64_t counter = 0, monotonic = 0, realtime = 0;
    uint64_t scale = 0;           // nanoseconds for 2^kShift ticks
    uint64_t lifetime_ticks = 0;  // 0: there is no sample yet

    uint64_t passed(uint64_t ticks) const {
        return static_cast<uint64_t>((static_cast<unsigned __int128>(ticks) * scale) >> kShift);
    }

    // False: the host has to be asked.
    bool interpolate(Now& now) const {
        const uint32_t before = sequence.load(std::memory_order_acquire);
        const uint64_t ticks = read_counter() - counter;
        if ((before & 1) != 0 || ticks >= lifetime_ticks)
            return false;
        const uint64_t ns = passed(ticks);
        now = {monotonic + ns, realtime + ns};
        // The counter was read while the sample was good: no line goes on behind its lifetime.
        std::atomic_thread_fence(std::memory_order_acquire);
        return sequence.load(std::memory_order_relaxed) == before;
    }
};

}  // namespace scone::libos
