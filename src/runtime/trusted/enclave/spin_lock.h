// A lock for short sections: spins, then lets the host run somebody else.
//
// Side:    trusted
// Threads: not recursive, given back by the thread that took it; never held over a host call that
//          can block, except yielding itself (ThreadBlock::locks_held tells)
#pragma once

#include <atomic>

#include "runtime/trusted/enclave/thread_block.h"

namespace scone::enclave {

void yield_to_host();

class SpinLock {
  public:
    void lock() {
        current_block()->locks_held++;
        for (unsigned spins = 0; held_.exchange(true, std::memory_order_acquire); spins++) {
            while (held_.load(std::memory_order_relaxed)) {
                __builtin_ia32_pause();
                if (++spins > 200) {
                    yield_to_host();
                    spins = 0;
                }
            }
        }
    }
    void unlock() {
        held_.store(false, std::memory_order_release);
        current_block()->locks_held--;
    }

  private:
    std::atomic<bool> held_{false};
};

template <class Lock>
class [[nodiscard]] Guard {
  public:
    explicit Guard(Lock& lock) : lock_(lock) { lock_.lock(); }
    ~Guard() { lock_.unlock(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

  private:
    Lock& lock_;
};

}  // namespace scone::enclave
