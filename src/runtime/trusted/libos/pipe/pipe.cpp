#include "runtime/trusted/libos/pipe/pipe.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/poll.h"
#include "runtime/trusted/libos/vector.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kPipeBuf = 4096, kDefaultCapacity = 65536;
// Bytes per turn: as many tokens as fit into the window.
constexpr uint64_t kMaximumStep = 65536;

// All pipes of this process: what fork walks over.
enclave::SpinLock list_lock;
Vector<Pipe*> list;
std::atomic<uint64_t> next_number{1};

int64_t move_tokens(uint64_t number, int fd, uint64_t count) {
    return enclave::checked_result(host_call(number, Interruptible::No, static_cast<uint64_t>(fd),
                                             enclave::window_data(), count),
                                   count);
}

// A pipe that is full for this write may have lost its readers.
bool has_error(int fd) {
    PollFd poll{fd, static_cast<int16_t>(kPollOut), 0};
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    Timespec now{};
    enclave::copy_to_host(at, &now, sizeof now);
    enclave::copy_to_host(at + 64, &poll, sizeof poll);
    int64_t result = host_call(__NR_ppoll, Interruptible::No, at + 64, 1, at, 0, 8);
    enclave::copy_from_host(&poll, at + 64, sizeof poll);
    return result > 0 && (static_cast<uint32_t>(poll.revents) & kPollErr);
}

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
    SCONE_TRY(pipe->ring_.set_capacity(kDefaultCapacity));
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
    if (ring_.size() == 0)
        return ends_[PipeEnd::Writer] == nullptr ? Result<uint64_t>(0) : error(kEAGAIN);
    uint64_t count = ring_.size() < buffer.size() ? ring_.size() : buffer.size();
    SCONE_TRY(ring_.peek(buffer, count));
    ring_.consume(count);
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
    uint64_t count = ring_.room() < buffer.size() ? ring_.room() : buffer.size();
    if (count == 0 || (whole && count < buffer.size()))
        return error(kEAGAIN);
    SCONE_TRY(ring_.stage(buffer, count));
    ring_.publish(count);
    sleepers_.wake_all(wakes);
    return count;
}

// The shared ring's lock for the time of a transfer; nothing for a pipe of this process alone.
namespace {
class RingLock {
  public:
    RingLock(SharedRing* ring, SharedRing::Side side) : ring_(ring), side_(side) {}
    ~RingLock() {
        if (locked_)
            ring_->unlock(side_);
    }
    RingLock(const RingLock&) = delete;
    RingLock& operator=(const RingLock&) = delete;
    Result<void> lock(int token_fd) {
        if (ring_ == nullptr)
            return {};
        SCONE_TRY(ring_->lock(side_, token_fd));
        locked_ = true;
        return {};
    }

  private:
    SharedRing* ring_;
    SharedRing::Side side_;
    bool locked_ = false;
};
}  // namespace

Result<uint64_t> Pipe::content_size() {
    return shared_ ? shared_->size() : ring_.size();
}

Result<uint64_t> Pipe::read_tokens(PipeEnd& end, const IoBuffer& buffer) {
    int fd = end.host_fd_;
    SharedRing* shared = shared_.get();
    RingLock lock(shared, SharedRing::Side::Reading);
    SCONE_TRY(lock.lock(fd));
    uint64_t taken = 0;
    uint64_t size = SCONE_TRY(content_size());
    if (size == 0) {
        // The end, or nothing now. A writer of another process may bring the first bytes meanwhile.
        int64_t result = move_tokens(__NR_read, fd, 1);
        if (result <= 0)
            return from_kernel(result);
        taken = 1;
        size = SCONE_TRY(content_size());
        if (size == 0)
            return error(kEIO);
    }
    uint64_t count = size < buffer.size() ? size : buffer.size();
    if (count > kMaximumStep || taken > 0)
        count = taken > 0 ? taken : kMaximumStep;
    if (shared == nullptr) {
        SCONE_TRY(ring_.peek(buffer, count));
        int64_t result = move_tokens(__NR_read, fd, count);
        if (result > 0)
            ring_.consume(static_cast<uint64_t>(result));
        return from_kernel(result);
    }
    uint64_t cuts = shared->cuts();
    count = SCONE_TRY(shared->peek(buffer, count));
    if (count == 0)
        return error(taken > 0 ? kEIO : kEAGAIN);
    shared->begin_taking();
    int64_t result = taken > 0 ? static_cast<int64_t>(taken) : move_tokens(__NR_read, fd, count);
    taken = result > 0 ? static_cast<uint64_t>(result) : 0;
    Result<uint64_t> again = taken;
    if (taken > 0 && shared->cuts() != cuts)
        again = shared->peek(buffer, taken);
    SCONE_TRY(shared->taken(taken));
    if (!again || *again != taken)
        return error(kEIO);
    return from_kernel(result);
}

