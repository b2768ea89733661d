// The patch plans that came with a converted image: used only if their digest was measured.
//
// Side:    trusted
// Layout:  u8[8] "SCONEPLS", u32 version 1, u32 count, then for each plan u8[32] SHA-256 of its
// file,
//          u64 size, and the plan (docs/formats/patch-plan.md)
// Errors:  accept() is false when digest or layout is wrong; then sites are looked for inside
// Threads: accept() once, before the program starts; find() under AddressSpace::mutex
// Source:  docs/formats/output-image.md, section 4
#pragma once

#include "lib/aead/sha256.h"
#include "lib/x86/rewritten_code.h"
#include "runtime/trusted/libos/rewrite/code_analysis.h"
#include "runtime/trusted/libos/vector.h"

namespace scone::libos {

class PlanSet {
  public:
    // Takes a copy of `bytes`. Nothing is kept when this is false.
    bool accept(base::Bytes bytes, const aead::Digest& measured);

    bool empty() const { return plans_.empty(); }
    // The plan that was made for a file of this size with this code. A file is known by its size
    // and by the bytes at each of its sites in the mapping; nullptr: there is none. A plan without
    // sites in the mapping counts when size and segment fit: all that it can do is leave sites
    // alone.
    const x86::PatchPlan* find(uint64_t file_size, const x86::CodeMapping& mapping) const;

  private:
    bool read_plans();

    HeapBytes bytes_;
    Vector<x86::PatchPlan> plans_;  // views of bytes_
};

}  // namespace scone::libos
