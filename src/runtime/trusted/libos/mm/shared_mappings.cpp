// The part of an address space that lies outside of the enclave.
#include "lib/base/checked.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/mm/address_space.h"
#include "runtime/trusted/libos/mm/outside.h"
#include "runtime/trusted/libos/mm/system_v.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using base::round_up;
using enclave::kPageSize;

constexpr uint64_t kMaximumSize = 1ull << 46;

}  // namespace

Result<uint64_t> AddressSpace::map_outside(uint64_t address, uint64_t size, uint32_t prot,
                                           uint32_t flags, Ref<File> file, uint64_t offset) {
    if (size == 0 || offset % kPageSize != 0)
        return error(kEINVAL);
    if (size > kMaximumSize)
        return error(kENOMEM);
    size = round_up(size, kPageSize);
    if (!base::checked_add(offset, size))
        return error(kEOVERFLOW);
    if (prot & kPROT_EXEC)
        return error(kEPERM);  // the processor executes nothing outside of the enclave
    enclave::Guard guard(mutex);
    auto at = outside::At::Anywhere;
    if (flags & (kMAP_FIXED | kMAP_FIXED_NOREPLACE)) {
        // Only where the program has outside memory already, or where the host has nothing.
        if (address % kPageSize != 0 || !outside::is_range(address, size))
            return error(kEINVAL);
        bool own = mappings_.covers(address, address + size);
        if (!own && !mappings_.is_free(address, address + size))
            return error(flags & kMAP_FIXED_NOREPLACE ? kEEXIST : kEINVAL);
        if (own && (flags & kMAP_FIXED_NOREPLACE))
            return error(kEEXIST);
        at = own ? outside::At::Over : outside::At::Exactly;
    } else if (!outside::is_range(address, size)) {
        address = 0;  // a hint that cannot be followed
    }
    int fd = file ? file->host_descriptor() : -1;
    uint64_t start = SCONE_TRY(outside::map(at, address, size, prot, flags, fd, offset));
    if (at == outside::At::Over) {
        if (!mappings_.split_at(start) || !mappings_.split_at(start + size))
            return error(kENOMEM);
        size_t first = mappings_.first_after(start), last = first;
        while (last < mappings_.size() && mappings_[last].start < start + size)
            last++;
        mappings_.erase(first, last - first);
    } else if (!mappings_.is_free(start, start + size)) {
        return error(kEIO);  // HOST: it gave the same memory twice
    }
    uint32_t kept_flags = kMAP_SHARED | (flags & kMAP_NORESERVE);
    Mapping mapping{start, start + size, prot & 7, kept_flags, file, offset};
    if (!mappings_.insert(std::move(mapping))) {
        outside::unmap(start, size);
        return error(kENOMEM);
    }
    return start;
}

Result<uint64_t> AddressSpace::remap_outside(Mapping& mapping, uint64_t address, uint64_t old_size,
                                             uint64_t new_size, uint32_t flags,
                                             uint64_t new_address) {
    if (flags & kMREMAP_DONTUNMAP)
        return error(kEINVAL);
    // The host moves it where it likes; a wanted place can only be checked for having been met.
    if ((flags & kMREMAP_FIXED) && new_address != address)
        return error(kENOMEM);
    Mapping moved = mapping;
    moved.offset += address - mapping.start;
    uint64_t start =
        SCONE_TRY(outside::remap(address, old_size, new_size, flags & kMREMAP_MAYMOVE));
    if (!mappings_.split_at(address) || !mappings_.split_at(address + old_size))
        return error(kENOMEM);
    if (old_size != 0)
        mappings_.erase(mappings_.first_after(address), 1);
    if (!mappings_.is_free(start, start + new_size))
        return error(kEIO);  // HOST: it moved it over other memory of the program
    moved.start = start;
    moved.end = start + new_size;
    if (!mappings_.insert(std::move(moved)))
        return error(kENOMEM);
    return start;
}

Result<uint64_t> AddressSpace::attach_segment(int id, uint64_t address, uint32_t flags) {
    if (address != 0) {
        if (flags & kSHM_RND)
            address -= address % kPageSize;
        if (address % kPageSize != 0 || !outside::is_range(address, 1) || (flags & kSHM_REMAP))
            return error(kEINVAL);
    }
    if (flags & kSHM_EXEC)
        return error(kEACCES);
    enclave::Guard guard(mutex);
    auto segment = SCONE_TRY(outside::attach(id, address, flags & kSHM_RDONLY));
    uint64_t end = segment.address + segment.size;
    if ((address != 0 && segment.address != address) || !mappings_.is_free(segment.address, end))
        return error(kEIO);  // HOST: not where it was asked for
    uint32_t prot = flags & kSHM_RDONLY ? kPROT_READ : kPROT_READ | kPROT_WRITE;
    Mapping mapping{segment.address, end, prot, kMAP_SHARED, nullptr, 0};
    mapping.attached = segment.address;
    if (!mappings_.insert(std::move(mapping))) {
        outside::unmap(segment.address, segment.size);
        return error(kENOMEM);
    }
    return segment.address;
}

Result<void> AddressSpace::detach_segment(uint64_t address) {
    if (address % kPageSize != 0)
        return error(kEINVAL);
    enclave::Guard guard(mutex);
    bool found = false;
    for (size_t i = 0; i < mappings_.size(); i++) {
        if (mappings_[i].attached == 0 || mappings_[i].attached != address)
            continue;
        // The kernel counts a segment's mappings, so that unmapping the last part detaches it.
        outside::unmap(mappings_[i].start, mappings_[i].size());
        mappings_.erase(i--, 1);
        found = true;
    }
    return found ? Result<void>{} : error(kEINVAL);
}

bool AddressSpace::is_own_outside(uint64_t address, uint64_t size) {
    return outside::is_range(address, size) && is_mapped(address, size);
}

bool AddressSpace::overlaps_outside(uint64_t address, uint64_t size) {
    enclave::Guard guard(mutex);
    return !mappings_.is_free(address, address + size);
}

}  // namespace scone::libos
