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
        if (new_end > old_end) {
            size_t index = first_after(old_end);
            if (index < mappings_.size() && mappings_[index].start < new_end + kPageSize)
                return break_;
        }
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

Result<uint64_t> AddressSpace::remap(uint64_t address, uint64_t old_size, uint64_t new_size,
                                     uint32_t flags, uint64_t new_address) {
    if (address % kPageSize != 0 || new_size == 0 || (flags & ~7u) ||
        ((flags & kMREMAP_FIXED) && !(flags & kMREMAP_MAYMOVE)) || (flags & kMREMAP_DONTUNMAP))
        return error(kEINVAL);
    old_size = round_up(old_size, kPageSize);
    new_size = round_up(new_size, kPageSize);
    if (new_size > enclave::program_end() || old_size == 0)
        return error(kEINVAL);
    enclave::Guard guard(mutex);
    size_t index = first_after(address);
    if (index == mappings_.size() || mappings_[index].start > address ||
        mappings_[index].end - address < old_size)
        return error(kEFAULT);
    if (!(flags & kMREMAP_FIXED)) {
        if (new_size <= old_size) {
            if (new_size < old_size)
                SCONE_TRY(carve(address + new_size, address + old_size));
            return address;
        }
        Mapping& mapping = mappings_[index];
        uint64_t next =
            index + 1 < mappings_.size() ? mappings_[index + 1].start : enclave::program_end();
        if (mapping.end == address + old_size && next - address >= new_size) {
            mapping.end = address + new_size;
            return address;
        }
        if (!(flags & kMREMAP_MAYMOVE))
            return error(kENOMEM);
        new_address = find_free(new_size, false);
        if (new_address == 0)
            return error(kENOMEM);
    } else {
        if (new_address % kPageSize != 0 || !enclave::is_program_range(new_address, new_size) ||
            (new_address < address + old_size && address < new_address + new_size))
            return error(kEINVAL);
        SCONE_TRY(carve(new_address, new_address + new_size));
    }
    if (!split_at(address) || !split_at(address + old_size))
        return error(kENOMEM);
    Mapping& from = mappings_[first_after(address)];
    uint32_t prot = from.prot;
    Mapping to{new_address, new_address + new_size, prot, from.flags, from.file, from.offset,
               from.use};
    SCONE_TRY(insert(std::move(to)));
    uint64_t moved = old_size < new_size ? old_size : new_size;
    uint64_t end = address + moved;
    for (uint64_t at = pages::next_committed(address, end); at < end;
         at = pages::next_committed(at, end)) {
        uint64_t stop = pages::next_missing(at, end);
        uint64_t target = new_address + (at - address);
        if (!(prot & kPROT_READ))
            pages::protect(at, stop - at, kPROT_READ);
        if (!pages::commit(target, stop - at)) {
            (void)carve(new_address, new_address + new_size);
            return error(kENOMEM);
        }
        __builtin_memcpy(reinterpret_cast<void*>(target), reinterpret_cast<const void*>(at),
                         stop - at);
        if (prot != (kPROT_READ | kPROT_WRITE))
            pages::protect(target, stop - at, prot);
        at = stop;
    }
    SCONE_TRY(carve(address, address + old_size));
    return new_address;
}

}  // namespace scone::libos
