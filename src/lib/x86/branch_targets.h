// Which addresses of a code segment something may jump to.
//
// One pass over the code, one over the data. What counts as a target:
//   - where call, jmp or jcc with a 32-bit displacement leads, at every byte that could start one;
//   - where a short jump of the neighbourhood leads, if decoding before it ever agrees on its
//   place;
//   - each address the code takes with `lea x(%rip)` or as a 32-bit immediate;
//   - each aligned 8-byte word of any segment that holds such an address (pointers, jump tables of
//     fixed-address programs, relocation addends, dynamic symbols);
//   - each 32-bit word that, added to the address of its own table, gives such an address, for
//     tables whose address the code takes (jump tables of position-independent code).
// It is an over-approximation on purpose: a false target costs one site, a missed one a crash. Not
// seen: landing pads of C++ exceptions, which no compiler lets ordinary code run into.
//
// Side:    core
// Units:   addresses are those of the ELF file (p_vaddr), before any load bias
// Memory:  the caller's bitmap, two bits for each byte of the code segment
// Threads: not thread-safe
#pragma once

#include <span>

#include "lib/base/bytes.h"
#include "lib/x86/length_decoder.h"

namespace scone::x86 {

enum class SegmentUse : uint8_t { Code, Data };

// One loadable segment of an ELF file, as far as the file holds it.
struct Segment {
    uint64_t file_offset = 0;
    uint64_t address = 0;
    base::Bytes bytes;
    SegmentUse use = SegmentUse::Data;

    constexpr bool contains(uint64_t a) const { return a - address < bytes.size(); }
    constexpr uint64_t end() const { return address + bytes.size(); }
};

class BranchTargets {
  public:
    // Bytes of bitmap that `code` needs.
    static constexpr size_t bitmap_size(const Segment& code) {
        return 2 * (code.bytes.size() / 8 + 1);
    }

    // Collects the targets in `code` of everything in `segments`.
    // Preconditions: bitmap.size() >= bitmap_size(code); no segment wraps around 2^64.
    BranchTargets(const Segment& code, std::span<const Segment> segments,
                  base::MutableBytes bitmap);

    // True when something may jump to an address in [first, last); false outside the code.
    bool any_in(uint64_t first, uint64_t last) const {
        return direct_in(first, last) || is_set(taken_, first, last);
    }
    // The same for direct branches only. Enough inside one instruction: nothing takes the address
    // of such a place, while a branch may go there (past a lock prefix).
    bool direct_in(uint64_t first, uint64_t last) const {
        return is_set(direct_, first, last) || short_branch_into(first, last);
    }
    // The same for addresses that stand in code or data.
    bool taken_in(uint64_t first, uint64_t last) const { return is_set(taken_, first, last); }
    // False when the file was too contrived to finish: then nothing is proven free of targets.
    bool complete() const { return table_budget_ != 0; }

  private:
    void add(base::MutableBytes bitmap, uint64_t address);
    bool is_set(base::Bytes bitmap, uint64_t first, uint64_t last) const;
    bool short_branch_into(uint64_t first, uint64_t last) const;
    void scan_code(const Segment& segment);
    void scan_words(const Segment& segment);
    void take_address(uint64_t address);

    const Segment& code_;
    std::span<const Segment> segments_;
    base::MutableBytes direct_;  // destinations of direct branches but the short ones
    base::MutableBytes taken_;   // addresses that stand in code or data
    uint64_t table_budget_;
};

}  // namespace scone::x86
