#include "lib/sgx/wide_integer.h"

#include "lib/base/endian.h"

namespace scone::sgx {
namespace {

using Product = unsigned __int128;

// a -= b over `count` limbs; the borrow out of the highest limb.
uint64_t subtract(uint64_t* a, const uint64_t* b, size_t count) {
    uint64_t borrow = 0;
    for (size_t i = 0; i < count; ++i) {
        uint64_t first = a[i] - b[i];
        uint64_t taken = first > a[i];
        a[i] = first - borrow;
        borrow = taken | (a[i] > first);
    }
    return borrow;
}

}  // namespace

Wide wide_from_bytes(const uint8_t bytes[kRsaSize]) {
    Wide value;
    for (size_t i = 0; i < kRsaLimbs; ++i)
        value.limb[i] = base::load_le64(bytes + 8 * i);
    return value;
}

void wide_to_bytes(const Wide& value, RsaNumber& out) {
    for (size_t i = 0; i < kRsaLimbs; ++i)
        base::store_le64(out.data() + 8 * i, value.limb[i]);
}

bool less(const Wide& a, const Wide& b) {
    for (size_t i = kRsaLimbs; i-- > 0;)
        if (a.limb[i] != b.limb[i])
            return a.limb[i] < b.limb[i];
    return false;
}

bool top_bit_set(const Wide& a) {
    return a.limb[kRsaLimbs - 1] >> 63 != 0;
}

DoubleWide multiply(const Wide& a, const Wide& b) {
    DoubleWide out{};
    for (size_t i = 0; i < kRsaLimbs; ++i) {
        uint64_t carry = 0;
        for (size_t j = 0; j < kRsaLimbs; ++j) {
            Product sum = Product{a.limb[i]} * b.limb[j] + out.limb[i + j] + carry;
            out.limb[i + j] = static_cast<uint64_t>(sum);
            carry = static_cast<uint64_t>(sum >> 64);
        }
        out.limb[i + kRsaLimbs] = carry;
    }
    return out;
}

bool subtract_to_wide(const DoubleWide& a, const DoubleWide& b, Wide& difference) {
    DoubleWide rest = a;
    if (subtract(rest.limb, b.limb, 2 * kRsaLimbs) != 0)
        return false;
    for (size_t i = kRsaLimbs; i < 2 * kRsaLimbs; ++i)
        if (rest.limb[i] != 0)
            return false;
    for (size_t i = 0; i < kRsaLimbs; ++i)
        difference.limb[i] = rest.limb[i];
    return true;
}

bool divide(const DoubleWide& a, const Wide& n, Wide& quotient, Wide& remainder) {
    // Shift and subtract. The high half must be below n, else the quotient needs a 3073rd bit.
    for (size_t i = 0; i < kRsaLimbs; ++i)
        remainder.limb[i] = a.limb[kRsaLimbs + i];
    if (!less(remainder, n))
        return false;
    for (size_t limb = kRsaLimbs; limb-- > 0;) {
        quotient.limb[limb] = 0;
        for (int bit = 63; bit >= 0; --bit) {
            uint64_t out = a.limb[limb] >> bit & 1;
            for (uint64_t& part : remainder.limb) {
                uint64_t high = part >> 63;
                part = part << 1 | out;
                out = high;
            }
            // With a bit shifted out the remainder is above n, and the subtraction's borrow
            // takes that bit back.
            if (out != 0 || !less(remainder, n)) {
                subtract(remainder.limb, n.limb, kRsaLimbs);
                quotient.limb[limb] |= uint64_t{1} << bit;
            }
        }
    }
    return true;
}

}  // namespace scone::sgx
