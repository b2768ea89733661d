#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/task/futex_queue.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;

constexpr uint64_t kFutexWaitBitset = 9, kFutexWake = 1, kFutexPrivate = 128,
                   kFutexClockRealtime = 256;

uint32_t* park_word(Thread& thread) {
    return &thread.block->window->park_word;
}

}  // namespace

void prepare_park() {
    *static_cast<volatile uint32_t*>(park_word(current_thread())) = 0;
}

int64_t park(const Deadline& deadline) {
    uint64_t timeout = 0;
    uint64_t operation = kFutexWaitBitset | kFutexPrivate;
    if (deadline.set) {
        Timespec at{static_cast<int64_t>(deadline.nanoseconds / 1'000'000'000),
                    static_cast<int64_t>(deadline.nanoseconds % 1'000'000'000)};
        timeout = enclave::window_data() + enclave::kResultArea;
        enclave::copy_to_host(timeout, &at, sizeof at);
        if (deadline.clock == Clock::Realtime)
            operation |= kFutexClockRealtime;
    }
    return enclave::host_call(__NR_futex, enclave::Interruptible::Yes,
                              reinterpret_cast<uint64_t>(park_word(current_thread())), operation, 0,
                              timeout, 0, ~0u);
}

uint64_t park_address(Thread& thread) {
    return reinterpret_cast<uint64_t>(park_word(thread));
}
// SAFETY: windows stay mapped when their threads end.
void unpark_at(uint64_t address) {
    *reinterpret_cast<volatile uint32_t*>(address) = 1;
    enclave::host_call(__NR_futex, enclave::Interruptible::No, address, kFutexWake | kFutexPrivate,
                       1);
}

namespace futex {

Bucket buckets[kBucketCount];

Bucket& bucket_of(uint64_t address) {
    return buckets[(address >> 2) * 0x9e3779b97f4a7c15ull >> 56];
}

void Bucket::append(Waiter& waiter) {
    waiter.next = nullptr;
    (last != nullptr ? last->next : first) = &waiter;
    last = &waiter;
    waiters.fetch_add(1);
}

void Bucket::unlink(Waiter* previous, Waiter& waiter) {
    (previous != nullptr ? previous->next : first) = waiter.next;
    if (last == &waiter)
        last = previous;
    waiters.fetch_sub(1);
}

bool Bucket::remove(Waiter& waiter) {
    Waiter* previous = nullptr;
    for (Waiter* at = first; at != nullptr; previous = at, at = at->next) {
        if (at == &waiter) {
            unlink(previous, waiter);
            return true;
        }
    }
    return false;
}

void enqueue(Bucket& bucket, Waiter& waiter, uint64_t address, uint32_t bits) {
    waiter.thread = &current_thread();
    waiter.key.store(address, std::memory_order_relaxed);
    waiter.bits = bits;
    waiter.waits.store(1, std::memory_order_relaxed);
    bucket.append(waiter);
}

void WakeList::add(Waiter& waiter) {
    if (count_ == kLimit)
        wake();
    uint32_t* word = park_word(*waiter.thread);
    waiter.waits.store(0, std::memory_order_release);
    *static_cast<volatile uint32_t*>(word) = 1;
    words_[count_++] = word;
}

void WakeList::wake() {
    for (; count_ > 0; count_--)
        enclave::host_call(__NR_futex, enclave::Interruptible::No,
                           reinterpret_cast<uint64_t>(words_[count_ - 1]),
                           kFutexWake | kFutexPrivate, 1);
}

bool dequeue(Waiter& waiter) {
    for (;;) {
        Bucket& bucket = bucket_of(waiter.key.load(std::memory_order_acquire));
        Guard guard(bucket.lock);
        if (waiter.waits.load(std::memory_order_acquire) == 0)
            return false;
        if (bucket.remove(waiter))
            return true;
    }
}

bool timed_out(int64_t park_result, const Deadline& deadline) {
    return park_result == -kETIMEDOUT && deadline.set;
}
bool interrupted() {
    return signal_is_waiting();
}

Result<void> wait_for(Waiter& waiter, const Deadline& deadline, int restart_class) {
    Waited how =
        sleep_until(deadline, [&] { return waiter.waits.load(std::memory_order_acquire) == 0; });
    if (how == Waited::Woken || !dequeue(waiter))
        return {};
    return error(how == Waited::TimedOut ? kETIMEDOUT : restart_class);
}

}  // namespace futex

void reset_futexes_after_fork() {
    for (futex::Bucket& bucket : futex::buckets) {
        if (bucket.waiters.load() == 0)
            continue;
        bucket.waiters = 0;
        bucket.first = bucket.last = nullptr;
    }
    futex::forget_lock_waiters();
}

}  // namespace scone::libos
