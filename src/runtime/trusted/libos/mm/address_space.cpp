#include "runtime/trusted/libos/mm/address_space.h"

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/rewrite/hook.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using base::round_down;
using base::round_up;
using enclave::kPageSize;

constexpr uint64_t kEagerSize = 256 << 10;
constexpr uint64_t kMaximumFaultWindow = 2 << 20;
constexpr uint64_t kMinimumFaultWindow = 64 << 10;
constexpr uint64_t kTwoGiB = 2ull << 30;

bool is_writable_shared_file(const Mapping& m) {
    return m.file && (m.flags & kMAP_TYPE) == kMAP_SHARED && (m.prot & kPROT_WRITE);
}

// How much of [offset, offset + size) the file's pages cover; behind them is SIGBUS.
Result<uint64_t> file_part(File& file, uint64_t offset, uint64_t size) {
    Stat stat{};
    SCONE_TRY(file.stat(stat));
    if ((stat.mode & kS_IFMT) != kS_IFREG)
        return size;  // /dev/zero
    uint64_t end = round_up(static_cast<uint64_t>(stat.size), kPageSize);
    if (offset >= end)
        return 0;
    return end - offset < size ? end - offset : size;
}

}  // namespace

AddressSpace::AddressSpace() {
    uint64_t slide = (enclave::hardware_random() & 0xfffff) * kPageSize;  // up to 4 GiB
    mmap_top_ = enclave::program_end() - (1ull << 30) - slide;
}

