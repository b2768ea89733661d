#include "runtime/trusted/libos/pipe/pipe.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/poll.h"
#include "runtime/trusted/libos/vector.h"
#include "runtime/trusted/libos/vfs/transfer.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kPipeBuf = 4096, kDefaultCapacity = 65536;
// All pipes of this process: what fork walks over.
enclave::SpinLock list_lock;
Vector<Pipe*> list;
std::atomic<uint64_t> next_number{1};

uint32_t events_of(int fd, uint32_t events) {
    PollFd poll{fd, static_cast<int16_t>(events), 0};
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    Timespec now{};
    enclave::copy_to_host(at, &now, sizeof now);
    enclave::copy_to_host(at + 64, &poll, sizeof poll);
    int64_t result = host_call(__NR_ppoll, Interruptible::No, at + 64, 1, at, 0, 8);
    enclave::copy_from_host(&poll, at + 64, sizeof poll);
    return result > 0 ? static_cast<uint32_t>(poll.revents) : 0;
}
// A pipe that is full for this write may have lost its readers.
bool has_error(int fd) {
    return events_of(fd, kPollOut) & kPollErr;
}
bool has_ended(int fd) {
    return (events_of(fd, kPollIn) & (kPollIn | kPollHup)) == kPollHup;
}

class PipeTokens : public TokenMover {
  public:
    PipeTokens(uint64_t number, int fd) : number_(number), fd_(fd) {}
    int64_t move(uint64_t count) override {
        return enclave::checked_result(
            host_call(number_, Interruptible::No, static_cast<uint64_t>(fd_),
                      enclave::window_data(), count),
            count);
    }
    int64_t when_empty() override { return move(1); }
    int64_t when_full() override { return has_error(fd_) ? -kEPIPE : -kEAGAIN; }

  private:
    uint64_t number_;
    int fd_;
};

}  // namespace

Pipe::Pipe() {
    constexpr unsigned kPidShift = 24;
    number_ = static_cast<uint64_t>(current_process().pid) << kPidShift |
              next_number.fetch_add(1, std::memory_order_relaxed);
}

Pipe::~Pipe() {
    Guard guard(list_lock);
    for (size_t i = 0; i < list.size(); i++) {
        if (list[i] == this) {
            list[i] = list.back();
            list.erase(list.size() - 1);
            break;
        }
    }
}

Result<void> make_pipe(uint32_t flags, Ref<PipeEnd>& reader, Ref<PipeEnd>& writer) {
    auto pipe = make_ref<Pipe>();
    if (!pipe)
        return error(kENOMEM);
    SCONE_TRY(pipe->ring_.local().set_capacity(kDefaultCapacity));
    reader = make_ref<PipeEnd>(pipe, PipeEnd::Reader, kO_RDONLY | (flags & kO_NONBLOCK));
    writer = make_ref<PipeEnd>(pipe, PipeEnd::Writer, kO_WRONLY | (flags & kO_NONBLOCK));
    if (!reader || !writer)
        return error(kENOMEM);
    pipe->ends_[PipeEnd::Reader] = reader.get();
    pipe->ends_[PipeEnd::Writer] = writer.get();
    return Pipe::note(*pipe);
}

Result<void> Pipe::note(Pipe& pipe) {
    Guard guard(list_lock);
    return list.push(&pipe) ? Result<void>{} : error(kENOMEM);
}

Result<uint64_t> Pipe::read(PipeEnd& end, const IoBuffer& buffer) {
    for (;;) {
        lock_.lock();
        if (form_ != Form::Local) {
            auto result = read_tokens(end, buffer);
            lock_.unlock();
            if (result || result.error().value != kEAGAIN || !end.waits())
                return result;
            SCONE_TRY(wait_for_events(end, kPollIn));
            continue;
        }
        Sleepers::Wakes wakes;
        auto result = read_local(buffer, wakes);
        if (result || result.error().value != kEAGAIN || !end.waits()) {
            lock_.unlock();
            wakes.send();
            return result;
        }
        Sleepers::Sleeper sleeper(sleepers_);
        lock_.unlock();
        if (sleeper.sleep())
            continue;
        Guard guard(lock_);
        sleeper.leave();
        return error(kERESTARTSYS);
    }
}

