// The bytes of a pipe of one process: a ring in the enclave's heap.
//
// Side:    trusted
// Threads: one that reads and one that writes at a time; what changes the memory, with neither
#pragma once

#include <atomic>
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
    uint64_t size() const {
        return tail_.load(std::memory_order_acquire) - head_.load(std::memory_order_acquire);
    }
    uint64_t room() const { return capacity_ - size(); }

    // Copies the first bytes; consume() takes them out. Preconditions: count <= size().
    Result<void> peek(const IoBuffer& to, uint64_t count) const;
    void consume(uint64_t count) { head_.fetch_add(count, std::memory_order_release); }
    // With nobody else: short messages stay in one cache line.
    void restart_if_empty();
    // Copies bytes behind the last one; publish() makes so many of them content.
    // Preconditions: count <= room().
    Result<void> stage(const IoBuffer& from, uint64_t count);
    void publish(uint64_t count) { tail_.fetch_add(count, std::memory_order_release); }
    // Takes back the last ones, which others may have copied but not consumed: when cuts() changed,
    // they copy again.
    void retract(uint64_t count);
    uint64_t cuts() const { return cuts_.load(std::memory_order_seq_cst); }

  private:
    uint8_t* bytes_ = nullptr;
    uint64_t capacity_ = 0;
    std::atomic<uint64_t> head_{0}, tail_{0}, cuts_{0};
};

}  // namespace scone::libos
