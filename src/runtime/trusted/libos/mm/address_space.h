// The program's memory as a list of mappings, with Linux's rules for changing it.
//
// Side:    trusted
// Units:   addresses and sizes in bytes; mappings are multiples of 4 KiB
// Errors:  Errno as Linux's mmap family gives them
// Threads: every public function takes `mutex`; files are read under it (they take their own lock)
// Lock order: AddressSpace::mutex, then a File's, then the heap's
#pragma once

#include <cstdint>

#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/vector.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

enum class Use : uint8_t { Plain, Heap, Stack, Trampolines };

struct Mapping {
    uint64_t start, end;
    uint32_t prot, flags;
    Ref<File> file;  // empty: anonymous
    uint64_t offset;
    Use use = Use::Plain;
    uint32_t fault_window = 0;  // bytes to commit around the next fault
    uint64_t fault_end = 0;     // where the last commit ended
};

enum class FaultVerdict { Mended, NotMapped, NotAllowed, NoMemory, BeyondFile };

class AddressSpace : public RefCounted {
  public:
    // Chooses the places of mappings; random bits come from RDRAND.
    AddressSpace();

    Result<uint64_t> map(uint64_t address, uint64_t size, uint32_t prot, uint32_t flags,
                         Ref<File> file, uint64_t offset, Use use = Use::Plain);
    Result<void> unmap(uint64_t address, uint64_t size);
    Result<void> protect(uint64_t address, uint64_t size, uint32_t prot);
    Result<uint64_t> remap(uint64_t address, uint64_t old_size, uint64_t new_size, uint32_t flags,
                           uint64_t new_address);
    // Gives back the new break, or the old one when it cannot move.
    uint64_t set_break(uint64_t address);
    void place_break(uint64_t address);
    Result<void> discard(uint64_t address, uint64_t size);  // MADV_DONTNEED
    Result<void> sync(uint64_t address, uint64_t size);     // msync
    // access: PROT_READ, PROT_WRITE or PROT_EXEC
    FaultVerdict handle_fault(uint64_t address, uint32_t access);
    // True when every page of the range is mapped; used by mincore, madvise and /proc.
    bool is_mapped(uint64_t address, uint64_t size);
    // A free range of this size within 2 GiB of `near`, for trampolines; 0 when there is none.
    // Preconditions: the caller holds mutex.
    uint64_t find_near(uint64_t near, uint64_t size) const;
    Result<void> insert(Mapping mapping);  // the same precondition; the range is free
    void clear();                          // before exec: nothing stays mapped

    // Visits the mappings in order of address.
    template <class F>
    void for_each(F&& visit) {
        enclave::Guard guard(mutex);
        for (const Mapping& mapping : mappings_)
            visit(mapping);
    }

    enclave::SpinLock mutex;

  private:
    size_t first_after(uint64_t address) const;  // index of the first mapping with end > address
    uint64_t find_free(uint64_t size, bool low_2_gib) const;
    Result<void> carve(uint64_t start, uint64_t end);
    bool split_at(uint64_t address);
    void merge_around(uint64_t address);
    Result<void> populate(Mapping mapping, uint64_t start, uint64_t end);
    bool finish_pages(const Mapping& mapping, uint64_t start, uint64_t end);
    Result<bool> reuse_pages(uint64_t start, uint64_t end, uint32_t prot, uint32_t flags,
                             const Ref<File>& file, uint64_t offset);
    Result<void> write_back(const Mapping& mapping, uint64_t start, uint64_t end);
    FaultVerdict commit_around(Mapping& mapping, uint64_t address);

    Vector<Mapping> mappings_;
    uint64_t mmap_top_, break_start_ = 0, break_ = 0;
};

}  // namespace scone::libos
