// The check that reserved bytes are zero.
//
// Side: both
#pragma once

#include "lib/base/bytes.h"

namespace scone::sgx {

inline bool all_zero(base::Bytes bytes) {
    uint8_t seen = 0;
    for (uint8_t byte : bytes)
        seen |= byte;
    return seen == 0;
}

}  // namespace scone::sgx