Result<uint64_t> Pipe::read_local(const IoBuffer& buffer, Sleepers::Wakes& wakes) {
    if (ring_.local().size() == 0)
        return ends_[PipeEnd::Writer] == nullptr ? Result<uint64_t>(0) : error(kEAGAIN);
    uint64_t count = ring_.local().size() < buffer.size() ? ring_.local().size() : buffer.size();
    SCONE_TRY(ring_.local().peek(buffer, count));
    ring_.local().consume(count);
    ring_.local().restart_if_empty();
    sleepers_.wake_all(wakes);
    return count;
}

Result<uint64_t> Pipe::write(PipeEnd& end, IoBuffer buffer) {
    bool whole = buffer.size() <= kPipeBuf;
    uint64_t done = 0;
    auto ended = [&](Errno why) {
        return done > 0 ? Result<uint64_t>(done) : Result<uint64_t>(std::unexpected(why));
    };
    while (buffer.size() > 0) {
        lock_.lock();
        bool local = form_ == Form::Local;
        Sleepers::Wakes wakes;
        auto result = local ? write_local(buffer, whole, wakes) : write_tokens(end, buffer, whole);
        if (result) {
            lock_.unlock();
            wakes.send();
            done += *result;
            buffer.advance(*result);
            continue;
        }
        if (result.error().value != kEAGAIN || !end.waits()) {
            lock_.unlock();
            return ended(result.error());
        }
        if (!local) {
            lock_.unlock();
            if (auto ready = wait_for_events(end, kPollOut); !ready)
                return ended(ready.error());
            continue;
        }
        Sleepers::Sleeper sleeper(sleepers_);
        lock_.unlock();
        if (sleeper.sleep())
            continue;
        Guard guard(lock_);
        sleeper.leave();
        return ended(Errno{kERESTARTSYS});
    }
    return done;
}

Result<uint64_t> Pipe::write_local(const IoBuffer& buffer, bool whole, Sleepers::Wakes& wakes) {
    if (ends_[PipeEnd::Reader] == nullptr)
        return error(kEPIPE);
    uint64_t count = ring_.local().room() < buffer.size() ? ring_.local().room() : buffer.size();
    if (count == 0 || (whole && count < buffer.size()))
        return error(kEAGAIN);
    SCONE_TRY(ring_.local().stage(buffer, count));
    ring_.local().publish(count);
    sleepers_.wake_all(wakes);
    return count;
}

// As much as fits: what is spliced is no write that has to stay in one piece.
Result<uint64_t> Pipe::write_now(PipeEnd& end, const IoBuffer& buffer) {
    Sleepers::Wakes wakes;
    lock_.lock();
    auto result =
        form_ == Form::Local ? write_local(buffer, false, wakes) : write_tokens(end, buffer, false);
    lock_.unlock();
    wakes.send();
    return result;
}

Result<uint64_t> Pipe::give_now(PipeEnd& end, uint64_t count, ByteSink& sink, Giving how) {
    TransferChunk chunk;
    if (chunk.bytes == nullptr)
        return error(kENOMEM);
    if (count > TransferChunk::kSize)
        count = TransferChunk::kSize;
    Sleepers::Wakes wakes;
    lock_.lock();
    PipeTokens tokens(__NR_read, end.host_fd_);
    auto result = form_ == Form::Local
                      ? give_local(chunk.bytes, count, sink, how, wakes)
                      : ring_.give(chunk.bytes, count, {end.host_fd_}, tokens, sink, how);
    bool ended = !result && result.error().value == kEAGAIN && form_ != Form::Local &&
                 has_ended(end.host_fd_);
    lock_.unlock();
    wakes.send();
    return ended ? Result<uint64_t>(0) : result;
}

