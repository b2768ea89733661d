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

}  // namespace scone::libos
