// The program's memory as a list of mappings, with Linux's rules for changing it.
//
// Side:    trusted
// Units:   addresses and sizes in bytes; mappings are multiples of 4 KiB
// Errors:  Errno as Linux's mmap family gives them
// Threads: every public function takes `mutex`. What a fault needs of a file is read without it:
//          the pages become visible afterwards, if the mapping is still the same.
// Lock order: AddressSpace::mutex, then a File's, then the heap's
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"
#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/mm/mapping_list.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

enum class FaultVerdict { Mended, NotMapped, NotAllowed, NoMemory, BeyondFile };

class AddressSpace : public RefCounted {
  public:
    // Chooses the places of mappings; random bits come from RDRAND.
    AddressSpace();

    Result<uint64_t> map(uint64_t address, uint64_t size, uint32_t prot, uint32_t flags,
                         Ref<File> file, uint64_t offset, Use use = Use::Plain);
    // Code of the runtime for the program, in fresh pages. Hands back where.
    Result<uint64_t> map_code(base::Bytes code, Use use);
    Result<void> unmap(uint64_t address, uint64_t size);
    Result<void> protect(uint64_t address, uint64_t size, uint32_t prot);
    Result<uint64_t> remap(uint64_t address, uint64_t old_size, uint64_t new_size, uint32_t flags,
                           uint64_t new_address);
    // Gives back the new break, or the old one when it cannot move.
    uint64_t set_break(uint64_t address);
    void place_break(uint64_t address);
    // madvise with an advice that acts: MADV_DONTNEED, MADV_FREE, MADV_REMOVE. For the others it
    // only looks whether the range is mapped.
    Result<void> advise(uint64_t address, uint64_t size, uint32_t advice);
    // MADV_POPULATE_READ, _WRITE: the pages are there as after an access. EINVAL: not allowed by
    // the rights; EFAULT: behind the end of a file; ENOMEM
    Result<void> fault_in(uint64_t address, uint64_t size, uint32_t access);
    // MADV_WIPEONFORK, MADV_KEEPONFORK. EINVAL: not private and anonymous
    Result<void> set_wiped_by_fork(uint64_t address, uint64_t size, bool wiped);
    void wipe_after_fork();                                              // in the child
    Result<void> sync(uint64_t address, uint64_t size, uint32_t flags);  // msync
    // mincore for one page: 1 when it is in memory; ENOMEM when it is not mapped.
    Result<uint8_t> residence(uint64_t page);
    // access: PROT_READ, PROT_WRITE or PROT_EXEC
    FaultVerdict handle_fault(uint64_t address, uint32_t access);
    // True when every page of the range is mapped.
    bool is_mapped(uint64_t address, uint64_t size);

    // --- memory that processes share, outside of the enclave (mm/sharing.h decides) ---
    // mmap of the host's file, or of anonymous memory where there is none.
    Result<uint64_t> map_outside(uint64_t address, uint64_t size, uint32_t prot, uint32_t flags,
                                 Ref<File> file, uint64_t offset);
    Result<uint64_t> attach_segment(int id, uint64_t address, uint32_t flags);  // shmat
    Result<void> detach_segment(uint64_t address);                              // shmdt
    // True for a range that the program has outside: the runtime may copy from and to it.
    bool is_own_outside(uint64_t address, uint64_t size);
    // True when memory of the program lies there: a new thread's window must not.
    bool overlaps_outside(uint64_t address, uint64_t size);

    // A free range of this size within 2 GiB of `near`, for trampolines; 0 when there is none.
    // Preconditions: the caller holds mutex.
    uint64_t find_near(uint64_t near, uint64_t size) const {
        return mappings_.find_near(near, size);
    }
    Result<void> insert(Mapping mapping);  // the same precondition; the range is free
    void clear();                          // before exec: nothing stays mapped

    // Visits the mappings in order of address.
    template <class F>
    void for_each(F&& visit) {
        enclave::Guard guard(mutex);
        for (const Mapping& mapping : mappings_)
            visit(mapping);
    }

    enclave::SleepLock mutex;

  private:
    Result<void> carve(uint64_t start, uint64_t end);
    void drop_pages(const Mapping& mapping);
    Result<uint64_t> choose_place(uint64_t hint, uint64_t size, uint32_t flags);
    Result<void> protect_mapping(Mapping& mapping, uint32_t prot);
    Result<uint64_t> move_mapping(uint64_t address, uint64_t old_size, uint64_t new_address,
                                  uint64_t new_size, uint32_t flags);
    Result<uint64_t> remap_outside(Mapping& mapping, uint64_t address, uint64_t old_size,
                                   uint64_t new_size, uint32_t flags, uint64_t new_address);
    // What the pages of a mapping hold (mm/content.cpp).
    Result<void> populate(Mapping mapping, uint64_t start, uint64_t end);
    bool finish_pages(const Mapping& mapping, uint64_t start, uint64_t end);
    Result<bool> reuse_pages(uint64_t start, uint64_t end, uint32_t prot, uint32_t flags,
                             const Ref<File>& file, uint64_t offset);
    Result<void> write_back(const Mapping& mapping, uint64_t start, uint64_t end);
    Result<void> discard(Mapping& mapping, uint64_t start, uint64_t end);
    struct Range {
        uint64_t start, end;
    };
    Range window_around(Mapping& mapping, uint64_t page);
    // Part of a file that a fault needs.
    struct FilePart {
        Ref<File> file;
        uint64_t start = 0, end = 0;  // where it is mapped
        uint64_t offset = 0;          // in the file, of start
        uint32_t prot = 0;
    };
    FaultVerdict look_at_fault(uint64_t address, uint32_t access, FilePart& part);
    FaultVerdict plan_file_part(Mapping& mapping, uint64_t page, FilePart& part);
    bool publish(const FilePart& part, const uint8_t* content, bool& exhausted);

    MappingList mappings_;
    uint64_t mmap_top_, break_start_ = 0, break_ = 0;
};

// How much of [offset, offset + size) the file's pages cover; behind them is SIGBUS.
Result<uint64_t> covered_by_file(File& file, uint64_t offset, uint64_t size);

}  // namespace scone::libos
