// What is known beforehand of the measured files, their patch plans and the digests of their pages:
// used only if the set's digest was measured.
//
// Side:    trusted
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
    bool accept(base::Bytes bytes, const aead::Digest& measured, aead::Sha256Compress compress);

    bool empty() const { return plans_.empty(); }
    // Calls visit(digest of a file, its size, the digests of its pages).
    template <class F>
    void for_each_file(F&& visit) const {
        for (const KnownFile& file : files_)
            visit(file.digest, file.size, file.pages);
    }

    // The plan that was made for a file of this size with this code. A file is known by its size
    // and by the bytes at each of its sites in the mapping; nullptr: there is none. A plan without
    // sites in the mapping counts when size and segment fit: all that it can do is leave sites
    // alone.
    const x86::PatchPlan* find(uint64_t file_size, const x86::CodeMapping& mapping) const;

  private:
    struct KnownFile {
        aead::Digest digest;
        uint64_t size;
        base::Bytes pages;
    };
    bool read_files();
    bool read_file(base::Bytes& rest);
    void clear();

    // What follows looks into this.
    HeapBytes bytes_;
    Vector<x86::PatchPlan> plans_;
    Vector<KnownFile> files_;
};

}  // namespace scone::libos
