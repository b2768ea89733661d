// mmap, munmap, mprotect, brk, mremap, madvise, msync, mincore, mlock
#include "lib/base/checked.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/libos/mm/outside.h"
#include "runtime/trusted/libos/mm/sharing.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::kPageSize;

constexpr uint32_t kMAP_DENYWRITE = 0x800, kMAP_EXECUTABLE = 0x1000, kMAP_NONBLOCK = 0x10000,
                   kMAP_HUGETLB = 0x40000, kMAP_UNINITIALIZED = 0x4000000;
// What MAP_SHARED_VALIDATE knows; the bits of MAP_HUGE_* above are looked at with MAP_HUGETLB only.
constexpr uint32_t kKnownFlags = kMAP_TYPE | kMAP_FIXED | kMAP_ANONYMOUS | kMAP_32BIT |
                                 kMAP_GROWSDOWN | kMAP_DENYWRITE | kMAP_EXECUTABLE | kMAP_LOCKED |
                                 kMAP_NORESERVE | kMAP_POPULATE | kMAP_NONBLOCK | kMAP_STACK |
                                 kMAP_HUGETLB | kMAP_FIXED_NOREPLACE | kMAP_UNINITIALIZED;

// The size in whole pages of a range that starts at a page; ENOMEM where it cannot be mapped.
Result<uint64_t> page_range(uint64_t address, uint64_t size) {
    if (address % kPageSize != 0)
        return error(kEINVAL);
    if (size > UINT64_MAX - kPageSize)
        return error(kENOMEM);
    size = base::round_up(size, kPageSize);
    if (size != 0 && !enclave::is_program_range(address, size) && !outside::is_range(address, size))
        return error(kENOMEM);
    return size;
}

enum class Growth : uint8_t { Address, Data };

// RLIMIT_AS and RLIMIT_DATA, when `size` bytes more are to be mapped. Nearly nobody sets them, so
// what is mapped is only counted then.
Result<void> check_limits(Process& process, uint64_t size, Growth growth) {
    constexpr unsigned kData = 2, kAddressSpace = 9;
    auto allows = [&](unsigned limit, bool data_only) {
        uint64_t most = process.limits[limit].soft, used = 0;
        if (most == ~0ull)
            return true;
        process.memory->for_each([&](const Mapping& mapping) {
            bool is_data =
                (mapping.prot & kPROT_WRITE) && !mapping.is_shared() && mapping.use != Use::Stack;
            if (!data_only || is_data)
                used += mapping.size();
        });
        return size <= most && used <= most - size;
    };
    if (!allows(kAddressSpace, false) || (growth == Growth::Data && !allows(kData, true)))
        return error(kENOMEM);
    return {};
}

}  // namespace

SyscallResult sys_mmap(Call& call) {
    uint32_t prot = call.u32(2), flags = call.u32(3);
    uint32_t type = flags & kMAP_TYPE;
    if (type != kMAP_PRIVATE && type != kMAP_SHARED && type != kMAP_SHARED_VALIDATE)
        return error(kEINVAL);
    if (type == kMAP_SHARED_VALIDATE) {
        if (flags & kMAP_ANONYMOUS)
            return error(kEINVAL);
        if (flags & ~kKnownFlags)
            return error(kEOPNOTSUPP);
        flags = (flags & ~kMAP_TYPE) | kMAP_SHARED;
    }
    bool shared = (flags & kMAP_TYPE) == kMAP_SHARED;
    Ref<File> file;
    if (!(flags & kMAP_ANONYMOUS)) {
        file = SCONE_TRY(call.file(4));
        if (!file->is_readable() || (shared && (prot & kPROT_WRITE) && !file->is_writable()))
            return error(kEACCES);
        if (!file->can_map())
            return error(kENODEV);
    }
    if (flags & kMAP_HUGETLB)
        return error(file ? kEINVAL : kENOMEM);  // an enclave has pages of 4 KiB
    AddressSpace& memory = *call.process().memory;
    bool is_data = !shared && (prot & kPROT_WRITE);
    SCONE_TRY(check_limits(call.process(), call.arg[1], is_data ? Growth::Data : Growth::Address));
    // Anonymous memory has no offset.
    uint64_t offset = call.arg[5];
    if (shared && SCONE_TRY(sharing::place_of(file, prot, flags)) == sharing::Place::Outside) {
        // /dev/zero mapped shared is anonymous memory.
        Ref<File> host = file && file->host_descriptor() >= 0 ? file : Ref<File>();
        return memory.map_outside(call.arg[0], call.arg[1], prot, flags, host, offset);
    }
    return memory.map(call.arg[0], call.arg[1], prot, flags, file, offset);
}

SyscallResult sys_munmap(Call& call) {
    SCONE_TRY(call.process().memory->unmap(call.arg[0], call.arg[1]));
    return 0;
}

