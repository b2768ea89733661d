// The runtime's own heap: memory inside the enclave that the program cannot name.
//
// Side:    trusted
// Units:   bytes; every block is 16-byte aligned, blocks of a page or more are page aligned
// Errors:  nullptr when the region (960 MiB) or the host's EAUG is exhausted
// Threads: thread-safe; takes heap_lock last, no other lock is taken under it
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace scone::enclave {

void initialise_heap();
void* heap_allocate(size_t size);
void heap_free(void* memory);
// Whole pages, zeroed, for large tables; never given back.
void* heap_pages(size_t size);

template <class T, class... Args>
T* heap_new(Args&&... args) {
    void* memory = heap_allocate(sizeof(T));
    return memory == nullptr ? nullptr : new (memory) T(std::forward<Args>(args)...);
}
template <class T>
void heap_delete(T* object) {
    if (object == nullptr)
        return;
    object->~T();
    heap_free(object);
}

}  // namespace scone::enclave
