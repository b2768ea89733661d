#include "runtime/trusted/libos/task/shared_futex.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kRequeue = 3, kCompareRequeue = 4, kWaitBitset = 9, kWakeBitset = 10;
constexpr uint64_t kClockRealtime = 256;

Result<void> check(uint64_t address) {
    if (address % 4 != 0)
        return error(kEINVAL);
    if (!current_process().memory->is_own_outside(address, 4))
        return error(kEFAULT);
    return {};
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
    for (;;) {
        uint64_t timeout = 0, operation = kWaitBitset;
        if (deadline.set) {
            Timespec at{static_cast<int64_t>(deadline.nanoseconds / 1'000'000'000),
                        static_cast<int64_t>(deadline.nanoseconds % 1'000'000'000)};
            timeout = enclave::window_data() + enclave::kResultArea;
            enclave::copy_to_host(timeout, &at, sizeof at);
            if (deadline.clock == Clock::Realtime)
                operation |= kClockRealtime;
        }
        int64_t result = enclave::checked_result(host_call(__NR_futex, Interruptible::Yes, address,
                                                           operation, expected, timeout, 0, bits),
                                                 0);
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

}  // namespace scone::libos
