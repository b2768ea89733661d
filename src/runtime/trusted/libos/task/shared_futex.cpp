#include "runtime/trusted/libos/task/shared_futex.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/task/futex_queue.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kRequeue = 3, kCompareRequeue = 4, kLockPi = 6, kUnlockPi = 7, kTrylockPi = 8,
                   kWaitBitset = 9, kWakeBitset = 10, kLockPi2 = 13;
constexpr uint64_t kClockRealtime = 256;
constexpr uint64_t kOwnerCheckNs = 50'000'000;

Result<void> check(uint64_t address) {
    if (address % 4 != 0)
        return error(kEINVAL);
    if (!current_process().memory->is_own_outside(address, 4))
        return error(kEFAULT);
    return {};
}

// The deadline as a timespec in the window, 0 for none.
uint64_t put_deadline(const Deadline& deadline) {
    if (!deadline.set)
        return 0;
    Timespec at{static_cast<int64_t>(deadline.nanoseconds / 1'000'000'000),
                static_cast<int64_t>(deadline.nanoseconds % 1'000'000'000)};
    uint64_t address = enclave::window_data() + enclave::kResultArea;
    enclave::copy_to_host(address, &at, sizeof at);
    return address;
}

bool has_passed(const Deadline& deadline) {
    return deadline.set && deadline.nanoseconds <=
                               (deadline.clock == Clock::Realtime ? realtime_ns() : monotonic_ns());
}

// Whether the program is about to lock a robust mutex with this word: C libraries enter it in their
// list before they wait.
bool is_pending_robust_lock(uint64_t address) {
    uint64_t head[3];  // struct robust_list_head
    const Thread& self = current_thread();
    return self.robust_list != 0 && copy_from_program(head, self.robust_list, sizeof head) &&
           head[2] != 0 && (head[2] & ~1ull) + head[1] == address;
}

// A process that was killed has its number until it was waited for: its pidfd tells that it ended.
// Threads other than the first are gone at once.
bool has_ended(uint32_t tid) {
    if (host_call(__NR_tkill, Interruptible::No, tid, 0) == -kESRCH)
        return true;
    int64_t fd =
        enclave::checked_result(host_call(__NR_pidfd_open, Interruptible::No, tid, 0), 1 << 24);
    if (fd < 0)
        return false;
    struct {
        int32_t fd;
        uint16_t events, ready;
    } poll{static_cast<int32_t>(fd), kPollIn, 0};
    int64_t result =
        enclave::host_structure_call(__NR_poll, 0, &poll, sizeof poll, sizeof poll, 0, 1, 0);
    enclave::host_close(static_cast<int>(fd));
    return result == 1 && (poll.ready & kPollIn);
}

// What the kernel does when an owner ends. True: the word is no longer as it was.
Result<bool> orphan_if_owner_ended(uint64_t address, uint32_t value) {
    uint32_t owner = value & futex::kTidMask;
    if (owner == 0 || !has_ended(owner))
        return false;
    SCONE_TRY(
        compare_exchange_program(address, value, (value & futex::kWaiters) | futex::kOwnerDied));
    return true;
}

// Words of these locks hold what the host's kernel takes for the caller's number.
Result<uint64_t> host_lock_call(uint64_t address, uint64_t operation, uint64_t timeout) {
    SCONE_TRY(check(address));
    const Thread& self = current_thread();
    if (self.host_tid.load(std::memory_order_relaxed) != self.tid)
        return error(kENOSYS);  // after exec in another than the first thread
    int64_t result = enclave::checked_result(
        host_call(__NR_futex, Interruptible::Yes, address, operation, 0, timeout), 0);
    if (result == -kEINTR)
        return error(kERESTARTNOINTR);
    return from_kernel(result);
}

uint64_t at_most_int(uint64_t count) {
    return count < INT32_MAX ? count : INT32_MAX;
}

}  // namespace

bool is_shared_futex(uint64_t address) {
    return address >= enclave::elrange_end();
}

Result<void> shared_futex_wait(uint64_t address, uint32_t expected, uint32_t bits,
                               const Deadline& deadline) {
    if (bits == 0)
        return error(kEINVAL);
    SCONE_TRY(check(address));
    bool robust = is_pending_robust_lock(address);
    for (;;) {
        if (robust && SCONE_TRY(orphan_if_owner_ended(address, expected)))
            return error(kEAGAIN);
        Deadline until = robust ? deadline_after(kOwnerCheckNs) : deadline;
        uint64_t operation =
            until.clock == Clock::Realtime ? kWaitBitset | kClockRealtime : kWaitBitset;
        int64_t result =
            enclave::checked_result(host_call(__NR_futex, Interruptible::Yes, address, operation,
                                              expected, put_deadline(until), 0, bits),
                                    0);
        if (result == -kETIMEDOUT && robust && !has_passed(deadline))
            continue;
        if (result == -kETIMEDOUT && !deadline.set)
            return {};  // HOST: a wake-up that comes too early is always allowed
        if (result != -kEINTR)
            return done_or_error(result);
        if (signal_is_waiting())
            return error(kERESTARTSYS);
    }
}

Result<uint64_t> shared_futex_wake(uint64_t address, uint64_t count, uint32_t bits) {
    if (bits == 0)
        return error(kEINVAL);
    SCONE_TRY(check(address));
    return from_kernel(
        enclave::checked_result(host_call(__NR_futex, Interruptible::No, address, kWakeBitset,
                                          at_most_int(count), 0, 0, bits),
                                at_most_int(count)));
}

Result<uint64_t> shared_futex_requeue(uint64_t from, uint64_t to, uint64_t wake, uint64_t move,
                                      const uint32_t* expected) {
    SCONE_TRY(check(from));
    SCONE_TRY(check(to));
    return from_kernel(enclave::checked_result(
        host_call(__NR_futex, Interruptible::No, from,
                  expected != nullptr ? kCompareRequeue : kRequeue, at_most_int(wake),
                  at_most_int(move), to, expected != nullptr ? *expected : 0),
        at_most_int(wake) + at_most_int(move)));
}

Result<uint64_t> shared_futex_wait_any(std::span<const FutexWait> waits, const Deadline& deadline) {
    struct Entry {  // struct futex_waitv
        uint64_t value, address;
        uint32_t flags, reserved;
    };
    constexpr uint32_t kSize32 = 2;
    uint64_t entries = enclave::window_data() + enclave::kResultArea + 64;
    for (size_t i = 0; i < waits.size(); i++) {
        SCONE_TRY(check(waits[i].address));
        Entry entry{waits[i].expected, waits[i].address, kSize32, 0};
        enclave::copy_to_host(entries + i * sizeof entry, &entry, sizeof entry);
    }
    for (;;) {
        int64_t result = enclave::checked_result(
            host_call(__NR_futex_waitv, Interruptible::Yes, entries, waits.size(), 0,
                      put_deadline(deadline), deadline.clock == Clock::Realtime ? 0 : 1),
            waits.size() - 1);
        if (result != -kEINTR)
            return from_kernel(result);
        if (signal_is_waiting())
            return error(kERESTARTSYS);
    }
}

Result<void> shared_futex_lock_pi(uint64_t address, const Deadline& deadline, TryOnly try_only) {
    uint64_t operation = try_only == TryOnly::Yes                             ? kTrylockPi
                         : deadline.set && deadline.clock == Clock::Monotonic ? kLockPi2
                                                                              : kLockPi;
    auto locked = host_lock_call(address, operation, put_deadline(deadline));
    if (!locked && locked.error().value == kESRCH && is_pending_robust_lock(address)) {
        uint32_t value;
        SCONE_TRY(copy_from_program(&value, address, sizeof value));
        SCONE_TRY(orphan_if_owner_ended(address, value));
        locked = host_lock_call(address, operation, put_deadline(deadline));
    }
    SCONE_TRY(std::move(locked));
    return {};
}

Result<void> shared_futex_unlock_pi(uint64_t address) {
    SCONE_TRY(host_lock_call(address, kUnlockPi, 0));
    return {};
}

}  // namespace scone::libos
