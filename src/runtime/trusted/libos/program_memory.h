// The only way to the program's memory: addresses that the program gave, checked, copied once.
//
// Side:    trusted
// Errors:  EFAULT when the range is not the program's or its rights forbid the access
// Threads: another thread may change or unmap the memory at any time; so every value is copied
//          first and looked at afterwards
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/text.h"

namespace scone::libos {

Result<void> copy_from_program(void* to, uint64_t from, uint64_t size);
Result<void> copy_to_program(uint64_t to, const void* from, uint64_t size);
Result<void> clear_program(uint64_t to, uint64_t size);
// Up to the NUL; ENAMETOOLONG when there is none within the path limit.
Result<void> copy_path(Path& to, uint64_t from);
// Atomic compare and exchange of a 32-bit word; hands back the value that was there.
Result<uint32_t> compare_exchange_program(uint64_t address, uint32_t expected, uint32_t desired);

// An address of a T in the program.
template <class T>
class AppPtr {
  public:
    explicit AppPtr(uint64_t address) : address_(address) {}
    explicit operator bool() const { return address_ != 0; }
    uint64_t address() const { return address_; }
    Result<T> load(uint64_t index = 0) const {
        T value;
        if (auto copied = copy_from_program(&value, address_ + index * sizeof(T), sizeof(T));
            !copied)
            return std::unexpected(copied.error());
        return value;
    }
    Result<void> store(const T& value, uint64_t index = 0) const {
        return copy_to_program(address_ + index * sizeof(T), &value, sizeof(T));
    }

  private:
    uint64_t address_;
};

}  // namespace scone::libos