SyscallResult sys_mprotect(Call& call) {
    constexpr uint64_t kGrowsUp = 0x02000000;
    if (call.arg[2] & ~uint64_t{kPROT_READ | kPROT_WRITE | kPROT_EXEC | kPROT_GROWSDOWN | kGrowsUp})
        return error(kEINVAL);
    SCONE_TRY(call.process().memory->protect(call.arg[0], call.arg[1], call.u32(2)));
    return 0;
}

SyscallResult sys_brk(Call& call) {
    uint64_t now = call.process().memory->set_break(0);
    if (call.arg[0] > now && !check_limits(call.process(), call.arg[0] - now, Growth::Data))
        return now;
    return call.process().memory->set_break(call.arg[0]);
}

SyscallResult sys_mremap(Call& call) {
    if (call.arg[2] > call.arg[1])
        SCONE_TRY(check_limits(call.process(), call.arg[2] - call.arg[1], Growth::Address));
    return call.process().memory->remap(call.arg[0], call.arg[1], call.arg[2], call.u32(3),
                                        call.arg[4]);
}

namespace {
enum {
    kNormal = 0,
    kRandom = 1,
    kSequential = 2,
    kWillNeed = 3,
    kDontNeed = 4,
    kFree = 8,
    kRemove = 9,
    kDontFork = 10,
    kDoFork = 11,
    kMergeable = 12,
    kUnmergeable = 13,
    kHugePage = 14,
    kNoHugePage = 15,
    kDontDump = 16,
    kDoDump = 17,
    kWipeOnFork = 18,
    kKeepOnFork = 19,
    kCold = 20,
    kPageOut = 21,
    kPopulateRead = kMADV_POPULATE_READ,
    kPopulateWrite = kMADV_POPULATE_WRITE
};

Result<void> advise(AddressSpace& memory, uint64_t address, uint64_t size, uint32_t advice) {
    switch (advice) {
        case kWipeOnFork:
        case kKeepOnFork:
            return memory.set_wiped_by_fork(address, size, advice == kWipeOnFork);
        case kPopulateRead:
        case kPopulateWrite:
            return memory.fault_in(address, size,
                                   advice == kPopulateWrite ? kPROT_WRITE : kPROT_READ);
        default:
            return memory.advise(address, size, advice);
    }
}
}  // namespace

SyscallResult sys_madvise(Call& call) {
    switch (call.u32(2)) {
        case kNormal:
        case kRandom:
        case kSequential:
        case kWillNeed:
        case kDontNeed:
        case kFree:
        case kRemove:
        case kDontFork:
        case kDoFork:
        case kMergeable:
        case kUnmergeable:
        case kHugePage:
        case kNoHugePage:
        case kDontDump:
        case kDoDump:
        case kCold:
        case kPageOut:
        case kWipeOnFork:
        case kKeepOnFork:
        case kPopulateRead:
        case kPopulateWrite:
            break;
        default:
            return error(kEINVAL);
    }
    uint64_t size = SCONE_TRY(page_range(call.arg[0], call.arg[1]));
    if (size == 0)
        return 0;
    SCONE_TRY(advise(*call.process().memory, call.arg[0], size, call.u32(2)));
    return 0;
}

SyscallResult sys_msync(Call& call) {
    constexpr uint32_t kAsync = 1, kInvalidate = 2, kSync = 4;
    uint32_t flags = call.u32(2);
    if ((flags & ~(kAsync | kInvalidate | kSync)) || (flags & kAsync && flags & kSync))
        return error(kEINVAL);
    uint64_t size = SCONE_TRY(page_range(call.arg[0], call.arg[1]));
    if (size == 0)
        return 0;
    SCONE_TRY(call.process().memory->sync(call.arg[0], size, flags));
    return 0;
}

SyscallResult sys_mincore(Call& call) {
    uint64_t size = SCONE_TRY(page_range(call.arg[0], call.arg[1]));
    AddressSpace& memory = *call.process().memory;
    if (!memory.is_mapped(call.arg[0], size))
        return error(kENOMEM);
    for (uint64_t at = 0; at < size; at += kPageSize) {
        uint8_t present = SCONE_TRY(memory.residence(call.arg[0] + at));
        SCONE_TRY(copy_to_program(call.arg[2] + at / kPageSize, &present, 1));
    }
    return 0;
}

// Enclave pages are never swapped in clear: there is nothing to lock. The range is looked at, as
// programs learn from ENOMEM that it is not mapped.
SyscallResult sys_mlock(Call& call) {
    uint64_t start = base::round_down(call.arg[0], kPageSize);
    uint64_t size = SCONE_TRY(page_range(start, call.arg[1] + (call.arg[0] - start)));
    return call.process().memory->is_mapped(start, size) ? SyscallResult(0) : error(kENOMEM);
}

SyscallResult sys_mlockall(Call& call) {
    constexpr uint32_t kCurrent = 1, kFuture = 2, kOnFault = 4;
    uint32_t flags = call.u32(0);
    if (flags == 0 || (flags & ~(kCurrent | kFuture | kOnFault)) || flags == kOnFault)
        return error(kEINVAL);
    return 0;
}
SyscallResult sys_munlockall(Call&) {
    return 0;
}

}  // namespace scone::libos
