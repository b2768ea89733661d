// A secret of fixed size: not copied, not printed, compared in constant time, wiped at its end.
//
// Side: both
#pragma once

#include "lib/base/bytes.h"

namespace scone::base {

// Overwrites memory in a way the compiler may not remove.
void wipe(void* memory, size_t size);
// True when equal; takes the same time wherever the first difference lies.
bool equal_in_constant_time(Bytes a, Bytes b);

template <size_t N>
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::span<const uint8_t, N> value) {
        __builtin_memcpy(bytes_.data(), value.data(), N);
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.clear(); }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            bytes_ = other.bytes_;
            other.clear();
        }
        return *this;
    }
    ~Secret() { clear(); }

    // The one place where a copy is made on purpose: giving the same key to a second holder.
    Secret duplicate() const { return Secret(std::span<const uint8_t, N>(bytes_)); }
    void clear() { wipe(bytes_.data(), N); }

    std::span<const uint8_t, N> expose() const { return bytes_; }
    std::span<uint8_t, N> expose_mutable() { return bytes_; }
    friend bool operator==(const Secret& a, const Secret& b) {
        return equal_in_constant_time(a.bytes_, b.bytes_);
    }

  private:
    ByteArray<N> bytes_{};
};

}  // namespace scone::base
