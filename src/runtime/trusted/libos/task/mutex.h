// A lock that may be held while the host works: who waits lets the host run somebody else.
//
// Side:    trusted
// Threads: not recursive. After a fork a lock that another thread of the parent held is free in the
//          child, where that thread does not exist.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/trusted/enclave/spin_lock.h"

namespace scone::libos {

// Counts the forks that this copy of the process came from.
inline std::atomic<uint32_t> fork_generation{1};

class Mutex {
  public:
    void lock() {
        uint32_t own = fork_generation.load(std::memory_order_relaxed);
        for (;;) {
            uint32_t holder = holder_.load(std::memory_order_relaxed);
            if (holder != own &&
                holder_.compare_exchange_weak(holder, own, std::memory_order_acquire))
                return;
            enclave::yield_to_host();
        }
    }
    void unlock() { holder_.store(0, std::memory_order_release); }

  private:
    std::atomic<uint32_t> holder_{0};  // the generation it was taken in; 0: free
};

}  // namespace scone::libos
