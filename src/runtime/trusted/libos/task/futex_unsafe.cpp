#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/task/futex.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/task/shared_futex.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;

constexpr uint64_t kFutexWaitBitset = 9, kFutexWake = 1, kFutexPrivate = 128,
                   kFutexClockRealtime = 256;
constexpr uint32_t kFutexTidMask = 0x3fffffff, kFutexOwnerDied = 0x40000000,
                   kFutexWaiters = 0x80000000;
constexpr unsigned kBucketCount = 256;
constexpr unsigned kSpins = 200;

struct Bucket {
    enclave::SpinLock lock;
    std::atomic<uint32_t> waiters{0};
    Thread* first = nullptr;
    Thread* last = nullptr;
};
Bucket buckets[kBucketCount];

Bucket& bucket_of(uint64_t address) {
    return buckets[(address >> 2) * 0x9e3779b97f4a7c15ull >> 56];
}

void append(Bucket& bucket, Thread& thread) {
    thread.futex_next = nullptr;
    (bucket.last != nullptr ? bucket.last->futex_next : bucket.first) = &thread;
    bucket.last = &thread;
    bucket.waiters.fetch_add(1);
}

// Takes the waiter after `previous` (the first when null) out of the list.
void unlink(Bucket& bucket, Thread* previous, Thread& thread) {
    (previous != nullptr ? previous->futex_next : bucket.first) = thread.futex_next;
    if (bucket.last == &thread)
        bucket.last = previous;
    bucket.waiters.fetch_sub(1);
}

bool remove(Bucket& bucket, Thread& thread) {
    Thread* previous = nullptr;
    for (Thread* at = bucket.first; at != nullptr; previous = at, at = at->futex_next) {
        if (at == &thread) {
            unlink(bucket, previous, thread);
            return true;
        }
    }
    return false;
}

// Wakes up to `count` waiters on the address; they are unlinked and told under the lock.
uint64_t wake_locked(Bucket& bucket, uint64_t address, uint64_t count, uint32_t bits) {
    uint64_t woken = 0;
    Thread* previous = nullptr;
    for (Thread* at = bucket.first; at != nullptr && woken < count;) {
        Thread* next = at->futex_next;
        if (at->futex_key == address && (at->futex_bits & bits)) {
            unlink(bucket, previous, *at);
            at->futex_waiting.store(0, std::memory_order_release);
            unpark(*at);
            woken++;
        } else {
            previous = at;
        }
        at = next;
    }
    return woken;
}

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

void unpark(Thread& thread) {
    *static_cast<volatile uint32_t*>(park_word(thread)) = 1;
    enclave::host_call(__NR_futex, enclave::Interruptible::No,
                       reinterpret_cast<uint64_t>(park_word(thread)), kFutexWake | kFutexPrivate,
                       1);
}

Result<void> futex_wait(uint64_t address, uint32_t expected, uint32_t bits,
                        const Deadline& deadline) {
    if (is_shared_futex(address))
        return shared_futex_wait(address, expected, bits, deadline);
    if (address % 4 != 0 || bits == 0)
        return error(kEINVAL);
    Thread& self = current_thread();
    Bucket& bucket = bucket_of(address);
    {
        // The page must be there before the lock is taken: a fault needs other locks.
        uint32_t value;
        SCONE_TRY(copy_from_program(&value, address, sizeof value));
        if (value != expected)
            return error(kEAGAIN);
        Guard guard(bucket.lock);
        prepare_park();
        self.futex_key = address;
        self.futex_bits = bits;
        self.futex_waiting.store(1, std::memory_order_relaxed);
        append(bucket, self);
        auto read = copy_from_program(&value, address, sizeof value);
        if (!read || value != expected) {
            (void)remove(bucket, self);
            return read ? error(kEAGAIN) : std::unexpected(read.error());
        }
    }
    for (unsigned spin = 0; spin < kSpins; spin++) {
        if (self.futex_waiting.load(std::memory_order_acquire) == 0)
            return {};
        __builtin_ia32_pause();
    }
    for (;;) {
        int64_t result = park(deadline);
        if (self.futex_waiting.load(std::memory_order_acquire) == 0)
            return {};
        bool timed_out = result == -kETIMEDOUT && deadline.set;
        bool signalled = !timed_out && signal_is_waiting();
        if (!timed_out && !signalled) {
            prepare_park();
            if (self.futex_waiting.load(std::memory_order_acquire) == 0)
                return {};
            continue;
        }
        // A requeue may have moved the thread to another bucket meanwhile.
        for (;;) {
            Bucket& now = bucket_of(__atomic_load_n(&self.futex_key, __ATOMIC_ACQUIRE));
            Guard guard(now.lock);
            if (self.futex_waiting.load(std::memory_order_acquire) == 0)
                return {};
            if (remove(now, self))
                return error(timed_out ? kETIMEDOUT : kERESTARTSYS);
        }
    }
}

Result<uint64_t> futex_wake(uint64_t address, uint64_t count, uint32_t bits) {
    if (is_shared_futex(address))
        return shared_futex_wake(address, count, bits);
    if (address % 4 != 0 || bits == 0)
        return error(kEINVAL);
    Bucket& bucket = bucket_of(address);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (bucket.waiters.load(std::memory_order_relaxed) == 0)
        return 0;
    Guard guard(bucket.lock);
    return wake_locked(bucket, address, count, bits);
}

