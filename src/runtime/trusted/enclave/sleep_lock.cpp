#include "runtime/trusted/enclave/sleep_lock.h"

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"

namespace scone::enclave {
namespace {

constexpr uint64_t kFutexWaitPrivate = 128, kFutexWakePrivate = 129;
constexpr unsigned kSpins = 200;

volatile uint32_t* lock_word;

}  // namespace

void use_lock_word(uint32_t* word) {
    lock_word = word;
}

void SleepLock::wait() {
    for (unsigned spin = 0; spin < kSpins; spin++) {
        if (state_.load(std::memory_order_relaxed) == kFree && take())
            return;
        __builtin_ia32_pause();
    }
    // The word is read before the state is marked: whoever gives the lock back after the mark
    // changes the word, so that the host refuses to let this thread sleep.
    for (;;) {
        uint32_t seen = *lock_word;
        if (state_.exchange(kWanted, std::memory_order_seq_cst) == kFree)
            return;
        host_call(__NR_futex, Interruptible::No, reinterpret_cast<uint64_t>(lock_word),
                  kFutexWaitPrivate, seen, 0);
    }
}

void SleepLock::wake() {
    // All locks share the word, so all sleepers look; there are few.
    __atomic_fetch_add(lock_word, 1, __ATOMIC_SEQ_CST);
    constexpr uint64_t kAll = INT32_MAX;
    host_call(__NR_futex, Interruptible::No, reinterpret_cast<uint64_t>(lock_word),
              kFutexWakePrivate, kAll);
}

}  // namespace scone::enclave
