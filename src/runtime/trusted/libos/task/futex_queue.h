// Who waits on which futex word, and how a thread sleeps: what the futex operations share.
//
// Side:    trusted
// Threads: a bucket's lock guards its list and the waiters in it. Lock order: Process::mutex before
// a
//          bucket's lock, of two buckets the lower one first
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/task/futex.h"

namespace scone::libos::futex {

inline constexpr uint32_t kTidMask = 0x3fffffff, kOwnerDied = 0x40000000, kWaiters = 0x80000000;

// One wait of one thread, on its stack. Queued in the bucket of `key`, which a requeue may change.
struct Waiter {
    Thread* thread = nullptr;
    Waiter* next = nullptr;
    std::atomic<uint64_t> key{0};
    uint32_t bits = 0;  // kForOwnership: waits for a lock that is handed over
    std::atomic<uint32_t> waits{0};
};
inline constexpr uint32_t kForOwnership = 0;

struct Bucket {
    enclave::SpinLock lock;
    std::atomic<uint32_t> waiters{0};
    Waiter* first = nullptr;
    Waiter* last = nullptr;

    void append(Waiter& waiter);
    // Takes the waiter after `previous` (the first when null) out of the list.
    void unlink(Waiter* previous, Waiter& waiter);
    bool remove(Waiter& waiter);
};
inline constexpr unsigned kBucketCount = 256;
extern Bucket buckets[kBucketCount];
Bucket& bucket_of(uint64_t address);

// Makes the caller a waiter of this bucket, which is locked.
void enqueue(Bucket& bucket, Waiter& waiter, uint64_t address, uint32_t bits);
// Waiters that were unlinked and are to be woken on the host, which is done without the bucket's
// lock: who wakes up may want it. From add() on a waiter and its thread may be gone; the host's
// word stays, at worst somebody else wakes for nothing.
class WakeList {
  public:
    WakeList() = default;
    ~WakeList() { wake(); }
    WakeList(const WakeList&) = delete;
    WakeList& operator=(const WakeList&) = delete;
    void add(Waiter& waiter);

  private:
    static constexpr size_t kLimit = 32;
    void wake();
    uint32_t* words_[kLimit];
    size_t count_ = 0;
};
// True when it still waited; false when somebody woke it meanwhile.
bool dequeue(Waiter& waiter);

enum class Waited { Woken, TimedOut, Signalled };
// Sleeps until woken() is true, the deadline, or a signal. Preconditions: prepare_park() was called
// before the wait became visible.
template <class F>
Waited sleep_until(const Deadline& deadline, F&& woken);
// For one waiter; `restart_class` is the error for a signal.
Result<void> wait_for(Waiter& waiter, const Deadline& deadline, int restart_class);

// At the end of a thread: locks of its that others wait for are theirs.
void hand_over_locks(Thread& thread);
void forget_lock_waiters();

bool timed_out(int64_t park_result, const Deadline& deadline);
bool interrupted();

template <class F>
Waited sleep_until(const Deadline& deadline, F&& woken) {
    constexpr unsigned kSpins = 200;
    for (unsigned spin = 0; spin < kSpins; spin++) {
        if (woken())
            return Waited::Woken;
        __builtin_ia32_pause();
    }
    for (;;) {
        int64_t result = park(deadline);
        if (woken())
            return Waited::Woken;
        if (timed_out(result, deadline))
            return Waited::TimedOut;
        if (interrupted())
            return Waited::Signalled;
        prepare_park();
        if (woken())
            return Waited::Woken;
    }
}

}  // namespace scone::libos::futex
