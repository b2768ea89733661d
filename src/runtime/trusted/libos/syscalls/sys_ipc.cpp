// System V shared memory, semaphores and message queues: the host's, where sharing is permitted.
//
// HOST: identifiers and what the structures say are its word. Memory that it attaches is checked
// (mm/outside.h), counts are never above what was asked.
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/mm/sharing.h"
#include "runtime/trusted/libos/mm/system_v.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/interruption.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::checked_result;
using enclave::host_call;
using enclave::Interruptible;

uint64_t window_buffer() {
    return enclave::window_data() + enclave::kResultArea;
}
uint64_t window_buffer_size() {
    return enclave::window_data_size() - enclave::kResultArea;
}

// A control call without structure.
SyscallResult plain_control(uint64_t number, Call& call) {
    return from_kernel(checked_result(
        host_call(number, Interruptible::No, call.arg[0], call.arg[1], call.arg[2], call.arg[3]),
        INT32_MAX));
}

// A control call whose argument `index` is a structure of `size` bytes in the program.
enum class Direction : uint8_t { In, Out };
SyscallResult structure_control(uint64_t number, Call& call, unsigned index, uint64_t size,
                                Direction direction) {
    alignas(8) uint8_t structure[128];
    if (direction == Direction::In)
        SCONE_TRY(copy_from_program(structure, call.arg[index], size));
    int64_t result = enclave::host_structure_call(
        number, index, structure, direction == Direction::In ? size : 0,
        direction == Direction::Out ? size : 0, call.arg[0], call.arg[1], call.arg[2]);
    if (result >= 0 && direction == Direction::Out)
        SCONE_TRY(copy_to_program(call.arg[index], structure, size));
    return from_kernel(result);
}

// These calls are never restarted after a handler ran.
template <class F>
SyscallResult interruptible(uint64_t limit, F&& call_host) {
    for (;;) {
        int64_t result = checked_result(call_host(), limit);
        if (result != -kEINTR || signal_is_waiting())
            return interrupted_or(result, kERESTARTNOHAND);
    }
}

Result<uint64_t> semaphore_count(uint64_t id) {
    SemaphoreStatus status{};
    SCONE_TRY(done_or_error(
        enclave::host_structure_call(__NR_semctl, 3, &status, 0, sizeof status, id, 0, kIPC_STAT)));
    if (status.count * sizeof(uint16_t) > window_buffer_size())
        return error(kEINVAL);
    return status.count;
}

SyscallResult all_semaphores(Call& call, bool set) {
    uint64_t size = SCONE_TRY(semaphore_count(call.arg[0])) * sizeof(uint16_t);
    IoBuffer values = IoBuffer::of_program(call.arg[3], size);
    if (set)
        SCONE_TRY(values.get_to_host(0, window_buffer(), size));
    int64_t result = checked_result(
        host_call(__NR_semctl, Interruptible::No, call.arg[0], 0, call.arg[2], window_buffer()), 0);
    if (result == 0 && !set)
        SCONE_TRY(values.put_from_host(0, window_buffer(), size));
    return from_kernel(result);
}

}  // namespace

SyscallResult sys_shmget(Call& call) {
    SCONE_TRY(sharing::check_system_v());
    return plain_control(__NR_shmget, call);
}

SyscallResult sys_shmat(Call& call) {
    SCONE_TRY(sharing::check_system_v());
    return call.process().memory->attach_segment(call.fd(0), call.arg[1], call.u32(2));
}

SyscallResult sys_shmdt(Call& call) {
    SCONE_TRY(call.process().memory->detach_segment(call.arg[0]));
    return 0;
}

SyscallResult sys_shmctl(Call& call) {
    SCONE_TRY(sharing::check_system_v());
    constexpr uint64_t kLimitsSize = 72, kUsageSize = 48;
    switch (call.u32(1)) {
        case kIPC_STAT:
        case kSHM_STAT:
        case kSHM_STAT_ANY:
            return structure_control(__NR_shmctl, call, 2, sizeof(SegmentStatus), Direction::Out);
        case kIPC_SET:
            return structure_control(__NR_shmctl, call, 2, sizeof(SegmentStatus), Direction::In);
        case kIPC_INFO:
            return structure_control(__NR_shmctl, call, 2, kLimitsSize, Direction::Out);
        case kSHM_INFO:
            return structure_control(__NR_shmctl, call, 2, kUsageSize, Direction::Out);
        case kIPC_RMID:
        case kSHM_LOCK:
        case kSHM_UNLOCK:
            call.arg[2] = 0;
            return plain_control(__NR_shmctl, call);
        default:
            return error(kEINVAL);
    }
}

SyscallResult sys_semget(Call& call) {
    SCONE_TRY(sharing::check_system_v());
    return plain_control(__NR_semget, call);
}

