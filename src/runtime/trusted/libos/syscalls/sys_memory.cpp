// mmap, munmap, mprotect, brk, mremap, madvise, msync, mincore, mlock
#include "lib/base/checked.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {
namespace {
using namespace linux_abi;
}

SyscallResult sys_mmap(Call& call) {
    uint32_t prot = call.u32(2), flags = call.u32(3);
    uint32_t type = flags & kMAP_TYPE;
    if (type != kMAP_PRIVATE && type != kMAP_SHARED && type != kMAP_SHARED_VALIDATE)
        return error(kEINVAL);
    if (type == kMAP_SHARED_VALIDATE)
        flags = (flags & ~kMAP_TYPE) | kMAP_SHARED;
    Ref<File> file;
    if (!(flags & kMAP_ANONYMOUS)) {
        file = SCONE_TRY(call.file(4));
        if (!file->can_map())
            return error(kENODEV);
        if (!file->is_readable() ||
            ((flags & kMAP_TYPE) == kMAP_SHARED && (prot & kPROT_WRITE) && !file->is_writable()))
            return error(kEACCES);
    }
    return call.process().memory->map(call.arg[0], call.arg[1], prot, flags, file, call.arg[5]);
}

SyscallResult sys_munmap(Call& call) {
    SCONE_TRY(call.process().memory->unmap(call.arg[0], call.arg[1]));
    return 0;
}

SyscallResult sys_mprotect(Call& call) {
    if (call.arg[2] &
        ~uint64_t{kPROT_READ | kPROT_WRITE | kPROT_EXEC | kPROT_GROWSDOWN | 0x02000000})
        return error(kEINVAL);
    SCONE_TRY(call.process().memory->protect(call.arg[0], call.arg[1], call.u32(2)));
    return 0;
}

SyscallResult sys_brk(Call& call) {
    return call.process().memory->set_break(call.arg[0]);
}

SyscallResult sys_mremap(Call& call) {
    return call.process().memory->remap(call.arg[0], call.arg[1], call.arg[2], call.u32(3),
                                        call.arg[4]);
}

SyscallResult sys_madvise(Call& call) {
    constexpr uint64_t kDontNeed = 4, kFree = 8, kRemove = 9, kGuardInstall = 102;
    if (call.arg[0] % enclave::kPageSize != 0)
        return error(kEINVAL);
    switch (call.arg[2]) {
        case kDontNeed:
            SCONE_TRY(call.process().memory->discard(call.arg[0], call.arg[1]));
            return 0;
        case 0:
        case 1:
        case 2:
        case 3:
        case kFree:
        case 10:
        case 11:
        case 12:
        case 13:
        case 14:
        case 15:
        case 16:
        case 17:
        case 20:
        case 21:
            // Advice that may be ignored.
            return 0;
        case kRemove:
        case kGuardInstall:
        default:
            return error(kEINVAL);
    }
}

SyscallResult sys_msync(Call& call) {
    if (call.arg[0] % enclave::kPageSize != 0)
        return error(kEINVAL);
    uint64_t size = base::round_up(call.arg[1] & (enclave::kGiB * 64 - 1), enclave::kPageSize);
    if (!call.process().memory->is_mapped(call.arg[0], size))
        return error(kENOMEM);
    SCONE_TRY(call.process().memory->sync(call.arg[0], size));
    return 0;
}

SyscallResult sys_mincore(Call& call) {
    if (call.arg[0] % enclave::kPageSize != 0)
        return error(kEINVAL);
    uint64_t size = base::round_up(call.arg[1] & (enclave::kGiB * 64 - 1), enclave::kPageSize);
    if (!call.process().memory->is_mapped(call.arg[0], size))
        return error(kENOMEM);
    for (uint64_t at = 0; at < size; at += enclave::kPageSize) {
        uint8_t present = pages::is_committed(call.arg[0] + at);
        SCONE_TRY(copy_to_program(call.arg[2] + at / enclave::kPageSize, &present, 1));
    }
    return 0;
}

// Enclave pages are never swapped in clear; there is nothing to lock.
SyscallResult sys_mlock(Call&) {
    return 0;
}

}  // namespace scone::libos
