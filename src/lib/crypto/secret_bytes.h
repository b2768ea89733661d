// A secret of any size: move only, wiped when it ends or is replaced.
//
// Side:    hosted
// Threads: as std::vector
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/secret.h"

namespace scone::crypto {

// Hands memory back only after wiping it: a growing vector leaves no old copies behind.
template <class T>
struct WipingAllocator {
    using value_type = T;
    WipingAllocator() = default;
    template <class U>
    WipingAllocator(const WipingAllocator<U>&) {}
    T* allocate(size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* memory, size_t count) {
        base::wipe(memory, count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }
    friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

class SecretBytes {
  public:
    SecretBytes() = default;
    explicit SecretBytes(size_t size) : bytes_(size) {}
    explicit SecretBytes(base::Bytes value) : bytes_(value.begin(), value.end()) {}
    explicit SecretBytes(std::string_view text) : SecretBytes(base::as_bytes(text)) {}
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;
    SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {
        other.bytes_.clear();
    }
    SecretBytes& operator=(SecretBytes&& other) noexcept {
        if (this != &other) {
            clear();
            bytes_ = std::move(other.bytes_);
            other.bytes_.clear();
        }
        return *this;
    }
    ~SecretBytes() { clear(); }

    // The one place where a copy is made on purpose.
    SecretBytes duplicate() const { return SecretBytes(base::Bytes(bytes_)); }
    void clear() {
        if (!bytes_.empty())
            base::wipe(bytes_.data(), bytes_.size());
        bytes_.clear();
    }

    void append(base::Bytes more) { bytes_.insert(bytes_.end(), more.begin(), more.end()); }

    size_t size() const { return bytes_.size(); }
    bool empty() const { return bytes_.empty(); }
    base::Bytes expose() const { return bytes_; }
    base::MutableBytes expose_mutable() { return bytes_; }
    std::string_view expose_text() const { return base::as_text(bytes_); }
    friend bool operator==(const SecretBytes& a, const SecretBytes& b) {
        return base::equal_in_constant_time(a.bytes_, b.bytes_);
    }

  private:
    std::vector<uint8_t, WipingAllocator<uint8_t>> bytes_;
};

}  // namespace scone::crypto
