// Reads the tar stream of one layer: its members in order, their contents into a spool.
//
// Side:    host
// Kept:    mode, owner, times, links, devices, extended attributes (file capabilities too)
// Errors:  InvalidInput (not a tar, a name that leaves the root, too many members or bytes),
//          Unsupported (a kind of member we do not know, access control lists)
// Source:  OCI image specification, "Image Layer Filesystem Changeset"; "Whiteouts"
#pragma once

#include <vector>

#include "tools/oci/entry.h"
#include "tools/oci/stream.h"

namespace scone::oci {

struct LayerLimits {
    uint64_t max_members = 2'000'000;
    uint64_t max_bytes = 256ULL << 30;  // of all contents together
    size_t max_xattr_bytes = 1 << 20;   // of one member
};

// Reads the source to its end, so that a CheckingSource below has checked everything.
Outcome<std::vector<Entry>> read_layer(ByteSource& tar, Spool& spool, const LayerLimits& limits,
                                       const std::string& name);

// A source of uncompressed bytes from one whose first bytes say how it is packed: gzip, zstd or
// not at all. Reads ahead in a thread.
Outcome<std::unique_ptr<ByteSource>> unpacked(std::unique_ptr<ByteSource> packed,
                                              const std::string& name);

}  // namespace scone::oci
