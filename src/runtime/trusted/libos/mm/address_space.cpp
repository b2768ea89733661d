#include "runtime/trusted/libos/mm/address_space.h"

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/loader/code_rules.h"
#include "runtime/trusted/libos/mm/outside.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/rewrite/hook.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using base::round_up;
using enclave::kPageSize;

constexpr uint64_t kEagerSize = 64 << 10;
constexpr uint64_t kEagerFileSize = 32 << 10;
constexpr uint64_t kTwoGiB = 2ull << 30;
constexpr uint32_t kRights = kPROT_READ | kPROT_WRITE | kPROT_EXEC;

// [address, address + size) can hold mappings: wholly inside or wholly behind ELRANGE.
bool is_mappable(uint64_t address, uint64_t size) {
    return enclave::is_program_range(address, size) || outside::is_range(address, size);
}

// Writable code, and code that is no file's, is the program's to change.
Result<void> check_new_code(uint32_t prot, const Ref<File>& file) {
    if (!(prot & kPROT_EXEC))
        return {};
    if (!file || (prot & kPROT_WRITE))
        SCONE_TRY(code_rules::check_change());
    return file ? code_rules::check_file(*file) : Result<void>{};
}

}  // namespace

AddressSpace::AddressSpace() {
    uint64_t slide = (enclave::hardware_random() & 0xfffff) * kPageSize;  // up to 4 GiB
    mmap_top_ = enclave::program_end() - (1ull << 30) - slide;
}

Result<void> AddressSpace::insert(Mapping mapping) {
    if (!mappings_.insert(std::move(mapping)))
        return error(kENOMEM);
    return {};
}

void AddressSpace::drop_pages(const Mapping& mapping) {
    if (mapping.is_outside())
        outside::unmap(mapping.start, mapping.size());
    else
        pages::trim(mapping.start, mapping.size());
}

// Nothing is mapped in [start, end) afterwards.
Result<void> AddressSpace::carve(uint64_t start, uint64_t end) {
    if (mappings_.is_free(start, end))
        return {};
    if (!mappings_.split_at(start) || !mappings_.split_at(end))
        return error(kENOMEM);
    size_t first = mappings_.first_after(start), last = first;
    for (; last < mappings_.size() && mappings_[last].start < end; last++) {
        Mapping& mapping = mappings_[last];
        if (mapping.is_written_back())
            SCONE_TRY(write_back(mapping, mapping.start, mapping.end));
        drop_pages(mapping);
    }
    mappings_.erase(first, last - first);
    while (auto trampolines = forget_code(start, end))
        SCONE_TRY(carve(trampolines->start, trampolines->end));
    return {};
}

// Where a mapping without MAP_FIXED goes: at the hint when it is free there.
Result<uint64_t> AddressSpace::choose_place(uint64_t hint, uint64_t size, uint32_t flags) {
    if (hint >= enclave::kProgramBegin && enclave::is_program_range(hint, size) &&
        mappings_.is_free(hint, hint + size))
        return hint;
    uint64_t place = mappings_.find_free(size, flags & kMAP_32BIT ? kTwoGiB : mmap_top_);
    if (place == 0 && !(flags & kMAP_32BIT))
        place = mappings_.find_free(size, enclave::program_end());
    return place != 0 ? Result<uint64_t>(place) : error(kENOMEM);
}

Result<uint64_t> AddressSpace::map(uint64_t address, uint64_t size, uint32_t prot, uint32_t flags,
                                   Ref<File> file, uint64_t offset, Use use) {
    if (size == 0 || offset % kPageSize != 0)
        return error(kEINVAL);
    if (size > enclave::program_end())
        return error(kENOMEM);
    size = round_up(size, kPageSize);
    if (!base::checked_add(offset, size))
        return error(kEOVERFLOW);
    SCONE_TRY(check_new_code(prot, file));
    enclave::Guard guard(mutex);
    bool fixed = flags & (kMAP_FIXED | kMAP_FIXED_NOREPLACE);
    uint64_t start = address;
    if (!fixed) {
        uint64_t hint = address > enclave::program_end() ? 0 : round_up(address, kPageSize);
        start = SCONE_TRY(choose_place(hint, size, flags));
    } else if (start % kPageSize != 0) {
        return error(kEINVAL);
    } else if (!enclave::is_program_range(start, size)) {
        return error(start < enclave::kProgramBegin ? kEPERM : kENOMEM);
    } else if ((flags & kMAP_FIXED_NOREPLACE) && !mappings_.is_free(start, start + size)) {
        return error(kEEXIST);
    }
    prot &= kRights;
    if ((prot & kPROT_WRITE) && !(flags & kMAP_NORESERVE) &&
        size > pages::limit() - pages::committed_size()) {
        pages::report_exhaustion();
        return error(kENOMEM);
    }
    uint32_t kept_flags = flags & (kMAP_TYPE | kMAP_NORESERVE | kMAP_GROWSDOWN);
    if (fixed && SCONE_TRY(reuse_pages(start, start + size, prot, kept_flags, file, offset)))
        return start;
    // Small mappings are filled at once, large ones at their faults. Code is read whole: its system
    // calls have to be found before it runs.
    bool rewrites = file && (prot & kPROT_EXEC) && may_rewrite(*file);
    bool is_eager = prot != 0 && (rewrites || (flags & kMAP_POPULATE) ||
                                  size <= (file ? kEagerFileSize : kEagerSize));
    uint64_t eager_size = !is_eager ? 0
                          : file    ? SCONE_TRY(covered_by_file(*file, offset, size))
                                    : size;
    SCONE_TRY(carve(start, start + size));
    Mapping mapping{start, start + size, prot, kept_flags, file, offset, use};
    SCONE_TRY(insert(mapping));
    if (eager_size > 0) {
        auto filled = populate(mapping, start, start + eager_size);
        if (!filled) {
            (void)carve(start, start + size);
            return std::unexpected(filled.error());
        }
    }
    mappings_.merge_around(start);
    return start;
}

