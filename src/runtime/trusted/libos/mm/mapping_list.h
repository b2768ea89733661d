// The mappings of an address space, sorted by address and free of overlaps.
//
// Side:    trusted
// Units:   addresses and sizes in bytes, multiples of 4 KiB
// Errors:  false or ENOMEM when the runtime's heap is exhausted
// Threads: the caller holds AddressSpace::mutex
// Mappings below the image lie in the enclave. Those behind ELRANGE are memory of the host that
// processes share (mm/outside.h); everything that looks at mappings treats both kinds alike.
#pragma once

#include <cstdint>

#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/vector.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

enum class Use : uint8_t { Plain, Heap, Stack, Trampolines, Vdso };

// A bit of `flags` that mmap does not have: a forked child finds zeros (MADV_WIPEONFORK).
inline constexpr uint32_t kWipedByFork = 0x80000000;

struct Mapping {
    uint64_t start, end;
    uint32_t prot, flags;
    Ref<File> file;  // empty: anonymous
    uint64_t offset;
    Use use = Use::Plain;
    uint32_t fault_window = 0;  // bytes to commit around the next fault
    uint64_t fault_end = 0;     // where the last commit ended
    uint64_t attached = 0;      // System V: what shmat handed back; 0 for all others

    uint64_t size() const { return end - start; }
    bool is_shared() const { return (flags & linux_abi::kMAP_TYPE) == linux_abi::kMAP_SHARED; }
    bool is_outside() const { return start >= enclave::elrange_end(); }
    // Its pages are written back to the file, which lives in the enclave or is a copy of the
    // host's.
    bool is_written_back() const {
        return file && is_shared() && (prot & linux_abi::kPROT_WRITE) && !is_outside();
    }
};

class MappingList {
  public:
    size_t size() const { return items_.size(); }
    Mapping& operator[](size_t index) { return items_[index]; }
    const Mapping& operator[](size_t index) const { return items_[index]; }
    Mapping* begin() { return items_.begin(); }
    Mapping* end() { return items_.end(); }

    // Index of the first mapping with end > address.
    size_t first_after(uint64_t address) const;
    // The mapping that has the address; null when there is none.
    Mapping* find(uint64_t address);
    bool is_free(uint64_t start, uint64_t end) const;
    bool covers(uint64_t start, uint64_t end) const;
    // Afterwards no mapping reaches over the address.
    [[nodiscard]] bool split_at(uint64_t address);
    // Preconditions: the range is free.
    [[nodiscard]] bool insert(Mapping mapping);
    void erase(size_t first, size_t count) { items_.erase(first, count); }
    // Joins anonymous neighbours that differ in nothing around the mapping at `address`.
    void merge_around(uint64_t address);

    // The highest free range that ends at or below `top`; 0 when there is none.
    uint64_t find_free(uint64_t size, uint64_t top) const;
    // A free range within 2 GiB of `near`, for trampolines; 0 when there is none.
    uint64_t find_near(uint64_t near, uint64_t size) const;

  private:
    Vector<Mapping> items_;
};

}  // namespace scone::libos
