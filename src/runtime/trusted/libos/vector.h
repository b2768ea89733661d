// A growing array whose growth can fail.
//
// Side:    trusted
// Errors:  push and friends are false when the runtime's heap is exhausted
// Threads: as its owner
#pragma once

#include <cstddef>
#include <new>
#include <utility>

#include "runtime/trusted/enclave/heap.h"

namespace scone::libos {

template <class T>
class Vector {
  public:
    Vector() = default;
    Vector(Vector&& other) noexcept { swap(other); }
    Vector& operator=(Vector&& other) noexcept {
        swap(other);
        return *this;
    }
    Vector(const Vector&) = delete;
    Vector& operator=(const Vector&) = delete;
    ~Vector() {
        clear();
        enclave::heap_free(items_);
    }

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* data() { return items_; }
    const T* data() const { return items_; }
    T* begin() { return items_; }
    T* end() { return items_ + size_; }
    const T* begin() const { return items_; }
    const T* end() const { return items_ + size_; }
    // Preconditions: index < size().
    T& operator[](size_t index) { return items_[index]; }
    const T& operator[](size_t index) const { return items_[index]; }
    T& back() { return items_[size_ - 1]; }

    [[nodiscard]] bool reserve(size_t count) {
        if (count <= capacity_)
            return true;
        size_t capacity = capacity_ * 2 > count ? capacity_ * 2 : count;
        if (capacity < 4)
            capacity = 4;
        auto* items = static_cast<T*>(enclave::heap_allocate(capacity * sizeof(T)));
        if (items == nullptr)
            return false;
        for (size_t i = 0; i < size_; i++) {
            new (&items[i]) T(std::move(items_[i]));
            items_[i].~T();
        }
        enclave::heap_free(items_);
        items_ = items;
        capacity_ = capacity;
        return true;
    }
    [[nodiscard]] bool push(T value) {
        if (!reserve(size_ + 1))
            return false;
        new (&items_[size_++]) T(std::move(value));
        return true;
    }
    [[nodiscard]] bool insert(size_t at, T value) {
        if (!push(std::move(value)))
            return false;
        for (size_t i = size_ - 1; i > at; i--)
            std::swap(items_[i], items_[i - 1]);
        return true;
    }
    void erase(size_t at, size_t count = 1) {
        for (size_t i = at; i + count < size_; i++)
            items_[i] = std::move(items_[i + count]);
        for (size_t i = 0; i < count; i++)
            items_[--size_].~T();
    }
    [[nodiscard]] bool resize(size_t count) {
        if (!reserve(count))
            return false;
        while (size_ < count)
            new (&items_[size_++]) T();
        while (size_ > count)
            items_[--size_].~T();
        return true;
    }
    void clear() {
        while (size_ > 0)
            items_[--size_].~T();
    }
    void swap(Vector& other) noexcept {
        std::swap(items_, other.items_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

  private:
    T* items_ = nullptr;
    size_t size_ = 0, capacity_ = 0;
};

}  // namespace scone::libos