Result<uint64_t> AddressSpace::map_code(base::Bytes code, Use use) {
    enclave::Guard guard(mutex);
    const uint64_t size = round_up(code.size(), kPageSize);
    const uint64_t start = SCONE_TRY(choose_place(0, size, 0));
    constexpr uint32_t kProt = kPROT_READ | kPROT_EXEC;
    SCONE_TRY(
        insert(Mapping{start, start + size, kProt, kMAP_PRIVATE | kMAP_ANONYMOUS, {}, 0, use}));
    if (pages::commit(start, size, pages::Written::Soon)) {
        // SAFETY: the pages were just committed for this, writable and nobody else's.
        base::copy_bytes({reinterpret_cast<uint8_t*>(start), size}, code);
        if (pages::protect(start, size, kProt))
            return start;
    }
    (void)carve(start, start + size);
    return error(kENOMEM);
}

Result<void> AddressSpace::unmap(uint64_t address, uint64_t size) {
    if (address % kPageSize != 0 || size == 0 || size > enclave::program_end())
        return error(kEINVAL);
    size = round_up(size, kPageSize);
    bool inside = address <= enclave::program_end() && size <= enclave::program_end() - address;
    if (!inside && !outside::is_range(address, size))
        return error(kEINVAL);
    enclave::Guard guard(mutex);
    return carve(address, address + size);
}

Result<void> AddressSpace::protect_mapping(Mapping& mapping, uint32_t prot) {
    if (mapping.prot == prot)
        return {};
    bool shared_file = mapping.file && mapping.is_shared();
    if (shared_file && (prot & kPROT_WRITE) && !mapping.file->is_writable())
        return error(kEACCES);
    if (mapping.is_outside()) {
        if (prot & kPROT_EXEC)
            return error(kEACCES);  // no code outside of the enclave
        SCONE_TRY(outside::protect(mapping.start, mapping.size(), prot));
        mapping.prot = prot;
        return {};
    }
    if ((mapping.prot | prot) & kPROT_EXEC)
        SCONE_TRY(code_rules::check_change());
    if ((prot & ~mapping.prot & kPROT_EXEC) && mapping.file)
        SCONE_TRY(code_rules::check_file(*mapping.file));
    if (mapping.is_written_back() && !(prot & kPROT_WRITE))
        SCONE_TRY(write_back(mapping, mapping.start, mapping.end));
    mapping.prot = prot;
    return pages::protect(mapping.start, mapping.size(), prot) ? Result<void>{} : error(kEACCES);
}

Result<void> AddressSpace::protect(uint64_t address, uint64_t size, uint32_t prot) {
    if (address % kPageSize != 0)
        return error(kEINVAL);
    if (size == 0)
        return {};
    if (size > UINT64_MAX - kPageSize || !is_mappable(address, round_up(size, kPageSize)))
        return error(kENOMEM);
    uint64_t end = address + round_up(size, kPageSize);
    enclave::Guard guard(mutex);
    if (!mappings_.covers(address, end))
        return error(kENOMEM);
    if (!mappings_.split_at(address) || !mappings_.split_at(end))
        return error(kENOMEM);
    for (size_t i = mappings_.first_after(address);
         i < mappings_.size() && mappings_[i].start < end; i++)
        SCONE_TRY(protect_mapping(mappings_[i], prot & kRights));
    mappings_.merge_around(address);
    return {};
}

bool AddressSpace::is_mapped(uint64_t address, uint64_t size) {
    enclave::Guard guard(mutex);
    return mappings_.covers(address, address + size);
}

Result<void> AddressSpace::sync(uint64_t address, uint64_t size, uint32_t flags) {
    uint64_t end = address + size;
    enclave::Guard guard(mutex);
    if (!mappings_.covers(address, end))
        return error(kENOMEM);
    for (size_t i = mappings_.first_after(address);
         i < mappings_.size() && mappings_[i].start < end; i++) {
        const Mapping& mapping = mappings_[i];
        uint64_t from = mapping.start > address ? mapping.start : address;
        uint64_t to = mapping.end < end ? mapping.end : end;
        if (mapping.is_outside())
            SCONE_TRY(outside::sync(from, to - from, flags));
        else if (mapping.is_written_back())
            SCONE_TRY(write_back(mapping, from, to));
    }
    return {};
}

Result<uint8_t> AddressSpace::residence(uint64_t page) {
    enclave::Guard guard(mutex);
    const Mapping* mapping = mappings_.find(page);
    if (mapping == nullptr)
        return error(kENOMEM);
    // What the host has in memory is not known here: shared memory counts as present.
    return static_cast<uint8_t>(mapping->is_outside() || pages::is_committed(page));
}

void AddressSpace::clear() {
    enclave::Guard guard(mutex);
    if (mappings_.size() != 0)
        (void)carve(mappings_[0].start, mappings_[mappings_.size() - 1].end);
    break_start_ = break_ = 0;
}

}  // namespace scone::libos
