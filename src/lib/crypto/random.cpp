#include "lib/crypto/random.h"

#include <openssl/rand.h>

#include <algorithm>

namespace scone::crypto {

Result<void> fill_random(base::MutableBytes out) {
    while (!out.empty()) {
        size_t part = std::min(out.size(), size_t{1} << 20);
        if (RAND_bytes(out.data(), static_cast<int>(part)) != 1)
            return error(ErrorCode::Library, "the random generator has no entropy");
        out = out.subspan(part);
    }
    return {};
}

Result<uint32_t> random_below(uint32_t limit) {
    // Values past the largest multiple of the limit would make small results likelier.
    uint32_t excess = static_cast<uint32_t>(-limit) % limit;
    for (;;) {
        uint32_t value = 0;
        SCONE_TRY(fill_random({reinterpret_cast<uint8_t*>(&value), sizeof value}));
        if (value >= excess)
            return value % limit;
    }
}

}  // namespace scone::crypto