Result<uint64_t> Pipe::write_tokens(PipeEnd& end, const IoBuffer& buffer, bool whole) {
    int fd = end.host_fd_;
    SharedRing* shared = shared_.get();
    RingLock lock(shared, SharedRing::Side::Writing);
    SCONE_TRY(lock.lock(fd));
    uint64_t count = buffer.size() < kMaximumStep ? buffer.size() : kMaximumStep;
    if (shared != nullptr)
        count = SCONE_TRY(shared->stage(buffer, count));
    else if (count > ring_.room())
        count = ring_.room();
    if (count == 0 || (whole && count < buffer.size()))
        return error(has_error(fd) ? kEPIPE : kEAGAIN);
    if (shared != nullptr)
        SCONE_TRY(shared->give(count));
    else
        SCONE_TRY(ring_.stage(buffer, count));
    int64_t result = move_tokens(__NR_write, fd, count);
    uint64_t given = result > 0 ? static_cast<uint64_t>(result) : 0;
    if (shared != nullptr)
        SCONE_TRY(shared->given(count, given));
    else
        ring_.publish(given);
    return result == 0 ? error(kEIO) : from_kernel(result);
}

Result<void> Pipe::make_backed() {
    constexpr uint64_t kSetPipeSize = 1031, kSetSignal = 10;
    int32_t fds[2];
    int64_t result = enclave::host_structure_call(__NR_pipe2, 0, fds, 0, sizeof fds, 0,
                                                  kO_NONBLOCK | kO_CLOEXEC);
    if (result < 0)
        return error(static_cast<int>(-result));
    auto fd = [&](unsigned side) { return static_cast<uint64_t>(fds[side]); };
    if (result >= 0 && ring_.capacity() != kDefaultCapacity)
        result = host_call(__NR_fcntl, Interruptible::No, fd(1), kSetPipeSize, ring_.capacity());
    if (result >= 0 && ring_.size() > 0) {
        result = enclave::checked_result(
            host_call(__NR_write, Interruptible::No, fd(1), enclave::window_data(), ring_.size()),
            ring_.size());
        if (result >= 0 && static_cast<uint64_t>(result) != ring_.size())
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
    Ref<SharedRing> ring = SCONE_TRY(SharedRing::make(ring_.capacity()));
    if (uint64_t size = ring_.size(); size > 0) {
        auto* bytes = static_cast<uint8_t*>(enclave::heap_allocate(size));
        if (bytes == nullptr)
            return error(kENOMEM);
        IoBuffer buffer = IoBuffer::of_runtime(bytes, size);
        auto moved = ring_.peek(buffer, size);
        auto staged = ring->stage(buffer, size);
        base::wipe(bytes, size);
        enclave::heap_free(bytes);
        if (!moved || !staged || *staged != size)
            return error(kEIO);
        SCONE_TRY(ring->give(size));
        SCONE_TRY(ring->given(size, size));
    }
    for (unsigned side = 0; side < 2; side++)
        if (ends_[side] != nullptr)
            ring->set_status_flags(side, ends_[side]->status_flags());
    shared_ = ring;
    ring_.release();
    form_ = Form::Shared;
    return {};
}

Result<void> Pipe::share_all() {
    SCONE_TRY(SharedRing::make_family_key());
    for (Pipe* pipe : list)
        SCONE_TRY(pipe->make_shared());
    return {};
}

}  // namespace scone::libos
