// Views of raw bytes, and the few operations on them that need no C library.
//
// Side:    both
// Threads: pure functions
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace scone::base {

using Bytes = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;
template <size_t N>
using ByteArray = std::array<uint8_t, N>;

inline Bytes as_bytes(std::string_view text) {
    // SAFETY: a char may be looked at as an unsigned byte.
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
    // SAFETY: as above, the other way.
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Copies as much as both hold. (An empty span may have no address, which memcpy must not see.)
inline void copy_bytes(MutableBytes to, Bytes from) {
    size_t size = from.size() < to.size() ? from.size() : to.size();
    if (size != 0)
        __builtin_memcpy(to.data(), from.data(), size);
}
inline void fill_bytes(MutableBytes to, uint8_t value) {
    if (!to.empty())
        __builtin_memset(to.data(), value, to.size());
}
inline bool equal_bytes(Bytes a, Bytes b) {
    return a.size() == b.size() &&
           (a.empty() || __builtin_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace scone::base
