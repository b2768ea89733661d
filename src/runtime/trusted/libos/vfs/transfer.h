// Bytes that go from one file to another inside the enclave.
//
// Side:    trusted
// Errors:  those of the two files; what was moved before an error counts
// Threads: thread-safe as the files are
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

// Memory for bytes on their way.
struct TransferChunk {
    static constexpr uint64_t kSize = 64 << 10;
    TransferChunk();
    ~TransferChunk();
    TransferChunk(const TransferChunk&) = delete;
    TransferChunk& operator=(const TransferChunk&) = delete;
    uint8_t* bytes;  // nullptr: none left
};

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

// From a pipe or stream socket, as splice and tee do: nothing leaves it before the other side has
// it, so that a signal or an error loses nothing. EINVAL for files that this cannot be done with.
enum class Waiting : bool { Yes, No };
Result<uint64_t> give(File& from, TransferEnd& to, uint64_t count, Giving how, Waiting waiting);

}  // namespace scone::libos
