// Unsigned integers of 3072 bits, as far as SIGSTRUCT needs them.
//
// Side:    both. For public values only: the running time depends on them.
// Layout:  48 limbs of 64 bits, the lowest first
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/sgx/architecture.h"

namespace scone::sgx {

inline constexpr size_t kRsaLimbs = kRsaSize / 8;

struct Wide {  // 3072 bits
    uint64_t limb[kRsaLimbs];
};
struct DoubleWide {  // 6144 bits
    uint64_t limb[2 * kRsaLimbs];
};

Wide wide_from_bytes(const uint8_t bytes[kRsaSize]);
void wide_to_bytes(const Wide& value, RsaNumber& out);

bool less(const Wide& a, const Wide& b);
bool top_bit_set(const Wide& a);
DoubleWide multiply(const Wide& a, const Wide& b);

// a - b when the difference fits in a Wide; false when it is negative or larger.
bool subtract_to_wide(const DoubleWide& a, const DoubleWide& b, Wide& difference);

// quotient = floor(a / n), remainder = a mod n. Preconditions: top_bit_set(n). False when the
// quotient does not fit.
bool divide(const DoubleWide& a, const Wide& n, Wide& quotient, Wide& remainder);

}  // namespace scone::sgx
