#include "runtime/trusted/libos/pipe/token_ring.h"

#include "lib/base/secret.h"
#include "runtime/trusted/enclave/heap.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

// The shared ring's lock for the time of a transfer; nothing for a ring of this process alone.
class RingLock {
  public:
    RingLock(SharedRing* ring, SharedRing::Side side) : ring_(ring), side_(side) {}
    ~RingLock() {
        if (locked_)
            ring_->unlock(side_);
    }
    RingLock(const RingLock&) = delete;
    RingLock& operator=(const RingLock&) = delete;
    Result<void> lock(TokenCount tokens) {
        if (ring_ == nullptr)
            return {};
        SCONE_TRY(ring_->lock(side_, tokens));
        locked_ = true;
        return {};
    }

  private:
    SharedRing* ring_;
    SharedRing::Side side_;
    bool locked_ = false;
};

uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

}  // namespace

Result<uint64_t> TokenRing::size() const {
    return shared_ ? shared_->size() : local_.size();
}

Result<uint64_t> TokenRing::read(const IoBuffer& buffer, TokenCount tokens, TokenMover& mover,
                                 Reading how) {
    RingLock lock(shared_.get(), SharedRing::Side::Reading);
    SCONE_TRY(lock.lock(tokens));
    uint64_t content = SCONE_TRY(size()), taken = 0;
    if (content == 0) {
        // A writer of another process may bring the first bytes meanwhile.
        int64_t result = mover.when_empty();
        if (result <= 0)
            return from_kernel(result);
        taken = static_cast<uint64_t>(result);
        if (SCONE_TRY(size()) < taken)
            return error(kEIO);
    }
    uint64_t count = taken > 0 ? taken : smaller(smaller(content, buffer.size()), kMaximumStep);
    return shared_ ? read_shared(buffer, count, taken, mover, how)
                   : read_local(buffer, count, mover, how);
}

Result<uint64_t> TokenRing::read_local(const IoBuffer& buffer, uint64_t count, TokenMover& mover,
                                       Reading how) {
    uint64_t cuts = local_.cuts();
    SCONE_TRY(local_.peek(buffer, count));
    int64_t result = mover.move(count);
    if (result <= 0)
        return from_kernel(result);
    auto taken = static_cast<uint64_t>(result);
    auto again = local_.cuts() != cuts ? local_.peek(buffer, taken) : Result<void>{};
    if (how == Reading::Taking)
        local_.consume(taken);
    SCONE_TRY(std::move(again));
    return taken;
}

Result<uint64_t> TokenRing::read_shared(const IoBuffer& buffer, uint64_t count, uint64_t taken,
                                        TokenMover& mover, Reading how) {
    uint64_t cuts = shared_->cuts();
    count = SCONE_TRY(shared_->peek(buffer, count));
    if (count == 0)
        return error(taken > 0 ? kEIO : kEAGAIN);
    if (how == Reading::Taking)
        shared_->begin_taking();
    int64_t result = taken > 0 ? static_cast<int64_t>(taken) : mover.move(count);
    taken = result > 0 ? static_cast<uint64_t>(result) : 0;
    Result<uint64_t> again = taken;
    if (taken > 0 && shared_->cuts() != cuts)
        again = shared_->peek(buffer, taken);
    if (how == Reading::Taking)
        SCONE_TRY(shared_->taken(taken));
    if (!again || *again != taken)
        return error(kEIO);
    return from_kernel(result);
}

// Bytes without tokens may be taken back: the sink gets only what has some, which nobody else can
// take meanwhile.
Result<uint64_t> TokenRing::give(uint8_t* bytes, uint64_t count, TokenCount tokens,
                                 TokenMover& mover, ByteSink& sink, Giving how) {
    RingLock lock(shared_.get(), SharedRing::Side::Reading);
    SCONE_TRY(lock.lock(tokens));
    uint64_t there = SCONE_TRY(SharedRing::count_tokens(tokens));
    count = smaller(smaller(SCONE_TRY(size()), there), smaller(count, kMaximumStep));
    if (count == 0)
        return error(kEAGAIN);
    IoBuffer buffer = IoBuffer::of_runtime(bytes, count);
    if (shared_)
        count = SCONE_TRY(shared_->peek(buffer, count));
    else
        SCONE_TRY(local_.peek(buffer, count));
    buffer.limit(count);
    uint64_t put = SCONE_TRY(sink.put(buffer));
    if (how == Giving::Copies || put == 0)
        return put;
    if (shared_)
        shared_->begin_taking();
    int64_t moved = mover.move(put);
    if (moved < 0 || static_cast<uint64_t>(moved) != put)
        return error(kEIO);
    if (shared_)
        SCONE_TRY(shared_->taken(put));
    else
        local_.consume(put);
    return put;
}

bool TokenRing::wants_room(uint64_t count) const {
    return !shared_ && local_.room() < count && local_.capacity() < limit_;
}
void TokenRing::make_room(uint64_t count) {
    uint64_t capacity = local_.capacity();
    while (capacity - local_.size() < count && capacity < limit_)
        capacity *= 2;
    if (capacity > local_.capacity())
        (void)local_.set_capacity(capacity);
}

Result<uint64_t> TokenRing::write(const IoBuffer& buffer, TokenCount tokens, TokenMover& mover,
                                  Writing how) {
    RingLock lock(shared_.get(), SharedRing::Side::Writing);
    SCONE_TRY(lock.lock(tokens));
    uint64_t count = smaller(buffer.size(), kMaximumStep);
    if (shared_)
        count = SCONE_TRY(shared_->stage(buffer, count));
    else
        count = smaller(count, local_.room());
    if (count == 0 || (how == Writing::Whole && count < buffer.size()))
        return from_kernel(mover.when_full());
    if (shared_) {
        SCONE_TRY(shared_->give(count));
    } else {
        SCONE_TRY(local_.stage(buffer, count));
        local_.publish(count);
    }
    int64_t result = mover.move(count);
    uint64_t given = result > 0 ? static_cast<uint64_t>(result) : 0;
    if (shared_)
        SCONE_TRY(shared_->given(count, given));
    else if (given < count)
        local_.retract(count - given);
    return result == 0 ? error(kEIO) : from_kernel(result);
}

Result<void> TokenRing::share(uint64_t capacity, const ChannelName& name) {
    Ref<SharedRing> ring = SCONE_TRY(SharedRing::make(capacity, name));
    if (uint64_t size = local_.size(); size > 0) {
        auto* bytes = static_cast<uint8_t*>(enclave::heap_allocate(size));
        if (bytes == nullptr)
            return error(kENOMEM);
        IoBuffer buffer = IoBuffer::of_runtime(bytes, size);
        auto moved = local_.peek(buffer, size);
        auto staged = ring->stage(buffer, size);
        base::wipe(bytes, size);
        enclave::heap_free(bytes);
        if (!moved || !staged || *staged != size)
            return error(kEIO);
        SCONE_TRY(ring->give(size));
        SCONE_TRY(ring->given(size, size));
    }
    shared_ = ring;
    local_.release();
    return {};
}

}  // namespace scone::libos
