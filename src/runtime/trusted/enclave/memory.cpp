// memcpy and its kin for code that the compiler makes; local to the core after its partial link.
#include <cstddef>
#include <cstdint>

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
    void* result = to;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return result;
}
void* memset(void* to, int value, size_t size) {
    void* result = to;
    asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return result;
}
void* memmove(void* to, const void* from, size_t size) {
    auto* d = static_cast<uint8_t*>(to);
    auto* s = static_cast<const uint8_t*>(from);
    if (d <= s || d >= s + size)
        return memcpy(to, from, size);
    while (size-- > 0)
        d[size] = s[size];
    return to;
}
int memcmp(const void* a, const void* b, size_t size) {
    auto* x = static_cast<const uint8_t*>(a);
    auto* y = static_cast<const uint8_t*>(b);
    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}
size_t strlen(const char* text) {
    size_t size = 0;
    while (text[size] != 0)
        size++;
    return size;
}
void __cxa_pure_virtual() {
    __builtin_trap();
}
int __cxa_atexit(void (*)(void*), void*, void*) {
    return 0;
}
void* __dso_handle = nullptr;
}

// Objects of the core are made by heap_new and never deleted through a base class's delete.
void operator delete(void*, size_t) noexcept {
    __builtin_trap();
}
void operator delete(void*) noexcept {
    __builtin_trap();
}
