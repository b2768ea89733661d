// A lock for short sections: spins, then lets the host run somebody else.
//
// Side:    trusted
// Threads: not recursive; never held over a host call that can block, except yielding itself
#pragma once

#include <atomic>

namespace scone::enclave {

void yield_to_host();

class SpinLock {
  public:
    void lock() {
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
    bool try_lock() { return !held_.exchange(true, std::memory_order_acquire); }
    void unlock() { held_.store(false, std::memory_order_release); }

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
