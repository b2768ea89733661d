// What the functions of this room can refuse.
//
// Side: both
#pragma once

#include <cstdint>

#include "lib/base/result.h"

namespace scone::aead {

enum class ErrorCode : uint8_t {
    TagMismatch,  // the message, its associated data, its nonce or the key is not what was sealed
    TooLarge,     // number: the size asked for
};
using Error = base::ErrorOf<ErrorCode>;

}  // namespace scone::aead
