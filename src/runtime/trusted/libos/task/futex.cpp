#include "runtime/trusted/libos/task/futex.h"

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

// Wakes up to `count` waiters on the address; they are unlinked under the lock.
uint64_t wake_locked(Bucket& bucket, uint64_t address, uint64_t count, uint32_t bits,
                     futex::WakeList& woken_up) {
    uint64_t woken = 0;
    Waiter* previous = nullptr;
    for (Waiter* at = bucket.first; at != nullptr && woken < count;) {
        Waiter* next = at->next;
        if (at->key == address && (at->bits & bits)) {
            bucket.unlink(previous, *at);
            woken_up.add(*at);
            woken++;
        } else {
            previous = at;
        }
        at = next;
    }
    return woken;
}

// Queues a wait unless the word has another value. The page must be there before the lock is
// taken: a fault needs other locks.
Result<void> enqueue_if(Waiter& waiter, uint64_t address, uint32_t expected, uint32_t bits) {
    // Some inside and some outside: nothing waits for both.
    if (is_shared_futex(address))
        return error(kENOSYS);
    uint32_t value;
    SCONE_TRY(copy_from_program(&value, address, sizeof value));
    if (value != expected)
        return error(kEAGAIN);
    Bucket& bucket = bucket_of(address);
    Guard guard(bucket.lock);
    futex::enqueue(bucket, waiter, address, bits);
    auto read = copy_from_program(&value, address, sizeof value);
    if (read && value == expected)
        return {};
    (void)bucket.remove(waiter);
    return read ? error(kEAGAIN) : std::unexpected(read.error());
}

}  // namespace

Result<void> futex_wait(uint64_t address, uint32_t expected, uint32_t bits,
                        const Deadline& deadline) {
    if (is_shared_futex(address))
        return shared_futex_wait(address, expected, bits, deadline);
    if (address % 4 != 0 || bits == 0)
        return error(kEINVAL);
    Waiter waiter;
    prepare_park();
    SCONE_TRY(enqueue_if(waiter, address, expected, bits));
    // A handler ends a wait with a deadline even with SA_RESTART.
    return futex::wait_for(waiter, deadline, deadline.set ? kERESTART_RESTARTBLOCK : kERESTARTSYS);
}

Result<uint64_t> futex_wait_any(std::span<const FutexWait> waits, const Deadline& deadline) {
    bool all_shared = true;
    for (const FutexWait& wait : waits)
        all_shared = all_shared && is_shared_futex(wait.address);
    if (all_shared)
        return shared_futex_wait_any(waits, deadline);
    Waiter waiters[kMaximumFutexWaits];
    size_t queued = 0;
    Result<void> result;
    prepare_park();
    for (; queued < waits.size() && result; queued += result ? 1 : 0)
        result = enqueue_if(waiters[queued], waits[queued].address, waits[queued].expected, ~0u);
    if (result) {
        auto how = futex::sleep_until(deadline, [&] {
            for (size_t i = 0; i < queued; i++)
                if (waiters[i].waits.load(std::memory_order_acquire) == 0)
                    return true;
            return false;
        });
        if (how == futex::Waited::TimedOut)
            result = error(kETIMEDOUT);
        else if (how == futex::Waited::Signalled)
            result = error(kERESTARTSYS);
    }
    bool woken = false;
    uint64_t index = 0;
    for (size_t i = 0; i < queued; i++)
        if (!futex::dequeue(waiters[i]))
            woken = true, index = i;
    if (woken)
        return index;
    return std::unexpected(result.error());
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
    futex::WakeList woken_up;
    Guard guard(bucket.lock);
    return wake_locked(bucket, address, count, bits, woken_up);
}

Result<uint64_t> futex_requeue(uint64_t from, uint64_t to, uint64_t wake, uint64_t move,
                               const uint32_t* expected) {
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
    futex::WakeList woken_up;
    low->lock.lock();
    if (high != low)
        high->lock.lock();
    Result<uint64_t> result = 0;
    auto read = copy_from_program(&value, from, sizeof value);
    if (expected != nullptr && (!read || value != *expected)) {
        result = error(read ? kEAGAIN : kEFAULT);
    } else {
        uint64_t woken = wake_locked(*a, from, wake, ~0u, woken_up), moved = 0;
        Waiter* previous = nullptr;
        for (Waiter* at = a->first; at != nullptr && moved < move && from != to;) {
            Waiter* next = at->next;
            if (at->key == from && at->bits != futex::kForOwnership) {
                a->unlink(previous, *at);
                at->key.store(to, std::memory_order_release);
                b->append(*at);
                moved++;
                if (a == b && next == nullptr)
                    break;
            } else {
                previous = at;
            }
            at = next;
        }
        result = woken + moved;
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

}  // namespace scone::libos
