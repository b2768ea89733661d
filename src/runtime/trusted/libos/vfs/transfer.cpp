#include "runtime/trusted/libos/vfs/transfer.h"

#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/libos/net/poll.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint64_t kChunk = 64 << 10;

struct Chunk {
    uint8_t* bytes = static_cast<uint8_t*>(enclave::heap_allocate(kChunk));
    Chunk() = default;
    ~Chunk() { enclave::heap_free(bytes); }
    Chunk(const Chunk&) = delete;
    Chunk& operator=(const Chunk&) = delete;
};

Result<uint64_t> read_some(TransferEnd& from, uint8_t* bytes, uint64_t count) {
    IoBuffer buffer = IoBuffer::of_runtime(bytes, count);
    return from.has_offset ? from.file->read_at(buffer, from.offset) : from.file->read(buffer);
}

// With `wait` the reading side cannot take anything back: all of it is written.
Result<uint64_t> write_all(TransferEnd& to, uint8_t* bytes, uint64_t count, bool wait) {
    uint64_t done = 0;
    while (done < count) {
        IoBuffer buffer = IoBuffer::of_runtime(bytes + done, count - done);
        auto written =
            to.has_offset ? to.file->write_at(buffer, to.offset + done) : to.file->write(buffer);
        if (!written && written.error().value == kEAGAIN && wait) {
            SCONE_TRY(wait_for_events(*to.file, kPollOut));
            continue;
        }
        if (!written)
            return done > 0 ? Result<uint64_t>(done) : written;
        if (*written == 0)
            break;
        done += *written;
        if (!wait && done < count)
            break;
    }
    return done;
}

}  // namespace

Result<uint64_t> transfer(TransferEnd& from, TransferEnd& to, uint64_t count, bool once) {
    Chunk chunk;
    if (chunk.bytes == nullptr)
        return error(kENOMEM);
    bool can_go_back = from.has_offset || from.file->seek(0, kSEEK_CUR);
    uint64_t done = 0;
    while (done < count) {
        uint64_t step = count - done < kChunk ? count - done : kChunk;
        auto got = read_some(from, chunk.bytes, step);
        if (!got)
            return done > 0 ? Result<uint64_t>(done) : got;
        if (*got == 0)
            break;
        auto written = write_all(to, chunk.bytes, *got, !can_go_back);
        uint64_t moved = written ? *written : 0;
        if (from.has_offset)
            from.offset += moved;
        else if (moved < *got && can_go_back)
            (void)from.file->seek(static_cast<int64_t>(moved) - static_cast<int64_t>(*got),
                                  kSEEK_CUR);
        if (to.has_offset)
            to.offset += moved;
        done += moved;
        if (!written)
            return done > 0 ? Result<uint64_t>(done) : written;
        if (moved < *got || once || *got < step)
            break;
    }
    return done;
}

}  // namespace scone::libos
