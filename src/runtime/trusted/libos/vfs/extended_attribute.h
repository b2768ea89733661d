// One of the twelve calls on extended attributes, decoded.
//
// Side:   trusted
// Source: xattr(7)
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/text.h"

namespace scone::libos {

inline constexpr uint64_t kMaximumAttributeName = 255, kMaximumAttributeValue = 65536;

struct ExtendedAttribute {
    enum class What : uint8_t { Set, Get, List, Remove };
    What what;
    FixedText<kMaximumAttributeName + 1> name;  // not of List
    // Set: the value. Get and List: room for it; size 0 asks for the size only.
    uint8_t* value;
    uint64_t size;
    uint32_t flags;
};

}  // namespace scone::libos
