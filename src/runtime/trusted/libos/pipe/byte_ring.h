// The bytes of a pipe of one process: a ring in the enclave's heap.
//
// Side:    trusted
// Threads: as its owner, the pipe
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/vfs/io_buffer.h"

namespace scone::libos {

class ByteRing {
  public:
    ~ByteRing();
    // Keeps the content. Preconditions: capacity is a power of two, not below size().
    Result<void> set_capacity(uint64_t capacity);
    void release();
    uint64_t capacity() const { return capacity_; }
    uint64_t size() const { return tail_ - head_; }
    uint64_t room() const { return capacity_ - size(); }

    // Copies the first bytes; consume() takes them out. Preconditions: count <= size().
    Result<void> peek(const IoBuffer& to, uint64_t count) const;
    void consume(uint64_t count);
    // Copies bytes behind the last one; publish() makes so many of them content.
    // Preconditions: count <= room().
    Result<void> stage(const IoBuffer& from, uint64_t count);
    void publish(uint64_t count) { tail_ += count; }

  private:
    uint8_t* bytes_ = nullptr;
    uint64_t capacity_ = 0, head_ = 0, tail_ = 0;
};

}  // namespace scone::libos
