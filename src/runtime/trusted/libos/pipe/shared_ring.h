// The bytes of a pipe, or of one direction of a pair of stream sockets, that several processes of
// one program hold: encrypted records in memory that the processes and the host share.
// docs/formats/shared-pipe.md is the layout.
//
// Side:    trusted
// Errors:  EIO when the host changed what it may not change; ENOMEM, EMFILE
// Threads: between lock() and unlock(); the lock works across processes. When its owner died, the
//          next one takes it and repairs the positions by the number of tokens at the host.
// HOST:    positions, records and the lock lie in its reach: it can stop a pipe, and feed one
//          process what another one already took. It cannot read, invent, change or reorder bytes.
#pragma once

#include <cstdint>

#include "lib/aead/aes_gcm.h"
#include "runtime/trusted/libos/pipe/channel_key.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/vfs/io_buffer.h"

namespace scone::libos {

// Where the tokens of a ring can be counted. Who only writes to a socket cannot count those that
// the other side has not read, but learns when there are none.
struct TokenCount {
    enum class Tells : uint8_t { Number, WhetherEmpty };
    int fd;
    Tells tells = Tells::Number;
};

class SharedRing : public RefCounted {
  public:
    static constexpr uint64_t kMaximumCapacity = 1 << 20;

    static Result<Ref<SharedRing>> make(uint64_t capacity, const ChannelName& name);
    // One that another process of this program made; takes the descriptor over. EIO for a
    // stranger's.
    static Result<Ref<SharedRing>> open(int memory_fd);
    const ChannelName& name() const { return name_; }
    int memory_descriptor() const { return memory_fd_; }
    SharedRing() = default;
    ~SharedRing() override;

    // Writers and readers do not wait for each other: what follows each lock belongs to its side.
    // `tokens` is for repairs. EAGAIN: a repair has to wait until there are none.
    enum class Side : uint8_t { Reading, Writing };
    Result<void> lock(Side side, TokenCount tokens);
    void unlock(Side side);

    // Bytes in the ring; a few of them may have no tokens yet. Needs no lock.
    Result<uint64_t> size();
    uint64_t capacity() const;
    // Takes both locks. Preconditions: the content has its place in it.
    Result<void> set_capacity(uint64_t capacity, TokenCount tokens);
    // O_NONBLOCK and such of the two ends, which all processes share; these need no lock.
    uint32_t status_flags(unsigned end) const;
    void set_status_flags(unsigned end, uint32_t flags);

    // EAGAIN where they cannot be counted.
    static Result<uint64_t> count_tokens(TokenCount tokens);

    // Reading: copies the first bytes, and takes them out. Tokens are read between begin_taking()
    // and taken(). Bytes without tokens may be replaced by others until then: when cuts() changed,
    // those that got tokens are to be copied again. peek() hands back how many it copied.
    uint64_t cuts() const;
    Result<uint64_t> peek(const IoBuffer& to, uint64_t count);
    void begin_taking();
    Result<void> taken(uint64_t count);
    // Writing: seals bytes behind the last one; hands back how many had a place. give() makes
    // them content, then tokens are written, then given() takes back those that found no tokens.
    Result<uint64_t> stage(const IoBuffer& from, uint64_t count);
    Result<void> give(uint64_t count);
    Result<void> given(uint64_t staged, uint64_t count);

  private:
    struct Position {
        uint64_t head, tail, record_head, record_tail;
    };
    struct RecordHead {
        uint64_t start, size;
        uint8_t nonce[12], pad[4], tag[16];
    };

    Result<Position> position();
    uint64_t slot_of(uint64_t index) const;
    RecordHead record_head(uint64_t index, uint64_t* version = nullptr) const;
    // Leaves the record's bytes in plain_.
    Result<RecordHead> open_record(uint64_t index);
    Result<void> seal_record(uint64_t index, bool replaces, uint64_t start, uint64_t size);
    // The record at the head, with what was taken out before skipped.
    Result<bool> first_record(Position& at, RecordHead& head);
    Result<RecordHead> try_open_record(uint64_t index);
    void cut_tail(const Position& at, uint64_t tail);
    Result<void> move_records(uint64_t capacity);
    Result<void> repair(TokenCount source);
    uint64_t lock_address(Side side) const;
    uint64_t word(uint64_t offset) const;
    void set_word(uint64_t offset, uint64_t value);

    static Result<Ref<SharedRing>> over_memory(int memory_fd);

    ChannelName name_;
    int memory_fd_ = -1;
    uint64_t base_ = 0;
    uint8_t* memory_ = nullptr;  // key_, plain_ and sealed_ lie in it
    aead::GcmKeyContext* key_ = nullptr;
    uint8_t* plain_ = nullptr;   // one record, decrypted: the one that opened_ describes
    uint8_t* sealed_ = nullptr;  // one record on its way in or out
    RecordHead opened_{};        // size 0: none
    // What this process saw last of what stays: neither goes back.
    uint64_t seen_head_ = 0, seen_tail_ = 0;
};

}  // namespace scone::libos
