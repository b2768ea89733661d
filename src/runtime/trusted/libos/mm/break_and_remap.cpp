// brk and mremap.
#include "lib/base/checked.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/mm/address_space.h"
#include "runtime/trusted/libos/mm/pages.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using base::round_up;
using enclave::kPageSize;

constexpr uint32_t kRemapFlags = kMREMAP_MAYMOVE | kMREMAP_FIXED | kMREMAP_DONTUNMAP;

}  // namespace

void AddressSpace::place_break(uint64_t address) {
    break_start_ = break_ = round_up(address, kPageSize);
}

uint64_t AddressSpace::set_break(uint64_t address) {
    uint64_t old_end, new_end;
    {
        enclave::Guard guard(mutex);
        if (address < break_start_ || !enclave::is_program_range(address, 1))
            return break_;
        old_end = round_up(break_, kPageSize);
        new_end = round_up(address, kPageSize);
        if (new_end > old_end && !mappings_.is_free(old_end, new_end + kPageSize))
            return break_;
    }
    if (new_end > old_end) {
        if (!map(old_end, new_end - old_end, kPROT_READ | kPROT_WRITE,
                 kMAP_PRIVATE | kMAP_ANONYMOUS | kMAP_FIXED_NOREPLACE, {}, 0, Use::Heap))
            return break_;
    } else if (new_end < old_end) {
        if (!unmap(new_end, old_end - new_end))
            return break_;
    }
    enclave::Guard guard(mutex);
    return break_ = address;
}

// The pages of [address, address + old_size) are at new_address afterwards, and the old range is
// free, or empty with MREMAP_DONTUNMAP.
Result<uint64_t> AddressSpace::move_mapping(uint64_t address, uint64_t old_size,
                                            uint64_t new_address, uint64_t new_size,
                                            uint32_t flags) {
    if (!mappings_.split_at(address) || !mappings_.split_at(address + old_size))
        return error(kENOMEM);
    Mapping to = *mappings_.find(address);
    to.start = new_address;
    to.end = new_address + new_size;
    to.fault_window = 0;
    uint32_t prot = to.prot;
    SCONE_TRY(insert(std::move(to)));
    uint64_t end = address + (old_size < new_size ? old_size : new_size);
    for (uint64_t at = pages::next_committed(address, end); at < end;
         at = pages::next_committed(at, end)) {
        uint64_t stop = pages::next_missing(at, end);
        uint64_t target = new_address + (at - address);
        if (!(prot & kPROT_READ))
            pages::protect(at, stop - at, kPROT_READ);
        if (!pages::commit(target, stop - at, pages::Written::Soon)) {
            pages::protect(at, stop - at, prot);
            (void)carve(new_address, new_address + new_size);
            return error(kENOMEM);
        }
        // SAFETY: both ranges are committed pages of the program; the mutex is held.
        __builtin_memcpy(reinterpret_cast<void*>(target), reinterpret_cast<const void*>(at),
                         stop - at);
        if (prot != (kPROT_READ | kPROT_WRITE))
            pages::protect(target, stop - at, prot);
        at = stop;
    }
    if (flags & kMREMAP_DONTUNMAP)
        pages::trim(address, old_size);
    else
        SCONE_TRY(carve(address, address + old_size));
    return new_address;
}

Result<uint64_t> AddressSpace::remap(uint64_t address, uint64_t old_size, uint64_t new_size,
                                     uint32_t flags, uint64_t new_address) {
    bool keeps_old = flags & kMREMAP_DONTUNMAP;
    if (address % kPageSize != 0 || (flags & ~kRemapFlags) ||
        ((flags & (kMREMAP_FIXED | kMREMAP_DONTUNMAP)) && !(flags & kMREMAP_MAYMOVE)) ||
        new_size == 0 || old_size > enclave::program_end() || new_size > enclave::program_end())
        return error(kEINVAL);
    old_size = round_up(old_size, kPageSize);
    new_size = round_up(new_size, kPageSize);
    if (keeps_old && old_size != new_size)
        return error(kEINVAL);
    enclave::Guard guard(mutex);
    Mapping* mapping = mappings_.find(address);
    if (mapping == nullptr || mapping->end - address < old_size)
        return error(kEFAULT);
    if (mapping->is_outside())
        return remap_outside(*mapping, address, old_size, new_size, flags, new_address);
    // Size 0 makes a second mapping of shared memory, which memory of the enclave cannot have.
    if (old_size == 0 || (keeps_old && (mapping->file || mapping->is_shared())))
        return error(kEINVAL);
    if (flags & kMREMAP_FIXED) {
        if (new_address % kPageSize != 0 || !enclave::is_program_range(new_address, new_size) ||
            (new_address < address + old_size && address < new_address + new_size))
            return error(kEINVAL);
        SCONE_TRY(carve(new_address, new_address + new_size));
        return move_mapping(address, old_size, new_address, new_size, flags);
    }
    if (!keeps_old) {
        if (new_size <= old_size) {
            if (new_size < old_size)
                SCONE_TRY(carve(address + new_size, address + old_size));
            return address;
        }
        if (mapping->end == address + old_size && new_size <= enclave::program_end() - address &&
            mappings_.is_free(mapping->end, address + new_size)) {
            mapping->end = address + new_size;
            mappings_.merge_around(address);
            return address;
        }
        if (!(flags & kMREMAP_MAYMOVE))
            return error(kENOMEM);
    }
    new_address = SCONE_TRY(choose_place(keeps_old ? new_address : 0, new_size, 0));
    return move_mapping(address, old_size, new_address, new_size, flags);
}

}  // namespace scone::libos
