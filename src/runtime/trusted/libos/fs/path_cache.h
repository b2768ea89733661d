// What the paths of protected files were found to be. Protected regions do not change, so an entry
// stays right until another one takes its place.
//
// Side:    trusted
// Memory:  at most kSets * kWays entries of some 300 bytes and the path
// Threads: thread-safe
#pragma once

#include "lib/fspf/reader.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/errno.h"

namespace scone::libos {

class PathCache {
  public:
    static constexpr size_t kSets = 2048, kWays = 2;

    struct Found {
        int error = 0;  // 0, ENOENT or ENOTDIR; with an error the rest says nothing
        fspf::Inode inode;
        uint64_t parent_id = 0;
    };
    // `kind` tells lookups of the same path apart: the region, and whether links are followed.
    bool find(uint32_t kind, std::string_view path, Found& out);
    void keep(uint32_t kind, std::string_view path, const Found& found);

  private:
    struct Entry {
        uint64_t hash;
        uint32_t kind;
        uint32_t path_size;
        Found found;
        // The path stands behind the entry, in the same block.
        char* path_at();
        std::string_view path() { return {path_at(), path_size}; }
    };
    enclave::SpinLock lock_;
    Entry* entries_[kSets][kWays] = {};
};

}  // namespace scone::libos
