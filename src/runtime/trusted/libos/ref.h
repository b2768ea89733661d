// Shared ownership of objects on the runtime's heap: a counter inside the object.
//
// Side:    trusted
// Threads: the counter is atomic; the object itself guards its state as its header says
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "runtime/trusted/enclave/heap.h"

namespace scone::libos {

class RefCounted {
  public:
    RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;
    virtual ~RefCounted() = default;
    void retain() { count_.fetch_add(1, std::memory_order_relaxed); }
    void release() {
        if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            // The destructor runs by the virtual table; the memory goes back to the heap.
            void* memory = dynamic_address();
            this->~RefCounted();
            enclave::heap_free(memory);
        }
    }
    // False when the last reference is gone already: for lists that hold none.
    bool retain_if_alive() {
        uint32_t count = count_.load(std::memory_order_relaxed);
        while (count != 0)
            if (count_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed))
                return true;
        return false;
    }
    uint32_t reference_count() const { return count_.load(std::memory_order_relaxed); }

  protected:
    // Single inheritance only: the object starts where its first base does.
    void* dynamic_address() { return this; }

  private:
    std::atomic<uint32_t> count_{0};
};

template <class T>
class Ref {
  public:
    Ref() = default;
    Ref(std::nullptr_t) {}
    explicit Ref(T* object) : object_(object) {
        if (object_ != nullptr)
            object_->retain();
    }
    Ref(const Ref& other) : Ref(other.object_) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <class U>
    Ref(const Ref<U>& other) : Ref(static_cast<T*>(other.get())) {}
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        if (object_ != nullptr)
            object_->release();
    }
    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }
    friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

  private:
    T* object_ = nullptr;
};

// An empty Ref when the heap is exhausted.
template <class T, class... Args>
Ref<T> make_ref(Args&&... args) {
    return Ref<T>(enclave::heap_new<T>(std::forward<Args>(args)...));
}

}  // namespace scone::libos