size_t AddressSpace::first_after(uint64_t address) const {
    size_t low = 0, high = mappings_.size();
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (mappings_[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

uint64_t AddressSpace::find_free(uint64_t size, bool low_2_gib) const {
    uint64_t top = low_2_gib ? kTwoGiB : mmap_top_;
    size_t index = first_after(top);
    uint64_t end = top;
    if (index < mappings_.size() && mappings_[index].start < end)
        end = mappings_[index].start;
    for (;;) {
        uint64_t below = index == 0 ? enclave::kProgramBegin : mappings_[index - 1].end;
        if (end >= below && end - below >= size)
            return end - size;
        if (index == 0)
            return 0;
        index--;
        end = mappings_[index].start;
    }
}

uint64_t AddressSpace::find_near(uint64_t near, uint64_t size) const {
    size_t index = first_after(near);
    // Downwards first: above a program's code its next segments may still be to come.
    for (size_t i = index < mappings_.size() ? index + 1 : mappings_.size(); i-- > 0;) {
        uint64_t end = mappings_[i].start;
        uint64_t below = i == 0 ? enclave::kProgramBegin : mappings_[i - 1].end;
        if (near > end && near - end > kTwoGiB - (64 << 20))
            break;
        if (end - below >= size)
            return near - (end - size) < kTwoGiB - (64 << 20) ? end - size : 0;
    }
    for (size_t i = index; i < mappings_.size(); i++) {
        uint64_t start = mappings_[i].end;
        uint64_t next = i + 1 < mappings_.size() ? mappings_[i + 1].start : enclave::program_end();
        if (start - near > kTwoGiB - size - (64 << 20))
            break;
        if (next - start >= size)
            return start;
    }
    return 0;
}

bool AddressSpace::split_at(uint64_t address) {
    size_t index = first_after(address);
    if (index == mappings_.size() || mappings_[index].start >= address)
        return true;
    Mapping& low = mappings_[index];
    Mapping high =
        Mapping{address, low.end, low.prot, low.flags, low.file, low.offset + (address - low.start),
                low.use};
    low.end = address;
    return mappings_.insert(index + 1, std::move(high));
}

Result<void> AddressSpace::carve(uint64_t start, uint64_t end) {
    if (!split_at(start) || !split_at(end))
        return error(kENOMEM);
    size_t first = first_after(start), last = first;
    while (last < mappings_.size() && mappings_[last].start < end) {
        if (is_writable_shared_file(mappings_[last]))
            SCONE_TRY(write_back(mappings_[last], mappings_[last].start, mappings_[last].end));
        last++;
    }
    if (last > first) {
        pages::trim(start, end - start);
        mappings_.erase(first, last - first);
        while (auto trampolines = forget_code(start, end))
            SCONE_TRY(carve(trampolines->start, trampolines->end));
    }
    return {};
}

Result<void> AddressSpace::insert(Mapping mapping) {
    uint64_t start = mapping.start;
    if (!mappings_.insert(first_after(start), std::move(mapping)))
        return error(kENOMEM);
    return {};
}

void AddressSpace::merge_around(uint64_t address) {
    size_t index = first_after(address);
    if (index >= mappings_.size())
        return;
    for (size_t at = index + 1; at-- > 0 && at + 1 >= index;) {
        if (at + 1 >= mappings_.size())
            continue;
        Mapping& a = mappings_[at];
        Mapping& b = mappings_[at + 1];
        if (a.end == b.start && !a.file && !b.file && a.prot == b.prot && a.flags == b.flags &&
            a.use == b.use) {
            a.end = b.end;
            mappings_.erase(at + 1);
        }
    }
}

Result<uint64_t> AddressSpace::map(uint64_t address, uint64_t size, uint32_t prot, uint32_t flags,
                                   Ref<File> file, uint64_t offset, Use use) {
    if (size == 0 || offset % kPageSize != 0)
        return error(kEINVAL);
    if (size > enclave::program_end())
        return error(kENOMEM);
    size = round_up(size, kPageSize);
    enclave::Guard guard(mutex);
    bool fixed = flags & (kMAP_FIXED | kMAP_FIXED_NOREPLACE);
    uint64_t start = fixed ? address : round_up(address, kPageSize);
    if (fixed && (start % kPageSize != 0))
        return error(kEINVAL);
    if (fixed && !enclave::is_program_range(start, size))
        return error(start < enclave::kProgramBegin ? kEPERM : kENOMEM);
    if (!fixed) {
        size_t index = first_after(start);
        bool hint_is_free = start >= enclave::kProgramBegin &&
                            enclave::is_program_range(start, size) &&
                            (index == mappings_.size() || mappings_[index].start >= start + size);
        if (!hint_is_free)
            start = find_free(size, flags & kMAP_32BIT);
        if (start == 0)
            return error(kENOMEM);
    } else if (flags & kMAP_FIXED_NOREPLACE) {
        size_t index = first_after(start);
        if (index < mappings_.size() && mappings_[index].start < start + size)
            return error(kEEXIST);
    }
    if ((prot & kPROT_WRITE) && !(flags & kMAP_NORESERVE) &&
        size > pages::limit() - pages::committed_size()) {
        pages::report_exhaustion();
        return error(kENOMEM);
    }
    uint32_t kept_flags = flags & (kMAP_TYPE | kMAP_NORESERVE | kMAP_GROWSDOWN);
    if (fixed && SCONE_TRY(reuse_pages(start, start + size, prot & 7, kept_flags, file, offset)))
        return start;
    SCONE_TRY(carve(start, start + size));
    Mapping mapping{start, start + size, prot & 7, kept_flags, file, offset, use};
    // A file is read before its pages can be seen: were they filled at a fault, another thread
    // could read zeros meanwhile.
    uint64_t eager_size = prot == 0 ? 0
                          : file    ? SCONE_TRY(file_part(*file, offset, size))
                          : size <= kEagerSize || (flags & kMAP_POPULATE) ? size
                                                                          : 0;
    SCONE_TRY(insert(std::move(mapping)));
    if (eager_size > 0) {
        Mapping& placed = mappings_[first_after(start)];
        auto filled = populate(placed, start, start + eager_size);
        if (!filled) {
            (void)carve(start, start + size);
            return std::unexpected(filled.error());
        }
    }
    merge_around(start);
    return start;
}

// Commits [start, end) of the mapping and reads what its file holds there.
// By value: rewriting adds mappings, which moves them all.
Result<void> AddressSpace::populate(Mapping mapping, uint64_t start, uint64_t end) {
    if (!mapping.file) {
        if (!pages::commit(start, end - start))
            return error(kENOMEM);
        if (mapping.prot != (kPROT_READ | kPROT_WRITE) &&
            !pages::protect(start, end - start, mapping.prot))
            return error(kENOMEM);
        return {};
    }
    for (uint64_t at = pages::next_missing(start, end); at < end;
         at = pages::next_missing(at, end)) {
        uint64_t stop = pages::next_committed(at, end);
        if (!pages::commit(at, stop - at))
            return error(kENOMEM);
        IoBuffer buffer = IoBuffer::of_runtime(reinterpret_cast<void*>(at), stop - at);
        uint64_t done = 0;
        while (done < stop - at) {
            auto count =
                mapping.file->read_at(buffer, mapping.offset + (at - mapping.start) + done);
            if (!count) {
                pages::trim(at, stop - at);
                return std::unexpected(count.error());
            }
            if (*count == 0)
                break;  // beyond the end of the file: zeros
            done += *count;
            buffer.advance(*count);
        }
        if (!finish_pages(mapping, at, stop))
            return error(kENOMEM);
        at = stop;
    }
    return {};
}

// The pages are there, writable, with the file's bytes: code gets its sites rewritten, then rights.
bool AddressSpace::finish_pages(const Mapping& mapping, uint64_t start, uint64_t end) {
    if (mapping.prot & kPROT_EXEC)
        rewrite_code(*this, *mapping.file, start, end - start,
                     mapping.offset + (start - mapping.start));
    return mapping.prot == (kPROT_READ | kPROT_WRITE) ||
           pages::protect(start, end - start, mapping.prot);
}

// A loader maps a whole library and then its segments over it. Pages that were read and cannot have
// been written keep their content and only change rights.
Result<bool> AddressSpace::reuse_pages(uint64_t start, uint64_t end, uint32_t prot, uint32_t flags,
                                       const Ref<File>& file, uint64_t offset) {
    size_t index = first_after(start);
    if (!file || index == mappings_.size())
        return false;
    const Mapping& old = mappings_[index];
    bool same = old.start <= start && old.end >= end && old.file == file && old.flags == flags &&
                (flags & kMAP_TYPE) == kMAP_PRIVATE && !(old.prot & (kPROT_WRITE | kPROT_EXEC)) &&
                old.prot != 0 && old.offset + (start - old.start) == offset;
    if (!same)
        return false;
    if (!split_at(start) || !split_at(end))
        return error(kENOMEM);
    mappings_[first_after(start)].prot = prot;
    // A copy: rewriting adds a mapping of trampolines, which moves the others.
    const Mapping mapping = mappings_[first_after(start)];
    for (uint64_t at = pages::next_committed(start, end); at < end;
         at = pages::next_committed(at, end)) {
        uint64_t stop = pages::next_missing(at, end);
        bool needs_write = prot & (kPROT_EXEC | kPROT_WRITE);
        bool writable = !needs_write || pages::protect(at, stop - at, kPROT_READ | kPROT_WRITE);
        if (!writable || !finish_pages(mapping, at, stop))
            return error(kENOMEM);
        at = stop;
    }
    return true;
}

Result<void> AddressSpace::write_back(const Mapping& mapping, uint64_t start, uint64_t end) {
    linux_abi::Stat stat{};
    SCONE_TRY(mapping.file->stat(stat));
    for (uint64_t at = pages::next_committed(start, end); at < end;
         at = pages::next_committed(at, end)) {
        uint64_t stop = pages::next_missing(at, end);
        uint64_t offset = mapping.offset + (at - mapping.start);
        if (offset >= static_cast<uint64_t>(stat.size))
            break;
        uint64_t size = stop - at;
        if (size > static_cast<uint64_t>(stat.size) - offset)
            size = static_cast<uint64_t>(stat.size) - offset;
        IoBuffer buffer = IoBuffer::of_runtime(reinterpret_cast<void*>(at), size);
        while (buffer.size() > 0) {
            uint64_t count = SCONE_TRY(mapping.file->write_at(buffer, offset));
            offset += count;
            buffer.advance(count);
        }
        at = stop;
    }
    return {};
}

Result<void> AddressSpace::unmap(uint64_t address, uint64_t size) {
    if (address % kPageSize != 0 || size == 0 || size > enclave::program_end())
        return error(kEINVAL);
    size = round_up(size, kPageSize);
    if (address > enclave::program_end() || size > enclave::program_end() - address)
        return error(kEINVAL);
    enclave::Guard guard(mutex);
    return carve(address, address + size);
}

Result<void> AddressSpace::protect(uint64_t address, uint64_t size, uint32_t prot) {
    if (address % kPageSize != 0)
        return error(kEINVAL);
    if (size == 0)
        return {};
    size = round_up(size, kPageSize);
    if (!enclave::is_program_range(address, size))
        return error(kENOMEM);
    uint64_t end = address + size;
    enclave::Guard guard(mutex);
    for (uint64_t at = address; at < end;) {
        size_t index = first_after(at);
        if (index == mappings_.size() || mappings_[index].start > at)
            return error(kENOMEM);
        at = mappings_[index].end;
    }
    if (!split_at(address) || !split_at(end))
        return error(kENOMEM);
    for (size_t i = first_after(address); i < mappings_.size() && mappings_[i].start < end; i++) {
        Mapping& mapping = mappings_[i];
        if (mapping.prot == (prot & 7))
            continue;
        if (is_writable_shared_file(mapping) && !(prot & kPROT_WRITE))
            SCONE_TRY(write_back(mapping, mapping.start, mapping.end));
        mapping.prot = prot & 7;
        if (!pages::protect(mapping.start, mapping.end - mapping.start, prot & 7))
            return error(kEACCES);
    }
    merge_around(address);
    return {};
}

FaultVerdict AddressSpace::commit_around(Mapping& mapping, uint64_t address) {
    uint64_t page = round_down(address, kPageSize);
    uint32_t window = mapping.fault_window < kMinimumFaultWindow
                          ? static_cast<uint32_t>(kMinimumFaultWindow)
                          : mapping.fault_window;
    if (page == mapping.fault_end && window < kMaximumFaultWindow)
        window *= 2;
    mapping.fault_window = window;
    uint64_t start = round_down(page, window), end = start + window;
    if (start < mapping.start)
        start = mapping.start;
    if (end > mapping.end)
        end = mapping.end;
    // Never more than what the limit still allows, but at least the page itself.
    uint64_t room = pages::limit() - pages::committed_size();
    if (end - start > room) {
        start = page;
        end = page + kPageSize;
    }
    mapping.fault_end = end;
    if (mapping.file) {
        linux_abi::Stat stat{};
        uint64_t offset = mapping.offset + (page - mapping.start);
        if (!mapping.file->stat(stat) ||
            offset >= round_up(static_cast<uint64_t>(stat.size), kPageSize))
            return FaultVerdict::BeyondFile;
    }
    auto filled = populate(mapping, start, end);
    if (!filled)
        return filled.error().value == kENOMEM ? FaultVerdict::NoMemory : FaultVerdict::BeyondFile;
    return FaultVerdict::Mended;
}

FaultVerdict AddressSpace::handle_fault(uint64_t address, uint32_t access) {
    enclave::Guard guard(mutex);
    size_t index = first_after(address);
    if (index == mappings_.size() || mappings_[index].start > address) {
        // A stack grows down to its guard by touching the page below.
        return FaultVerdict::NotMapped;
    }
    Mapping& mapping = mappings_[index];
    // x86 has no write-only or execute-only pages.
    uint32_t allowed = mapping.prot;
    if (allowed & (kPROT_WRITE | kPROT_EXEC))
        allowed |= kPROT_READ;
    if ((access & allowed) != access)
        return FaultVerdict::NotAllowed;
    if (pages::is_committed(round_down(address, kPageSize)))
        return FaultVerdict::Mended;  // another thread was faster
    return commit_around(mapping, address);
}

bool AddressSpace::is_mapped(uint64_t address, uint64_t size) {
    enclave::Guard guard(mutex);
    uint64_t end = address + size;
    while (address < end) {
        size_t index = first_after(address);
        if (index == mappings_.size() || mappings_[index].start > address)
            return false;
        address = mappings_[index].end;
    }
    return true;
}

Result<void> AddressSpace::discard(uint64_t address, uint64_t size) {
    if (address % kPageSize != 0)
        return error(kEINVAL);
    size = round_up(size, kPageSize);
    if (size == 0)
        return {};
    if (!enclave::is_program_range(address, size))
        return error(kENOMEM);
    enclave::Guard guard(mutex);
    for (size_t i = first_after(address);
         i < mappings_.size() && mappings_[i].start < address + size; i++) {
        Mapping& mapping = mappings_[i];
        uint64_t start = mapping.start > address ? mapping.start : address;
        uint64_t end = mapping.end < address + size ? mapping.end : address + size;
        if (is_writable_shared_file(mapping))
            SCONE_TRY(write_back(mapping, start, end));
        if ((mapping.flags & kMAP_TYPE) == kMAP_PRIVATE || mapping.file)
            pages::trim(start, end - start);
        mapping.fault_window = 0;
    }
    return {};
}

Result<void> AddressSpace::sync(uint64_t address, uint64_t size) {
    enclave::Guard guard(mutex);
    for (size_t i = first_after(address);
         i < mappings_.size() && mappings_[i].start < address + size; i++)
        if (is_writable_shared_file(mappings_[i]))
            SCONE_TRY(write_back(mappings_[i], mappings_[i].start, mappings_[i].end));
    return {};
}

void AddressSpace::clear() {
    enclave::Guard guard(mutex);
    if (!mappings_.empty())
        (void)carve(mappings_[0].start, mappings_.back().end);
    break_start_ = break_ = 0;
}

}  // namespace scone::libos
