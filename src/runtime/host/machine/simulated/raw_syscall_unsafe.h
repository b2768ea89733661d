// System calls without the C library: no errno, no cancellation, no thread-local storage.
//
// Side:   host
// Result: what the kernel put into RAX, -errno on failure
#pragma once

#include <cstdint>

namespace scone::machine {

inline int64_t raw_syscall(uint64_t number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0,
                           uint64_t d = 0, uint64_t e = 0, uint64_t f = 0) {
    int64_t result;
    register uint64_t r10 asm("r10") = d;
    register uint64_t r8 asm("r8") = e;
    register uint64_t r9 asm("r9") = f;
    // SAFETY: the kernel changes RAX, RCX, R11 and the memory that the call names.
    asm volatile("syscall"
                 : "=a"(result)
                 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}

// SAFETY: addresses are passed as numbers by design of the kernel's interface.
inline uint64_t address_of(const void* pointer) {
    return reinterpret_cast<uint64_t>(pointer);
}
template <class T>
T* pointer_to(uint64_t address) {
    return reinterpret_cast<T*>(address);
}

}  // namespace scone::machine
