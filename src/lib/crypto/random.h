// Random bytes from OpenSSL's generator (seeded by the system, or by RDRAND in the enclave).
//
// Side:    hosted
// Errors:  Library (no entropy)
// Threads: safe
#pragma once

#include "lib/crypto/error.h"

namespace scone::crypto {

Result<void> fill_random(base::MutableBytes out);
// Evenly distributed in [0, limit). Preconditions: limit > 0.
Result<uint32_t> random_below(uint32_t limit);

}  // namespace scone::crypto
