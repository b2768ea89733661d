// What the pages of a mapping hold: filled at a fault or at once, written back, thrown away.
#include "lib/base/checked.h"
#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/mm/address_space.h"
#include "runtime/trusted/libos/mm/outside.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/rewrite/hook.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using base::round_down;
using base::round_up;
using enclave::kPageSize;

constexpr uint64_t kMaximumFaultWindow = 2 << 20;
constexpr uint64_t kMinimumFaultWindow = 64 << 10;
constexpr uint64_t kStackGap = 1 << 20;  // that a growing mapping keeps from the one below

constexpr uint32_t kMADV_DONTNEED = 4, kMADV_FREE = 8, kMADV_REMOVE = 9;

// Bytes of a file on the runtime's heap, page aligned, zeros behind the file's end.
class FileBytes {
  public:
    // The heap aligns blocks to pages from some size on.
    explicit FileBytes(uint64_t size)
        : size_(size),
          bytes_(static_cast<uint8_t*>(
              enclave::heap_allocate(size < kMinimumFaultWindow ? kMinimumFaultWindow : size))) {}
    ~FileBytes() { enclave::heap_free(bytes_); }
    FileBytes(const FileBytes&) = delete;
    FileBytes& operator=(const FileBytes&) = delete;
    const uint8_t* data() const { return bytes_; }

    bool read(File& file, uint64_t offset) {
        IoBuffer buffer = IoBuffer::of_runtime(bytes_, size_);
        while (buffer.size() > 0) {
            auto count = file.read_at(buffer, offset);
            if (!count)
                return false;
            if (*count == 0)
                break;
            offset += *count;
            buffer.advance(*count);
        }
        __builtin_memset(bytes_ + (size_ - buffer.size()), 0, buffer.size());
        return true;
    }

  private:
    uint64_t size_;
    uint8_t* bytes_;
};

}  // namespace

Result<uint64_t> covered_by_file(File& file, uint64_t offset, uint64_t size) {
    Stat stat{};
    SCONE_TRY(file.stat(stat));
    if ((stat.mode & kS_IFMT) != kS_IFREG)
        return size;  // /dev/zero
    uint64_t end = round_up(static_cast<uint64_t>(stat.size), kPageSize);
    if (offset >= end)
        return 0;
    return end - offset < size ? end - offset : size;
}

