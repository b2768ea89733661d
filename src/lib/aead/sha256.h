// SHA-256, incremental, with the block function handed in.
//
// Side:    both
// The portable block function uses general registers only. sha256_compress_sha_ni needs the SHA,
// SSSE3 and SSE4.1 instructions and changes xmm registers: in the enclave's core it is called
// inside `vector_section` only. Threads: one object, one thread Source:  FIPS 180-4
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"

namespace scone::aead {

inline constexpr size_t kSha256Size = 32;
inline constexpr size_t kSha256BlockSize = 64;
using Digest = base::ByteArray<kSha256Size>;

// Takes `count` blocks of 64 bytes into the state.
using Sha256Compress = void (*)(uint32_t state[8], const uint8_t* blocks, size_t count);
void sha256_compress_portable(uint32_t state[8], const uint8_t* blocks, size_t count);
void sha256_compress_sha_ni(uint32_t state[8], const uint8_t* blocks, size_t count);

// The same for two messages side by side: one chain of SHA instructions leaves the processor's
// units idle for half of the time.
using Sha256CompressTwo = void (*)(uint32_t first[8], const uint8_t* first_blocks,
                                   uint32_t second[8], const uint8_t* second_blocks, size_t count);
void sha256_compress_two_portable(uint32_t first[8], const uint8_t* first_blocks,
                                  uint32_t second[8], const uint8_t* second_blocks, size_t count);
void sha256_compress_two_sha_ni(uint32_t first[8], const uint8_t* first_blocks, uint32_t second[8],
                                const uint8_t* second_blocks, size_t count);

class Sha256 {
  public:
    explicit Sha256(Sha256Compress compress = sha256_compress_portable);

    void update(base::Bytes bytes);
    // The digest of all bytes given; afterwards the object stands at its beginning again.
    Digest finish();

  private:
    void reset();

    Sha256Compress compress_;
    uint32_t state_[8];
    uint64_t size_;
    uint8_t block_[kSha256BlockSize];
};

Digest sha256(base::Bytes bytes, Sha256Compress compress = sha256_compress_portable);

}  // namespace scone::aead
