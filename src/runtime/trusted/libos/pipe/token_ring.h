// Bytes for which the host's kernel holds one meaningless byte (a token) each, in a pipe or socket
// of its own: readiness, order of the ends and all that Linux says of the file is the kernel's,
// content is the ring's.
//
// Side:    trusted
// The bytes lie in the enclave's heap while one process has them, and in a SharedRing from the
// first fork on. Errors:  EAGAIN, those of the mover, EFAULT, EIO when the host breaks its word
// Threads: while the bytes lie in the heap, one thread may read and one write at a time; otherwise
//          one alone. The owner sees to that. Nothing here waits
#pragma once

#include "runtime/trusted/libos/pipe/byte_ring.h"
#include "runtime/trusted/libos/pipe/shared_ring.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

// Moves tokens without waiting. Results are counts, or -errno.
class TokenMover {
  public:
    virtual int64_t move(uint64_t count) = 0;
    // The ring has nothing to read: 0 at the end, -EAGAIN, or a token that came meanwhile.
    virtual int64_t when_empty() = 0;
    // The ring has no room: -EPIPE, -EAGAIN.
    virtual int64_t when_full() = 0;

  protected:
    ~TokenMover() = default;
};

class TokenRing {
  public:
    // Bytes per call: as many tokens as fit into the window.
    static constexpr uint64_t kMaximumStep = 65536;
    enum class Reading : bool { Taking, Looking };  // Looking: the mover leaves the tokens too
    enum class Writing : bool { AsMuchAsFits, Whole };

    // Copies before it takes, so that a bad buffer loses nothing. Bytes may be copied behind those
    // that were read.
    Result<uint64_t> read(const IoBuffer& buffer, TokenCount tokens, TokenMover& mover,
                          Reading how = Reading::Taking);
    Result<uint64_t> write(const IoBuffer& buffer, TokenCount tokens, TokenMover& mover,
                           Writing how);
    // The first bytes go to the sink, those that it took out of the ring. Preconditions: `bytes`
    // has room for `count`; nobody else reads or writes in this process.
    Result<uint64_t> give(uint8_t* bytes, uint64_t count, TokenCount tokens, TokenMover& mover,
                          ByteSink& sink, Giving how);
    Result<uint64_t> size() const;
    // What the local ring may grow to when there is no room. Preconditions: a power of two.
    void set_limit(uint64_t limit) { limit_ = limit; }
    bool wants_room(uint64_t count) const;
    // With neither reader nor writer. Without memory the ring stays as it is.
    void make_room(uint64_t count);

    ByteRing& local() { return local_; }
    SharedRing* shared() const { return shared_.get(); }
    Result<void> share(uint64_t capacity, const ChannelName& name);
    // A ring that another process made.
    void adopt(Ref<SharedRing> ring) { shared_ = std::move(ring); }

  private:
    Result<uint64_t> read_local(const IoBuffer& buffer, uint64_t count, TokenMover& mover,
                                Reading how);
    Result<uint64_t> read_shared(const IoBuffer& buffer, uint64_t count, uint64_t taken,
                                 TokenMover& mover, Reading how);

    ByteRing local_;
    uint64_t limit_ = 0;
    Ref<SharedRing> shared_;
};

}  // namespace scone::libos
