// Reading and writing host memory: whole aligned words, each read once.
//
// Side:    trusted
// Threads: pure functions on ranges that only this thread's window holds
// Source:  INTEL-SA-00615 and -00657: accesses to host memory in aligned 8-byte steps
#pragma once

#include <cstddef>
#include <cstdint>

namespace scone::enclave {

// SAFETY: callers pass addresses inside their window, which was_checked when the thread entered.
inline uint64_t host_load(const void* address) {
    return *static_cast<const volatile uint64_t*>(address);
}
inline void host_store(void* address, uint64_t value) {
    *static_cast<volatile uint64_t*>(address) = value;
}

// For the words that the host's handlers change too.
inline uint64_t host_exchange(uint64_t* address, uint64_t value) {
    asm volatile("xchg %0, %1" : "+r"(value), "+m"(*address) : : "memory");
    return value;
}

// `host` is 8-byte aligned and has room for size rounded up to 8.
inline void copy_to_host(uint64_t host, const void* from, size_t size) {
    size_t words = size / 8;
    const void* source = from;
    uint64_t to = host;
    asm volatile("rep movsq" : "+D"(to), "+S"(source), "+c"(words) : : "memory");
    if (size_t rest = size % 8) {
        uint64_t last = 0;
        __builtin_memcpy(&last, source, rest);
        host_store(reinterpret_cast<void*>(to), last);
    }
}
inline void copy_from_host(void* to, uint64_t host, size_t size) {
    size_t words = size / 8;
    void* target = to;
    uint64_t from = host;
    asm volatile("rep movsq" : "+D"(target), "+S"(from), "+c"(words) : : "memory");
    if (size_t rest = size % 8) {
        uint64_t last = host_load(reinterpret_cast<const void*>(from));
        __builtin_memcpy(target, &last, rest);
    }
}

}  // namespace scone::enclave
