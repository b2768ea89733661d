// Advice about memory that acts: pages that are to be there, or not in a forked child.
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/mm/address_space.h"
#include "runtime/trusted/libos/mm/outside.h"
#include "runtime/trusted/libos/mm/pages.h"

namespace scone::libos {

using namespace linux_abi;
using enclave::kPageSize;

Result<void> AddressSpace::fault_in(uint64_t address, uint64_t size, uint32_t access) {
    if (!is_mapped(address, size))
        return error(kENOMEM);
    if (address >= enclave::elrange_end())
        return outside::advise(address, size,
                               access == kPROT_WRITE ? kMADV_POPULATE_WRITE : kMADV_POPULATE_READ);
    for (uint64_t page = address; page < address + size; page += kPageSize) {
        switch (handle_fault(page, access)) {
            case FaultVerdict::Mended:
                break;
            case FaultVerdict::NotAllowed:
                return error(kEINVAL);
            case FaultVerdict::BeyondFile:
                return error(kEFAULT);
            case FaultVerdict::NotMapped:  // by another thread meanwhile
            case FaultVerdict::NoMemory:
                return error(kENOMEM);
        }
    }
    return {};
}

Result<void> AddressSpace::set_wiped_by_fork(uint64_t address, uint64_t size, bool wiped) {
    uint64_t end = address + size;
    enclave::Guard guard(mutex);
    if (!mappings_.split_at(address) || !mappings_.split_at(end))
        return error(kENOMEM);
    for (size_t i = mappings_.first_after(address);
         i < mappings_.size() && mappings_[i].start < end; i++) {
        Mapping& mapping = mappings_[i];
        if (wiped && (mapping.file || mapping.is_shared()))
            return error(kEINVAL);
        mapping.flags = wiped ? mapping.flags | kWipedByFork : mapping.flags & ~kWipedByFork;
    }
    return mappings_.covers(address, end) ? Result<void>{} : error(kENOMEM);
}

void AddressSpace::wipe_after_fork() {
    enclave::Guard guard(mutex);
    for (Mapping& mapping : mappings_) {
        if (!(mapping.flags & kWipedByFork))
            continue;
        pages::trim(mapping.start, mapping.size());
        mapping.fault_window = 0;
    }
}

}  // namespace scone::libos