SyscallResult sys_semctl(Call& call) {
    SCONE_TRY(sharing::check_system_v());
    constexpr uint64_t kInfoSize = 40;
    switch (call.u32(2)) {
        case kIPC_STAT:
        case kSEM_STAT:
        case kSEM_STAT_ANY:
            return structure_control(__NR_semctl, call, 3, sizeof(SemaphoreStatus), Direction::Out);
        case kIPC_SET:
            return structure_control(__NR_semctl, call, 3, sizeof(SemaphoreStatus), Direction::In);
        case kIPC_INFO:
        case kSEM_INFO:
            return structure_control(__NR_semctl, call, 3, kInfoSize, Direction::Out);
        case kGETALL:
            return all_semaphores(call, false);
        case kSETALL:
            return all_semaphores(call, true);
        case kGETPID:
        case kGETVAL:
        case kGETNCNT:
        case kGETZCNT:
        case kSETVAL:
        case kIPC_RMID:
            return plain_control(__NR_semctl, call);
        default:
            return error(kEINVAL);
    }
}

SyscallResult sys_semtimedop(Call& call) {
    SCONE_TRY(sharing::check_system_v());
    constexpr uint64_t kOperationSize = 6, kMaximumOperations = 500;
    if (call.arg[2] == 0)
        return error(kEINVAL);
    if (call.arg[2] > kMaximumOperations)
        return error(kE2BIG);
    uint64_t size = call.arg[2] * kOperationSize, operations = window_buffer();
    IoBuffer buffer = IoBuffer::of_program(call.arg[1], size);
    uint64_t timeout = 0;
    if (call.arg[3] != 0) {
        Timespec limit = SCONE_TRY(AppPtr<Timespec>(call.arg[3]).load());
        timeout = enclave::window_data();
        enclave::copy_to_host(timeout, &limit, sizeof limit);
    }
    return interruptible(0, [&]() -> int64_t {
        if (auto copied = buffer.get_to_host(0, operations, size); !copied)
            return -copied.error().value;
        return host_call(__NR_semtimedop, Interruptible::Yes, call.arg[0], operations, call.arg[2],
                         timeout);
    });
}

SyscallResult sys_semop(Call& call) {
    call.arg[3] = 0;
    return sys_semtimedop(call);
}

SyscallResult sys_msgget(Call& call) {
    SCONE_TRY(sharing::check_system_v());
    return plain_control(__NR_msgget, call);
}

SyscallResult sys_msgctl(Call& call) {
    SCONE_TRY(sharing::check_system_v());
    constexpr uint64_t kInfoSize = 32;
    switch (call.u32(1)) {
        case kIPC_STAT:
        case kMSG_STAT:
        case kMSG_STAT_ANY:
            return structure_control(__NR_msgctl, call, 2, sizeof(QueueStatus), Direction::Out);
        case kIPC_SET:
            return structure_control(__NR_msgctl, call, 2, sizeof(QueueStatus), Direction::In);
        case kIPC_INFO:
        case kMSG_INFO:
            return structure_control(__NR_msgctl, call, 2, kInfoSize, Direction::Out);
        case kIPC_RMID:
            call.arg[2] = 0;
            return plain_control(__NR_msgctl, call);
        default:
            return error(kEINVAL);
    }
}

// A message is its type (8 bytes), then the text.
SyscallResult sys_msgsnd(Call& call) {
    SCONE_TRY(sharing::check_system_v());
    uint64_t size = call.arg[2];
    if (size > window_buffer_size() - sizeof(uint64_t))
        return error(kEINVAL);
    IoBuffer buffer = IoBuffer::of_program(call.arg[1], size + sizeof(uint64_t));
    return interruptible(0, [&]() -> int64_t {
        auto copied = buffer.get_to_host(0, window_buffer(), size + sizeof(uint64_t));
        if (!copied)
            return -copied.error().value;
        return host_call(__NR_msgsnd, Interruptible::Yes, call.arg[0], window_buffer(), size,
                         call.arg[3]);
    });
}

SyscallResult sys_msgrcv(Call& call) {
    SCONE_TRY(sharing::check_system_v());
    if (call.arg[2] > INT64_MAX)
        return error(kEINVAL);
    uint64_t room = window_buffer_size() - sizeof(uint64_t);
    uint64_t size = call.arg[2] < room ? call.arg[2] : room;
    auto received = interruptible(size, [&] {
        return host_call(__NR_msgrcv, Interruptible::Yes, call.arg[0], window_buffer(), size,
                         call.arg[3], call.arg[4]);
    });
    if (!received)
        return received;
    uint64_t whole = *received + sizeof(uint64_t);
    SCONE_TRY(IoBuffer::of_program(call.arg[1], whole).put_from_host(0, window_buffer(), whole));
    return received;
}

}  // namespace scone::libos
