#include "runtime/trusted/libos/vfs/transfer.h"

#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/net/poll.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint64_t kChunk = TransferChunk::kSize;

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

// The locks of two files are taken one inside of the other, by one thread of the process at a time.
enclave::SleepLock giving;

class EndSink : public ByteSink {
  public:
    explicit EndSink(TransferEnd& to) : to_(to) {}
    Result<uint64_t> put(IoBuffer& bytes) override {
        bool waits_never = to_.file->can_map() || is_of_enclave(*to_.file);
        auto count = to_.has_offset ? to_.file->write_at(bytes, to_.offset)
                     : waits_never  ? to_.file->write(bytes)
                                    : to_.file->write_now(bytes);
        if (!count)
            sink_failed = true;
        else if (to_.has_offset)
            to_.offset += *count;
        return count;
    }
    bool sink_failed = false;

  private:
    // Devices such as /dev/null.
    static bool is_of_enclave(const File& file) {
        return file.kind() == FileKind::Other && file.host_descriptor() < 0;
    }
    TransferEnd& to_;
};

}  // namespace

TransferChunk::TransferChunk() : bytes(static_cast<uint8_t*>(enclave::heap_allocate(kSize))) {}
TransferChunk::~TransferChunk() {
    enclave::heap_free(bytes);
}

Result<uint64_t> give(File& from, TransferEnd& to, uint64_t count, Giving how, Waiting waiting) {
    uint64_t done = 0;
    auto ended = [&](Errno why) {
        return done > 0 ? Result<uint64_t>(done) : Result<uint64_t>(std::unexpected(why));
    };
    while (done < count) {
        EndSink sink(to);
        giving.lock();
        auto given = from.give_now(count - done, sink, how);
        giving.unlock();
        if (given && *given == 0)
            break;
        if (given) {
            done += *given;
            if (how == Giving::Copies)
                break;  // the same bytes would come again
            continue;
        }
        File& late = sink.sink_failed ? *to.file : from;
        late.refresh_status_flags();
        if (given.error().value != kEAGAIN || waiting == Waiting::No || late.is_non_blocking() ||
            done > 0)
            return ended(given.error());
        auto ready = wait_for_events(late, sink.sink_failed ? kPollOut : kPollIn);
        if (!ready)
            return ended(ready.error());
    }
    return done;
}

Result<uint64_t> transfer(TransferEnd& from, TransferEnd& to, uint64_t count, bool once) {
    TransferChunk chunk;
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