// Commits [start, end) of the mapping and reads what its file holds there.
// By value: rewriting adds mappings, which moves them all.
Result<void> AddressSpace::populate(Mapping mapping, uint64_t start, uint64_t end) {
    if (!mapping.file) {
        bool in_a_row = mapping.fault_window > kMinimumFaultWindow;
        if (!pages::commit(start, end - start,
                           in_a_row ? pages::Written::Soon : pages::Written::Perhaps))
            return error(kENOMEM);
        if (mapping.prot != (kPROT_READ | kPROT_WRITE) &&
            !pages::protect(start, end - start, mapping.prot))
            return error(kENOMEM);
        return {};
    }
    for (uint64_t at = pages::next_missing(start, end); at < end;
         at = pages::next_missing(at, end)) {
        uint64_t stop = pages::next_committed(at, end);
        if (!pages::commit(at, stop - at, pages::Written::Soon))
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
    const Mapping* found = file ? mappings_.find(start) : nullptr;
    if (found == nullptr)
        return false;
    const Mapping& old = *found;
    // Code that has not been read yet is read whole, so that its system calls are found.
    if ((prot & kPROT_EXEC) && may_rewrite(*file) && pages::next_missing(start, end) != end)
        return false;
    bool same = old.start <= start && old.end >= end && old.file == file && old.flags == flags &&
                (flags & kMAP_TYPE) == kMAP_PRIVATE && !(old.prot & (kPROT_WRITE | kPROT_EXEC)) &&
                old.prot != 0 && old.offset + (start - old.start) == offset;
    if (!same)
        return false;
    if (!mappings_.split_at(start) || !mappings_.split_at(end))
        return error(kENOMEM);
    mappings_.find(start)->prot = prot;
    // A copy: rewriting adds a mapping of trampolines, which moves the others.
    const Mapping mapping = *mappings_.find(start);
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

// What is committed around a fault grows while faults come in a row.
AddressSpace::Range AddressSpace::window_around(Mapping& mapping, uint64_t page) {
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
    return {start, end};
}

FaultVerdict AddressSpace::plan_file_part(Mapping& mapping, uint64_t page, FilePart& part) {
    auto [start, end] = window_around(mapping, page);
    uint64_t offset = mapping.offset + (page - mapping.start);
    auto covered = covered_by_file(*mapping.file, offset, end - page);
    if (!covered || *covered == 0)
        return FaultVerdict::BeyondFile;
    part = {mapping.file, start, page + *covered, offset - (page - start), mapping.prot};
    return FaultVerdict::Mended;
}

// Everything about a fault but the reading of a file, for which `part` is filled in.
FaultVerdict AddressSpace::look_at_fault(uint64_t address, uint32_t access, FilePart& part) {
    enclave::Guard guard(mutex);
    uint64_t page = round_down(address, kPageSize);
    size_t index = mappings_.first_after(address);
    if (index == mappings_.size())
        return FaultVerdict::NotMapped;
    if (mappings_[index].start > address) {
        // MAP_GROWSDOWN: the mapping above reaches down to the page that was touched.
        Mapping& above = mappings_[index];
        uint64_t below = index == 0 ? enclave::kProgramBegin : mappings_[index - 1].end;
        if (!(above.flags & kMAP_GROWSDOWN) || above.start - page > kStackGap ||
            page < below + kStackGap)
            return FaultVerdict::NotMapped;
        above.start = page;
    }
    Mapping& mapping = mappings_[index];
    // x86 has no write-only or execute-only pages.
    uint32_t allowed = mapping.prot;
    if (allowed & (kPROT_WRITE | kPROT_EXEC))
        allowed |= kPROT_READ;
    if ((access & allowed) != access)
        return FaultVerdict::NotAllowed;
    if (mapping.is_outside())
        return FaultVerdict::BeyondFile;  // the host's kernel has nothing to show there
    if (pages::is_committed(page))
        return FaultVerdict::Mended;  // another thread was faster
    if (mapping.file)
        return plan_file_part(mapping, page, part);
    auto [start, end] = window_around(mapping, page);
    return populate(mapping, start, end) ? FaultVerdict::Mended : FaultVerdict::NoMemory;
}

// The content becomes visible where the mapping is still what it was read for. False: it is not.
bool AddressSpace::publish(const FilePart& part, const uint8_t* content, bool& exhausted) {
    enclave::Guard guard(mutex);
    const Mapping* mapping = mappings_.find(part.start);
    if (mapping == nullptr || mapping->file != part.file || mapping->prot != part.prot ||
        mapping->end < part.end || mapping->offset + (part.start - mapping->start) != part.offset)
        return false;
    for (uint64_t at = pages::next_missing(part.start, part.end); at < part.end;
         at = pages::next_missing(at, part.end)) {
        uint64_t stop = pages::next_committed(at, part.end);
        if (!pages::commit_filled(at, stop - at, content + (at - part.start), part.prot)) {
            exhausted = true;
            break;
        }
        at = stop;
    }
    return true;
}

FaultVerdict AddressSpace::handle_fault(uint64_t address, uint32_t access) {
    enclave::FaultArea area;
    for (;;) {
        FilePart part;
        FaultVerdict verdict = look_at_fault(address, access, part);
        if (!part.file)
            return verdict;
        FileBytes content(part.end - part.start);
        if (content.data() == nullptr)
            return FaultVerdict::NoMemory;
        if (!content.read(*part.file, part.offset))
            return FaultVerdict::BeyondFile;
        bool exhausted = false;
        if (publish(part, content.data(), exhausted))
            return exhausted ? FaultVerdict::NoMemory : FaultVerdict::Mended;
    }
}

// MADV_DONTNEED: private pages become what they were at first; shared ones keep their content.
Result<void> AddressSpace::discard(Mapping& mapping, uint64_t start, uint64_t end) {
    if (mapping.is_written_back())
        SCONE_TRY(write_back(mapping, start, end));
    if (!mapping.is_shared() || mapping.file)
        pages::trim(start, end - start);
    mapping.fault_window = 0;
    return {};
}

Result<void> AddressSpace::advise(uint64_t address, uint64_t size, uint32_t advice) {
    uint64_t end = address + size;
    enclave::Guard guard(mutex);
    for (size_t i = mappings_.first_after(address);
         i < mappings_.size() && mappings_[i].start < end; i++) {
        Mapping& mapping = mappings_[i];
        uint64_t from = mapping.start > address ? mapping.start : address;
        uint64_t to = mapping.end < end ? mapping.end : end;
        if (mapping.is_outside()) {
            SCONE_TRY(outside::advise(from, to - from, advice));
        } else if (advice == kMADV_DONTNEED) {
            SCONE_TRY(discard(mapping, from, to));
        } else if (advice == kMADV_FREE) {
            if (mapping.file || mapping.is_shared())
                return error(kEINVAL);
            // Linux takes such pages when memory is short. Here that is when half is in use.
            if (pages::committed_size() > pages::limit() / 2)
                pages::trim(from, to - from);
        } else if (advice == kMADV_REMOVE) {
            if (!mapping.is_shared() || !(mapping.prot & kPROT_WRITE))
                return error(mapping.is_shared() ? kEACCES : kEINVAL);
            constexpr int kPunchHole = 2, kKeepSize = 1;
            if (mapping.file)
                SCONE_TRY(mapping.file->allocate(
                    kPunchHole | kKeepSize, mapping.offset + (from - mapping.start), to - from));
            pages::trim(from, to - from);
        }
    }
    return mappings_.covers(address, end) ? Result<void>{} : error(kENOMEM);
}

}  // namespace scone::libos
