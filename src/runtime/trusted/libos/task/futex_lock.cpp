// Locks whose word holds the owner's thread id: priority-inheriting and robust mutexes.
//
// Priorities themselves are not inherited, since the host schedules; the locks are handed over as
// Linux does.
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/task/futex_queue.h"
#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/task/shared_futex.h"

namespace scone::libos {

using namespace linux_abi;
using enclave::Guard;
using futex::Bucket;
using futex::bucket_of;
using futex::Waiter;

namespace {

// Whether a thread that ends has to look for waiters at all.
std::atomic<uint32_t> lock_waiters;

struct CountLockWaiter {
    CountLockWaiter() { lock_waiters.fetch_add(1); }
    ~CountLockWaiter() { lock_waiters.fetch_sub(1); }
    CountLockWaiter(const CountLockWaiter&) = delete;
    CountLockWaiter& operator=(const CountLockWaiter&) = delete;
};

// Preconditions: the bucket of `address` is locked. The first that waits for this lock.
Waiter* first_waiter(Bucket& bucket, uint64_t address, Waiter*& previous) {
    previous = nullptr;
    for (Waiter* at = bucket.first; at != nullptr; previous = at, at = at->next)
        if (at->key == address && at->bits == futex::kForOwnership)
            return at;
    return nullptr;
}

// The lock passes to its first waiter, or is free. `extra`: kOwnerDied or 0. EFAULT
Result<void> hand_over(Bucket& bucket, uint64_t address, uint32_t extra,
                       futex::WakeList& woken_up) {
    Waiter* previous;
    Waiter* next = first_waiter(bucket, address, previous);
    uint32_t owner =
        next != nullptr ? static_cast<uint32_t>(next->thread->tid) | futex::kWaiters : 0;
    uint32_t value;
    SCONE_TRY(copy_from_program(&value, address, sizeof value));
    for (;;) {
        uint32_t seen = SCONE_TRY(compare_exchange_program(address, value, owner | extra));
        if (seen == value)
            break;
        value = seen;
    }
    if (next != nullptr) {
        bucket.unlink(previous, *next);
        woken_up.add(*next);
    }
    return {};
}

bool is_thread_of(Process& process, uint32_t tid) {
    Guard guard(process.mutex);
    for (Thread* thread : process.threads)
        if (thread->tid == static_cast<int32_t>(tid))
            return true;
    return false;
}

// Takes the lock if nobody has it: true. Else marks it as waited for and queues the waiter.
Result<bool> take_or_enqueue(Waiter* waiter, uint64_t address, uint32_t tid) {
    Bucket& bucket = bucket_of(address);
    Guard guard(bucket.lock);
    uint32_t value;
    SCONE_TRY(copy_from_program(&value, address, sizeof value));
    for (;;) {
        uint32_t owner = value & futex::kTidMask, fresh = value | futex::kWaiters;
        if (owner == tid)
            return error(kEDEADLK);
        if (owner != 0 && waiter == nullptr)
            return error(kEAGAIN);
        Waiter* previous;
        if (owner == 0)
            fresh = tid | (value & futex::kOwnerDied) |
                    (first_waiter(bucket, address, previous) != nullptr ? futex::kWaiters : 0);
        uint32_t seen = SCONE_TRY(compare_exchange_program(address, value, fresh));
        if (seen == value && owner == 0)
            return true;
        if (seen == value)
            break;
        value = seen;
    }
    futex::enqueue(bucket, *waiter, address, futex::kForOwnership);
    return false;
}

}  // namespace

Result<void> futex_lock_pi(uint64_t address, const Deadline& deadline, TryOnly try_only) {
    if (address % 4 != 0)
        return error(kEINVAL);
    if (is_shared_futex(address))
        return shared_futex_lock_pi(address, deadline, try_only);
    Thread& self = current_thread();
    // Also brings the page in; an owner that does not exist would never give the lock.
    uint32_t value, again;
    SCONE_TRY(copy_from_program(&value, address, sizeof value));
    uint32_t owner = value & futex::kTidMask;
    if (owner != 0 && try_only == TryOnly::No && !is_thread_of(*self.process, owner)) {
        SCONE_TRY(copy_from_program(&again, address, sizeof again));
        if ((again & futex::kTidMask) == owner)
            return error(kESRCH);
    }
    Waiter waiter;
    CountLockWaiter count;
    prepare_park();
    if (SCONE_TRY(take_or_enqueue(try_only == TryOnly::Yes ? nullptr : &waiter, address,
                                  static_cast<uint32_t>(self.tid))))
        return {};
    return futex::wait_for(waiter, deadline, kERESTARTNOINTR);
}

Result<void> futex_unlock_pi(uint64_t address) {
    if (address % 4 != 0)
        return error(kEINVAL);
    if (is_shared_futex(address))
        return shared_futex_unlock_pi(address);
    uint32_t value;
    SCONE_TRY(copy_from_program(&value, address, sizeof value));
    if ((value & futex::kTidMask) != static_cast<uint32_t>(current_thread().tid))
        return error(kEPERM);
    Bucket& bucket = bucket_of(address);
    futex::WakeList woken_up;
    Guard guard(bucket.lock);
    return hand_over(bucket, address, 0, woken_up);
}

namespace futex {

void hand_over_locks(Thread& thread) {
    if (lock_waiters.load() == 0)
        return;
    for (Bucket& bucket : buckets) {
        WakeList woken_up;
        Guard guard(bucket.lock);
        for (Waiter* at = bucket.first; at != nullptr;) {
            uint32_t value;
            bool own = at->bits == kForOwnership &&
                       copy_from_program(&value, at->key, sizeof value) &&
                       (value & kTidMask) == static_cast<uint32_t>(thread.tid);
            // The list changes then: from its start again.
            at = own && hand_over(bucket, at->key, kOwnerDied, woken_up) ? bucket.first : at->next;
        }
    }
}

void forget_lock_waiters() {
    lock_waiters = 0;
}

}  // namespace futex

// struct robust_list_head { next; offset; pending } in the program's memory, at most 2048 entries.
void release_robust_futexes(Thread& thread) {
    constexpr int kMaximumEntries = 2048;
    futex::hand_over_locks(thread);
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
        while ((value & futex::kTidMask) == static_cast<uint32_t>(thread.tid)) {
            uint32_t dead = (value & futex::kWaiters) | futex::kOwnerDied;
            auto seen = compare_exchange_program(address, value, dead);
            if (!seen)
                return;
            if (*seen == value) {
                if (value & futex::kWaiters)
                    (void)futex_wake(address, 1, ~0u);
                return;
            }
            value = *seen;
        }
    };
    uint64_t entry = head[0];
    for (int i = 0; i < kMaximumEntries && (entry & ~1ull) != thread.robust_list; i++) {
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

}  // namespace scone::libos