Result<uint64_t> futex_requeue(uint64_t from, uint64_t to, uint64_t wake, uint64_t move,
                               const uint32_t* expected, bool count_moved) {
    if (is_shared_futex(from) && is_shared_futex(to))
        return shared_futex_requeue(from, to, wake, move, expected);
    // No queue reaches across the enclave's border.
    if (is_shared_futex(from) || is_shared_futex(to))
        return error(kEINVAL);
    if (from % 4 != 0 || to % 4 != 0)
        return error(kEINVAL);
    Bucket* a = &bucket_of(from);
    Bucket* b = &bucket_of(to);
    Bucket* low = a < b ? a : b;
    Bucket* high = a < b ? b : a;
    uint32_t value = 0;
    SCONE_TRY(copy_from_program(&value, from, sizeof value));
    low->lock.lock();
    if (high != low)
        high->lock.lock();
    Result<uint64_t> result = 0;
    auto read = copy_from_program(&value, from, sizeof value);
    if (expected != nullptr && (!read || value != *expected)) {
        result = error(read ? kEAGAIN : kEFAULT);
    } else {
        uint64_t woken = wake_locked(*a, from, wake, ~0u), moved = 0;
        Thread* previous = nullptr;
        for (Thread* at = a->first; at != nullptr && moved < move && from != to;) {
            Thread* next = at->futex_next;
            if (at->futex_key == from) {
                unlink(*a, previous, *at);
                __atomic_store_n(&at->futex_key, to, __ATOMIC_RELEASE);
                append(*b, *at);
                moved++;
                if (a == b && next == nullptr)
                    break;
            } else {
                previous = at;
            }
            at = next;
        }
        result = count_moved ? woken + moved : woken;
    }
    if (high != low)
        high->lock.unlock();
    low->lock.unlock();
    return result;
}

Result<uint64_t> futex_wake_op(uint64_t first, uint64_t second, uint64_t wake, uint64_t wake_second,
                               uint32_t operation) {
    uint32_t op = operation >> 28 & 15, comparison = operation >> 24 & 15;
    auto argument = static_cast<int32_t>(operation << 8) >> 20;
    auto compared = static_cast<int32_t>(operation << 20) >> 20;
    if (op & 8) {
        if (argument < 0 || argument > 31)
            return error(kEINVAL);
        argument = static_cast<int32_t>(1u << argument);
    }
    uint32_t old;
    SCONE_TRY(copy_from_program(&old, second, sizeof old));
    for (;;) {
        uint32_t value = old, by = static_cast<uint32_t>(argument);
        switch (op & 7) {
            case 0:
                value = by;
                break;
            case 1:
                value = old + by;
                break;
            case 2:
                value = old | by;
                break;
            case 3:
                value = old & ~by;
                break;
            case 4:
                value = old ^ by;
                break;
            default:
                return error(kENOSYS);
        }
        uint32_t seen = SCONE_TRY(compare_exchange_program(second, old, value));
        if (seen == old)
            break;
        old = seen;
    }
    auto signed_old = static_cast<int32_t>(old);
    bool matches;
    switch (comparison) {
        case 0:
            matches = signed_old == compared;
            break;
        case 1:
            matches = signed_old != compared;
            break;
        case 2:
            matches = signed_old < compared;
            break;
        case 3:
            matches = signed_old <= compared;
            break;
        case 4:
            matches = signed_old > compared;
            break;
        case 5:
            matches = signed_old >= compared;
            break;
        default:
            return error(kENOSYS);
    }
    uint64_t woken = SCONE_TRY(futex_wake(first, wake, ~0u));
    if (matches)
        woken += SCONE_TRY(futex_wake(second, wake_second, ~0u));
    return woken;
}

// struct robust_list_head { next; offset; pending } in the program's memory, at most 2048 entries.
void release_robust_futexes(Thread& thread) {
    if (thread.robust_list == 0)
        return;
    uint64_t head[3];
    if (!copy_from_program(head, thread.robust_list, sizeof head))
        return;
    auto release = [&](uint64_t entry) {
        uint64_t address = (entry & ~1ull) + head[1];
        uint32_t value;
        if (!copy_from_program(&value, address, sizeof value))
            return;
        while ((value & kFutexTidMask) == static_cast<uint32_t>(thread.tid)) {
            uint32_t dead = (value & kFutexWaiters) | kFutexOwnerDied;
            auto seen = compare_exchange_program(address, value, dead);
            if (!seen)
                return;
            if (*seen == value) {
                if (value & kFutexWaiters)
                    (void)futex_wake(address, 1, ~0u);
                return;
            }
            value = *seen;
        }
    };
    uint64_t entry = head[0];
    for (int i = 0; i < 2048 && (entry & ~1ull) != thread.robust_list; i++) {
        uint64_t next;
        if (!copy_from_program(&next, entry & ~1ull, sizeof next))
            break;
        if (entry != head[2])
            release(entry);
        entry = next;
    }
    if (head[2] != 0)
        release(head[2]);
}

void reset_futexes_after_fork() {
    for (Bucket& bucket : buckets) {
        bucket.waiters = 0;
        bucket.first = bucket.last = nullptr;
    }
}

}  // namespace scone::libos
