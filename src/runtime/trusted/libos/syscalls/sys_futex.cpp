// futex and family, membarrier
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/futex.h"
#include "runtime/trusted/libos/task/threads.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

enum Operation : uint32_t {
    kWait = 0,
    kWake = 1,
    kRequeue = 3,
    kCmpRequeue = 4,
    kWakeOp = 5,
    kLockPi = 6,
    kUnlockPi = 7,
    kTrylockPi = 8,
    kWaitBitset = 9,
    kWakeBitset = 10,
    kLockPi2 = 13
};
constexpr uint32_t kOperationMask = 127, kClockRealtime = 256;

Result<Deadline> load_deadline(uint64_t address, Clock clock) {
    if (address == 0)
        return Deadline{};
    uint64_t ns = SCONE_TRY(timespec_to_ns(SCONE_TRY(AppPtr<Timespec>(address).load())));
    return Deadline{true, clock, ns};
}

SyscallResult wait(Call& call, const Deadline& deadline, uint32_t bits) {
    auto waited = futex_wait(call.arg[0], call.u32(2), bits, deadline);
    if (waited)
        return 0;
    if (waited.error().value == kERESTART_RESTARTBLOCK)
        call.thread.restart = {
            Restart::Kind::Futex,
            deadline.clock == Clock::Realtime ? kCLOCK_REALTIME : kCLOCK_MONOTONIC,
            deadline.nanoseconds,
            0,
            call.arg[0],
            call.u32(2),
            bits};
    return std::unexpected(waited.error());
}

SyscallResult wait_relative(Call& call) {
    Deadline deadline = SCONE_TRY(load_deadline(call.arg[3], Clock::Monotonic));
    if (deadline.set)
        deadline = deadline_after(deadline.nanoseconds);
    return wait(call, deadline, ~0u);
}

SyscallResult requeue(Call& call, const uint32_t* expected) {
    if (call.fd(2) < 0 || call.fd(3) < 0)
        return error(kEINVAL);
    return futex_requeue(call.arg[0], call.arg[4], call.u32(2), call.u32(3), expected);
}

SyscallResult done(Result<void> result) {
    SCONE_TRY(result);
    return 0;
}

}  // namespace

SyscallResult sys_futex(Call& call) {
    Clock clock = call.u32(1) & kClockRealtime ? Clock::Realtime : Clock::Monotonic;
    uint32_t last = call.u32(5);
    switch (call.u32(1) & kOperationMask) {
        case kWait:
            return wait_relative(call);
        case kWaitBitset:
            return wait(call, SCONE_TRY(load_deadline(call.arg[3], clock)), last);
        case kWake:
            return futex_wake(call.arg[0], call.u32(2), ~0u);
        case kWakeBitset:
            return futex_wake(call.arg[0], call.u32(2), last);
        case kRequeue:
            return requeue(call, nullptr);
        case kCmpRequeue:
            return requeue(call, &last);
        case kWakeOp:
            return futex_wake_op(call.arg[0], call.arg[4], call.u32(2), call.u32(3), last);
        case kLockPi:  // its deadline is always one of the time of day
            clock = Clock::Realtime;
            [[fallthrough]];
        case kLockPi2:
            return done(futex_lock_pi(call.arg[0], SCONE_TRY(load_deadline(call.arg[3], clock)),
                                      TryOnly::No));
        case kTrylockPi:
            return done(futex_lock_pi(call.arg[0], {}, TryOnly::Yes));
        case kUnlockPi:
            return done(futex_unlock_pi(call.arg[0]));
        default:
            return error(kENOSYS);
    }
}

SyscallResult sys_futex_waitv(Call& call) {
    struct Entry {  // struct futex_waitv
        uint64_t value, address;
        uint32_t flags, reserved;
    };
    constexpr uint32_t kSize32 = 2, kPrivate = 128;
    uint32_t count = call.u32(1);
    int clock = call.fd(4);
    if (call.u32(2) != 0 || count == 0 || count > kMaximumFutexWaits)
        return error(kEINVAL);
    if (call.arg[3] != 0 && clock != kCLOCK_MONOTONIC && clock != kCLOCK_REALTIME)
        return error(kEINVAL);
    FutexWait waits[kMaximumFutexWaits];
    for (uint32_t i = 0; i < count; i++) {
        Entry entry = SCONE_TRY(AppPtr<Entry>(call.arg[0]).load(i));
        if ((entry.flags & ~kPrivate) != kSize32 || entry.reserved != 0 || entry.address % 4 != 0)
            return error(kEINVAL);
        waits[i] = {entry.address, static_cast<uint32_t>(entry.value)};
    }
    Deadline deadline = SCONE_TRY(
        load_deadline(call.arg[3], clock == kCLOCK_REALTIME ? Clock::Realtime : Clock::Monotonic));
    return SCONE_TRY(futex_wait_any({waits, count}, deadline));
}

SyscallResult sys_membarrier(Call& call) {
    constexpr int kQuery = 0, kGlobal = 1, kPrivateExpedited = 8, kRegisterPrivateExpedited = 16;
    std::atomic<bool>& registered = call.process().barriers_registered;
    if (call.u32(1) != 0)
        return error(kEINVAL);
    switch (call.fd(0)) {
        case kQuery:
            return kGlobal | kPrivateExpedited | kRegisterPrivateExpedited;
        case kRegisterPrivateExpedited:
            registered = true;
            return 0;
        case kPrivateExpedited:
            if (!registered)
                return error(kEPERM);
            [[fallthrough]];
        case kGlobal: {
            // Each other thread is interrupted, or crosses a barrier before it comes back.
            StoppedWorld stopped;
            return 0;
        }
        default:
            return error(kEINVAL);
    }
}

}  // namespace scone::libos
