#include "runtime/trusted/libos/mm/outside.h"

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/mm/system_v.h"
#include "runtime/trusted/libos/task/threads.h"

namespace scone::libos::outside {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;
using enclave::kPageSize;

constexpr uint64_t kHighest = 1ull << 47;

// HOST: a range that the host names for new memory.
Result<uint64_t> accept(int64_t result, uint64_t size) {
    auto address = static_cast<uint64_t>(result);
    if (result < 0)
        return error(result < -4095 ? kEIO : static_cast<int>(-result));
    if (address % kPageSize != 0 || !is_range(address, size) ||
        overlaps_thread_window(address, size))
        return error(kEIO);
    return address;
}

}  // namespace

bool is_range(uint64_t address, uint64_t size) {
    return address >= enclave::elrange_end() && address < kHighest && size <= kHighest - address;
}

Result<uint64_t> map(At at, uint64_t address, uint64_t size, uint32_t prot, uint32_t flags, int fd,
                     uint64_t offset) {
    uint32_t host_flags = kMAP_SHARED | (flags & (kMAP_NORESERVE | kMAP_POPULATE));
    if (fd < 0)
        host_flags |= kMAP_ANONYMOUS;
    if (at != At::Anywhere)
        host_flags |= at == At::Over ? kMAP_FIXED : kMAP_FIXED_NOREPLACE;
    uint64_t mapped = SCONE_TRY(accept(host_call(__NR_mmap, Interruptible::No, address, size, prot,
                                                 host_flags, static_cast<uint64_t>(fd), offset),
                                       size));
    return at == At::Anywhere || mapped == address ? Result<uint64_t>(mapped) : error(kEIO);
}

void unmap(uint64_t address, uint64_t size) {
    host_call(__NR_munmap, Interruptible::No, address, size);
}

Result<void> protect(uint64_t address, uint64_t size, uint32_t prot) {
    return done_or_error(enclave::checked_result(
        host_call(__NR_mprotect, Interruptible::No, address, size, prot), 0));
}

Result<uint64_t> remap(uint64_t address, uint64_t old_size, uint64_t new_size, uint32_t flags) {
    return accept(host_call(__NR_mremap, Interruptible::No, address, old_size, new_size, flags),
                  new_size);
}

Result<void> advise(uint64_t address, uint64_t size, uint32_t advice) {
    return done_or_error(enclave::checked_result(
        host_call(__NR_madvise, Interruptible::No, address, size, advice), 0));
}

Result<void> sync(uint64_t address, uint64_t size, uint32_t flags) {
    return done_or_error(
        enclave::checked_result(host_call(__NR_msync, Interruptible::No, address, size, flags), 0));
}

Result<Attachment> attach(int id, uint64_t address, uint32_t flags) {
    SegmentStatus status{};
    SCONE_TRY(done_or_error(enclave::host_structure_call(__NR_shmctl, 2, &status, 0, sizeof status,
                                                         static_cast<uint64_t>(id), kIPC_STAT)));
    if (status.size == 0 || status.size > kHighest)
        return error(kEIO);
    uint64_t size = base::round_up(status.size, kPageSize);
    uint64_t at = SCONE_TRY(accept(
        host_call(__NR_shmat, Interruptible::No, static_cast<uint64_t>(id), address, flags), size));
    return Attachment{at, size};
}

}  // namespace scone::libos::outside
