// A lock under which the holder may wait for the host: those who wait for it sleep.
//
// Side:    trusted
// Threads: not recursive; may be held over host calls. Lock it before any SpinLock, never under
// one. HOST:    whether the lock is held is decided in the enclave. Only the sleeping is the
// host's: it can
//          wake threads early (they look again) or never (they hang, as it can do anyway).
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/trusted/enclave/spin_lock.h"

namespace scone::enclave {

class SleepLock {
  public:
    void lock() {
        current_block()->locks_held++;
        if (!take())
            wait();
    }
    bool try_lock() {
        bool taken = take();
        current_block()->locks_held += taken;
        return taken;
    }
    void unlock() {
        bool wanted = state_.exchange(kFree, std::memory_order_seq_cst) == kWanted;
        current_block()->locks_held--;
        if (wanted)
            wake();
    }

  private:
    static constexpr uint32_t kFree = 0, kHeld = 1, kWanted = 2;
    bool take() {
        uint32_t expected = kFree;
        return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire);
    }
    void wait();
    static void wake();

    std::atomic<uint32_t> state_{kFree};
};

// The word in host memory that changes when a lock somebody waits for is given back. Called once,
// with the window of the first thread, which stays mapped as long as the process lives.
void use_lock_word(uint32_t* word);

}  // namespace scone::enclave
