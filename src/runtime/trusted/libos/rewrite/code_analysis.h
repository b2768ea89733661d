// Makes a patch plan inside the enclave, for a file that came without an accepted one.
//
// Side:    trusted
// Errors:  an empty plan: not an ELF program, no sites, or no memory for the analysis
// Threads: pure functions; memory from the runtime's heap
#pragma once

#include "lib/base/bytes.h"
#include "runtime/trusted/enclave/heap.h"

namespace scone::libos {

// A block of the runtime's heap that goes back by itself.
class HeapBytes {
  public:
    HeapBytes() = default;
    explicit HeapBytes(size_t size)
        : memory_(static_cast<uint8_t*>(enclave::heap_allocate(size))),
          size_(memory_ == nullptr ? 0 : size) {}
    HeapBytes(HeapBytes&& other) noexcept { swap(other); }
    HeapBytes& operator=(HeapBytes&& other) noexcept {
        swap(other);
        return *this;
    }
    HeapBytes(const HeapBytes&) = delete;
    HeapBytes& operator=(const HeapBytes&) = delete;
    ~HeapBytes() { enclave::heap_free(memory_); }

    explicit operator bool() const { return memory_ != nullptr; }
    base::MutableBytes bytes() { return {memory_, size_}; }
    void* data() { return memory_; }
    void shrink(size_t size) { size_ = size < size_ ? size : size_; }

  private:
    void swap(HeapBytes& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(size_, other.size_);
    }
    uint8_t* memory_ = nullptr;
    size_t size_ = 0;
};

// The plan of a whole ELF file, encoded. Its digest field is zero: it never leaves this process.
HeapBytes make_plan(base::Bytes file);

}  // namespace scone::libos
