// uname, sysinfo, getrandom, futex and what stands alone
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {
using namespace linux_abi;
}

SyscallResult sys_uname(Call& call) {
    struct Names {
        char system[65], node[65], release[65], version[65], machine[65], domain[65];
    };
    Names host{};
    int64_t result = enclave::host_structure_call(__NR_uname, 0, &host, 0, sizeof host, 0);
    if (result < 0)
        return from_kernel(result);
    // HOST: only the host's name is taken over; what programs decide by is fixed.
    Names out{};
    auto set = [](char(&to)[65], std::string_view text) {
        __builtin_memcpy(to, text.data(), text.size());
    };
    set(out.system, "Linux");
    __builtin_memcpy(out.node, host.node, 64);
    set(out.release, "6.1.0-scone");
    set(out.version, "#1 SMP");
    set(out.machine, "x86_64");
    set(out.domain, "(none)");
    SCONE_TRY(AppPtr<Names>(call.arg[0]).store(out));
    return 0;
}

SyscallResult sys_sysinfo(Call& call) {
    struct Info {
        int64_t uptime;
        uint64_t loads[3], total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
        uint16_t processes, pad;
        uint32_t pad2;
        uint64_t total_high, free_high;
        uint32_t unit;
        uint32_t pad3;
    };
    static_assert(sizeof(Info) == 112);
    Info info{};
    info.uptime = static_cast<int64_t>(monotonic_ns() / 1'000'000'000);
    info.total_ram = pages::limit();
    info.free_ram = pages::limit() - pages::committed_size();
    info.processes = static_cast<uint16_t>(call.process().threads.size());
    info.unit = 1;
    SCONE_TRY(AppPtr<Info>(call.arg[0]).store(info));
    return 0;
}

SyscallResult sys_getrandom(Call& call) {
    constexpr uint32_t kKnown = 1 | 2 | 4;
    if (call.u32(2) & ~kKnown)
        return error(kEINVAL);
    uint64_t size = call.arg[1] < 0x1ffffff ? call.arg[1] : 0x1ffffff;
    uint8_t chunk[256];
    for (uint64_t done = 0; done < size;) {
        uint64_t step = size - done < sizeof chunk ? size - done : sizeof chunk;
        enclave::fill_random(chunk, step);
        SCONE_TRY(copy_to_program(call.arg[0] + done, chunk, step));
        done += step;
    }
    return size;
}

SyscallResult sys_futex(Call& call) {
    enum {
        kWait = 0,
        kWake = 1,
        kRequeue = 3,
        kCmpRequeue = 4,
        kWakeOp = 5,
        kWaitBitset = 9,
        kWakeBitset = 10
    };
    uint32_t operation = call.u32(1) & 127;
    bool realtime = call.u32(1) & 256;
    switch (operation) {
        case kWait:
        case kWaitBitset: {
            Deadline deadline;
            if (call.arg[3] != 0) {
                uint64_t ns =
                    SCONE_TRY(timespec_to_ns(SCONE_TRY(AppPtr<Timespec>(call.arg[3]).load())));
                deadline = operation == kWait
                               ? deadline_after(ns)
                               : Deadline{true, realtime ? Clock::Realtime : Clock::Monotonic, ns};
            }
            SCONE_TRY(futex_wait(call.arg[0], call.u32(2), operation == kWait ? ~0u : call.u32(5),
                                 deadline));
            return 0;
        }
        case kWake:
            return futex_wake(call.arg[0], call.u32(2), ~0u);
        case kWakeBitset:
            return futex_wake(call.arg[0], call.u32(2), call.u32(5));
        case kRequeue:
        case kCmpRequeue: {
            uint32_t expected = call.u32(5);
            return futex_requeue(call.arg[0], call.arg[4], call.u32(2), call.u32(3),
                                 operation == kCmpRequeue ? &expected : nullptr, true);
        }
        case kWakeOp:
            return futex_wake_op(call.arg[0], call.arg[4], call.u32(2), call.u32(3), call.u32(5));
        default:
            return error(kENOSYS);
    }
}

SyscallResult sys_xattr(Call&) {
    return error(kEOPNOTSUPP);
}

SyscallResult sys_membarrier(Call& call) {
    // Nothing but the query: a barrier in all threads would need to interrupt them.
    return call.fd(0) == 0 ? SyscallResult(0) : error(kEINVAL);
}

}  // namespace scone::libos
