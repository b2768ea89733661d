// Where the bytes of a read go and those of a write come from: memory of the program (a list of
// ranges, each access checked) or of the runtime.
//
// Side:    trusted
// Errors:  EFAULT from the program's memory
// Threads: belongs to one call
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/errno.h"

namespace scone::libos {

class IoBuffer {
  public:
    static IoBuffer of_runtime(void* memory, uint64_t size);
    static IoBuffer of_program(uint64_t address, uint64_t size);
    // iovec list; it is copied when this is made. EINVAL for a count above 1024 or a sum above
    // 2^63.
    static Result<IoBuffer> of_vectors(uint64_t address, uint64_t count, linux_abi::Iovec* storage);

    uint64_t size() const { return size_; }
    // Skips the first bytes: what was done is done.
    void advance(uint64_t count);
    // No more than this many bytes from here on.
    void limit(uint64_t count) { size_ = count < size_ ? count : size_; }

    // Where the bytes lie, in one piece, when that is memory of the runtime; null for the
    // program's.
    uint8_t* runtime_memory() const;

    // Copies `count` bytes at `offset` from the current position; the range lies inside size().
    Result<void> put(uint64_t offset, const void* from, uint64_t count) const;
    Result<void> get(uint64_t offset, void* to, uint64_t count) const;
    // From and to the host window's data area.
    Result<void> put_from_host(uint64_t offset, uint64_t host, uint64_t count) const;
    Result<void> get_to_host(uint64_t offset, uint64_t host, uint64_t count) const;

  private:
    template <class F>
    Result<void> for_parts(uint64_t offset, uint64_t count, F&& visit) const;

    const linux_abi::Iovec* parts_ = nullptr;  // more than one range
    linux_abi::Iovec single_{};
    uint64_t part_ = 0, skip_ = 0, size_ = 0;
    bool program_ = false;
};

inline constexpr uint64_t kMaximumVectors = 1024;

// An iovec list of the program, copied to the runtime's heap for the time of a call. The buffer
// that load() makes looks into it.
class ProgramVectors {
  public:
    ProgramVectors();
    ~ProgramVectors();
    ProgramVectors(const ProgramVectors&) = delete;
    ProgramVectors& operator=(const ProgramVectors&) = delete;
    // ENOMEM, and the errors of IoBuffer::of_vectors.
    Result<IoBuffer> load(uint64_t address, uint64_t count);

  private:
    linux_abi::Iovec* storage_;
};

}  // namespace scone::libos
