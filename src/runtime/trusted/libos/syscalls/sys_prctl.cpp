// Process attributes: prctl, arch_prctl, personality
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/fork.h"

namespace scone::libos {

using namespace linux_abi;

SyscallResult sys_arch_prctl(Call& call) {
    constexpr uint64_t kSetGs = 0x1001, kSetFs = 0x1002, kGetFs = 0x1003, kGetGs = 0x1004;
    switch (call.arg[0]) {
        case kSetFs:
            if (call.arg[1] >= enclave::program_end())
                return error(kEPERM);
            set_program_fs(call.arg[1]);
            return 0;
        case kGetFs:
            SCONE_TRY(AppPtr<uint64_t>(call.arg[1]).store(program_fs()));
            return 0;
        case kSetGs:  // GS is the runtime's
        case kGetGs:
        default:
            return error(kEINVAL);
    }
}

namespace {

SyscallResult set_name(Call& call) {
    char name[16] = {};
    for (unsigned i = 0; i < 15; i++) {
        SCONE_TRY(copy_from_program(&name[i], call.arg[1] + i, 1));
        if (name[i] == 0)
            break;
    }
    call.thread.name = FixedText<16>(name);
    if (call.thread.tid == call.process().pid)
        call.process().name = call.thread.name;
    return 0;
}

SyscallResult get_name(Call& call) {
    char name[16] = {};
    __builtin_memcpy(name, call.thread.name.c_str(), call.thread.name.size());
    SCONE_TRY(copy_to_program(call.arg[1], name, sizeof name));
    return 0;
}

SyscallResult set_flag(bool& flag, uint64_t value) {
    if (value > 1)
        return error(kEINVAL);
    flag = value != 0;
    return 0;
}

SyscallResult store_number(uint64_t address, int32_t value) {
    SCONE_TRY(AppPtr<int32_t>(address).store(value));
    return 0;
}

}  // namespace

SyscallResult sys_prctl(Call& call) {
    enum {
        kSetPdeathsig = 1,
        kGetPdeathsig = 2,
        kGetDumpable = 3,
        kSetDumpable = 4,
        kGetKeepcaps = 7,
        kSetKeepcaps = 8,
        kSetName = 15,
        kGetName = 16,
        kCapbsetRead = 23,
        kSetTimerslack = 29,
        kGetTimerslack = 30,
        kSetChildSubreaper = 36,
        kGetChildSubreaper = 37,
        kSetNoNewPrivs = 38,
        kGetNoNewPrivs = 39,
        kGetTidAddress = 40,
    };
    Process& process = call.process();
    ProcessFlags& flags = process.flags;
    switch (call.u32(0)) {
        case kSetName:
            return set_name(call);
        case kGetName:
            return get_name(call);
        case kSetPdeathsig:
            // The host's own use of it: task/parent.h.
            if (call.arg[1] > kSignalCount)
                return error(kEINVAL);
            process.parent_death_signal = static_cast<int>(call.arg[1]);
            return 0;
        case kGetPdeathsig:
            return store_number(call.arg[1], process.parent_death_signal);
        case kGetDumpable:
            return flags.dumpable;
        case kSetDumpable:
            return set_flag(flags.dumpable, call.arg[1]);
        case kGetKeepcaps:
            return flags.keep_capabilities;
        case kSetKeepcaps:
            return set_flag(flags.keep_capabilities, call.arg[1]);
        case kSetChildSubreaper:
            SCONE_TRY(
                change_host_process(process, __NR_prctl, kSetChildSubreaper, call.arg[1] != 0));
            flags.subreaper = call.arg[1] != 0;
            return 0;
        case kGetChildSubreaper:
            return store_number(call.arg[1], flags.subreaper);
        case kSetNoNewPrivs:
            if (call.arg[1] != 1 || call.arg[2] != 0 || call.arg[3] != 0 || call.arg[4] != 0)
                return error(kEINVAL);
            SCONE_TRY(change_host_process(process, __NR_prctl, kSetNoNewPrivs, 1));
            flags.no_new_privileges = true;
            return 0;
        case kGetNoNewPrivs:
            if (call.arg[1] != 0 || call.arg[2] != 0 || call.arg[3] != 0 || call.arg[4] != 0)
                return error(kEINVAL);
            return flags.no_new_privileges;
        case kCapbsetRead:
        case kSetTimerslack:
        case kGetTimerslack:
            return from_kernel(
                enclave::checked_result(enclave::host_call(__NR_prctl, enclave::Interruptible::No,
                                                           call.arg[0], call.arg[1]),
                                        INT32_MAX));
        case kGetTidAddress:
            SCONE_TRY(AppPtr<uint64_t>(call.arg[1]).store(call.thread.clear_child_tid));
            return 0;
        default:
            return error(kEINVAL);
    }
}

// What changes how programs run (address layout, other systems' ways) has no meaning here: it is
// kept for the program to read.
SyscallResult sys_personality(Call& call) {
    uint32_t old = call.process().personality;
    if (call.u32(0) != ~0u)
        call.process().personality = call.u32(0);
    return old;
}

}  // namespace scone::libos
