// Bytes that go from one file to another inside the enclave.
//
// Side:    trusted
// Errors:  those of the two files; what was moved before an error counts
// Threads: thread-safe as the files are
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

// Where reading or writing goes: at the file's own position, or at one of the caller's.
struct TransferEnd {
    File* file;
    bool has_offset = false;
    uint64_t offset = 0;
};

// Up to `count` bytes; offsets move on. What was read from a seekable file and not written goes
// back to it; to a file without a position everything that was read is written, waiting if need be.
// `once` ends after the first piece, as calls on pipes do.
Result<uint64_t> transfer(TransferEnd& from, TransferEnd& to, uint64_t count, bool once);

}  // namespace scone::libos
