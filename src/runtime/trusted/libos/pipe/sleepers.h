// Threads that wait inside the enclave for an object to change.
//
// Side:    trusted
// Threads: everything but sleep() under the object's lock. A thread that is still spinning is woken
//          without a call of the host.
#pragma once

#include <atomic>

#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/task/futex.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

class Sleepers {
  public:
    class Sleeper {
      public:
        explicit Sleeper(Sleepers& list) : list_(list), thread_(current_thread()) {
            next_ = list.first_;
            list.first_ = this;
        }
        // After the lock was given back. False: a signal; the sleeper is then still listed.
        bool sleep() {
            constexpr unsigned kSpins = 400;
            for (unsigned spin = 0; spin < kSpins; spin++) {
                if (state_.load(std::memory_order_acquire) == kWoken)
                    return true;
                __builtin_ia32_pause();
            }
            prepare_park();
            uint32_t spinning = kSpinning;
            if (!state_.compare_exchange_strong(spinning, kParked))
                return true;
            for (;;) {
                park({});
                if (state_.load(std::memory_order_acquire) == kWoken)
                    return true;
                if (signal_is_waiting())
                    return false;
                prepare_park();
                if (state_.load(std::memory_order_acquire) == kWoken)
                    return true;
            }
        }
        // Under the lock, after sleep() was false.
        void leave() {
            for (Sleeper** at = &list_.first_; *at != nullptr; at = &(*at)->next_) {
                if (*at == this) {
                    *at = next_;
                    return;
                }
            }
        }

      private:
        friend class Sleepers;
        enum : uint32_t { kSpinning, kParked, kWoken };
        Sleepers& list_;
        Thread& thread_;
        Sleeper* next_;
        std::atomic<uint32_t> state_{kSpinning};
    };

    // Who sleeps on the host and is to be woken: after the lock was given back, or they would only
    // wait for it.
    class Wakes {
      public:
        void send() {
            for (unsigned i = 0; i < count_; i++)
                unpark_at(addresses_[i]);
            count_ = 0;
        }

      private:
        friend class Sleepers;
        void add(uint64_t address) {
            if (count_ == kMaximum)
                send();
            addresses_[count_++] = address;
        }
        static constexpr unsigned kMaximum = 8;
        unsigned count_ = 0;
        uint64_t addresses_[kMaximum];
    };

    void wake_all(Wakes& wakes) {
        for (Sleeper* at = first_; at != nullptr;) {
            // The sleeper is gone as soon as it sees that it was woken.
            Sleeper* next = at->next_;
            uint64_t address = park_address(at->thread_);
            if (at->state_.exchange(Sleeper::kWoken) == Sleeper::kParked)
                wakes.add(address);
            at = next;
        }
        first_ = nullptr;
    }

  private:
    Sleeper* first_ = nullptr;
};

}  // namespace scone::libos