Result<uint64_t> Pipe::give_local(uint8_t* bytes, uint64_t count, ByteSink& sink, Giving how,
                                  Sleepers::Wakes& wakes) {
    ByteRing& ring = ring_.local();
    if (ring.size() == 0)
        return ends_[PipeEnd::Writer] == nullptr ? Result<uint64_t>(0) : error(kEAGAIN);
    if (count > ring.size())
        count = ring.size();
    IoBuffer buffer = IoBuffer::of_runtime(bytes, count);
    SCONE_TRY(ring.peek(buffer, count));
    uint64_t put = SCONE_TRY(sink.put(buffer));
    if (how == Giving::Away) {
        ring.consume(put);
        ring.restart_if_empty();
        sleepers_.wake_all(wakes);
    }
    return put;
}

Result<uint64_t> Pipe::read_tokens(PipeEnd& end, const IoBuffer& buffer) {
    PipeTokens tokens(__NR_read, end.host_fd_);
    return ring_.read(buffer, {end.host_fd_}, tokens);
}

Result<uint64_t> Pipe::write_tokens(PipeEnd& end, const IoBuffer& buffer, bool whole) {
    PipeTokens tokens(__NR_write, end.host_fd_);
    return ring_.write(buffer, {end.host_fd_}, tokens,
                       whole ? TokenRing::Writing::Whole : TokenRing::Writing::AsMuchAsFits);
}

Result<void> Pipe::make_backed() {
    constexpr uint64_t kSetPipeSize = 1031, kSetSignal = 10;
    int32_t fds[2];
    int64_t result = enclave::host_structure_call(__NR_pipe2, 0, fds, 0, sizeof fds, 0,
                                                  kO_NONBLOCK | kO_CLOEXEC);
    if (result < 0)
        return error(static_cast<int>(-result));
    auto fd = [&](unsigned side) { return static_cast<uint64_t>(fds[side]); };
    if (result >= 0 && ring_.local().capacity() != kDefaultCapacity)
        result =
            host_call(__NR_fcntl, Interruptible::No, fd(1), kSetPipeSize, ring_.local().capacity());
    if (result >= 0 && ring_.local().size() > 0) {
        result = enclave::checked_result(host_call(__NR_write, Interruptible::No, fd(1),
                                                   enclave::window_data(), ring_.local().size()),
                                         ring_.local().size());
        if (result >= 0 && static_cast<uint64_t>(result) != ring_.local().size())
            result = -kEIO;
    }
    // Marks of a pipe of tokens, for whoever receives it: a number that means nothing without
    // O_ASYNC.
    for (unsigned side = 0; side < 2 && result >= 0; side++)
        result = host_call(__NR_fcntl, Interruptible::No, fd(side), kSetSignal, kTokenMark);
    if (result < 0) {
        enclave::host_close(fds[0]);
        enclave::host_close(fds[1]);
        return error(static_cast<int>(-result));
    }
    for (unsigned side = 0; side < 2; side++) {
        if (ends_[side] != nullptr)
            ends_[side]->host_fd_ = fds[side];
        else
            enclave::host_close(fds[side]);
    }
    form_ = Form::Backed;
    Sleepers::Wakes wakes;
    sleepers_.wake_all(wakes);
    wakes.send();
    return {};
}

Result<void> Pipe::make_shared() {
    if (form_ == Form::Shared)
        return {};
    if (form_ == Form::Local)
        SCONE_TRY(make_backed());
    SCONE_TRY(ring_.share(ring_.local().capacity(), {}));
    for (unsigned side = 0; side < 2; side++)
        if (ends_[side] != nullptr)
            ring_.shared()->set_status_flags(side, ends_[side]->status_flags());
    form_ = Form::Shared;
    return {};
}

Result<void> Pipe::share_all() {
    for (Pipe* pipe : list)
        SCONE_TRY(pipe->make_shared());
    return {};
}

}  // namespace scone::libos
