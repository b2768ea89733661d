// The 12-byte nonce of AES-GCM, and a source of nonces that never repeats under one key.
//
// Side:    both
// Layout:  a counted nonce is u8[4] prefix, then u64 counter, little endian
// Threads: NonceCounter is not thread-safe; the owner of the key locks
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/base/endian.h"

namespace scone::aead {

inline constexpr size_t kNonceSize = 12;

struct Nonce {
    base::ByteArray<kNonceSize> bytes{};

    friend bool operator==(const Nonce&, const Nonce&) = default;
};

// Counts nonces below a prefix that is drawn at random once per holder of the key. A forked holder
// must be made anew with a fresh prefix.
class NonceCounter {
  public:
    explicit NonceCounter(const base::ByteArray<4>& prefix, uint64_t first = 0)
        : prefix_(prefix), next_(first) {}

    // nullopt when all counters of this prefix were handed out.
    std::optional<Nonce> next() {
        if (next_ == UINT64_MAX)
            return std::nullopt;
        Nonce nonce;
        for (size_t i = 0; i < prefix_.size(); ++i)
            nonce.bytes[i] = prefix_[i];
        base::store_le64(nonce.bytes.data() + prefix_.size(), next_++);
        return nonce;
    }

  private:
    base::ByteArray<4> prefix_;
    uint64_t next_;
};

}  // namespace scone::aead
