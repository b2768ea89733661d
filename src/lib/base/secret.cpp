#include "lib/base/secret.h"

namespace scone::base {

void wipe(void* memory, size_t size) {
    if (size == 0)
        return;  // the memory of an empty span may have no address
    __builtin_memset(memory, 0, size);
    // The compiler must assume that the memory is read here, so the stores above stay.
    asm volatile("" : : "r"(memory) : "memory");
}

bool equal_in_constant_time(Bytes a, Bytes b) {
    if (a.size() != b.size())
        return false;
    unsigned difference = 0;
    for (size_t i = 0; i < a.size(); i++)
        difference |= static_cast<unsigned>(a[i] ^ b[i]);
    return difference == 0;
}

}  // namespace scone::base
