// The bytes of a structure of the architecture.
//
// Side: both
#pragma once

#include <type_traits>

#include "lib/base/bytes.h"

namespace scone::sgx {

// Preconditions: the object outlives the view.
template <class T>
    requires(std::is_trivial_v<T> && std::has_unique_object_representations_v<T>)
std::span<const uint8_t, sizeof(T)> object_bytes(const T& object) {
    // SAFETY: a trivial struct without padding, so every byte is defined; bytes may alias anything.
    return std::span<const uint8_t, sizeof(T)>(reinterpret_cast<const uint8_t*>(&object),
                                               sizeof(T));
}

}  // namespace scone::sgx
