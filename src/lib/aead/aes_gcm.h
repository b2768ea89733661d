// AES-256-GCM with 12-byte nonces and 16-byte tags, the cipher itself handed in.
//
// Side:          both; the object of function pointers names the implementation, so that a reader
// of
//                protected files neither knows nor links one.
// Vector state:  every function below may change any vector register. In the enclave's core the
//                application's vector state is live: call them only inside `vector_section`, or
//                hand out an AesGcm256 whose functions enter it themselves.
// Units:         sizes in bytes
// Errors:        TagMismatch (the output is wiped first), TooLarge (> 64 GiB - 32, NIST SP 800-38D)
// Threads:       the functions keep no state; one expanded key may be used by many threads at once
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/aead/aead_error.h"
#include "lib/aead/nonce.h"
#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/secret.h"

namespace scone::aead {

inline constexpr size_t kGcmKeySize = 32;
inline constexpr size_t kGcmTagSize = 16;
inline constexpr uint64_t kGcmMaxSize = (uint64_t{1} << 36) - 32;

using GcmKey = base::Secret<kGcmKeySize>;
using GcmTag = base::ByteArray<kGcmTagSize>;

// The expanded key: opaque, in memory of the caller, wiped at its end. Not copied.
class alignas(64) GcmKeyContext {
  public:
    static constexpr size_t kSize = 1024;

    GcmKeyContext() = default;
    GcmKeyContext(const GcmKeyContext&) = delete;
    GcmKeyContext& operator=(const GcmKeyContext&) = delete;
    ~GcmKeyContext() { base::wipe(memory_, kSize); }

    void* memory() { return memory_; }
    const void* memory() const { return memory_; }

  private:
    uint8_t memory_[kSize]{};
};

// One pass over one message. `out` holds as many bytes as `in` and is either the same memory or
// disjoint from it. Sizes are within kGcmMaxSize.
struct GcmMessage {
    const uint8_t* nonce;  // 12 bytes
    const uint8_t* aad;
    uint64_t aad_size;
    const uint8_t* in;
    uint8_t* out;
    uint64_t size;
};

// An implementation. Callers use the four functions below this struct instead of these pointers.
struct AesGcm256 {
    void (*expand_key)(const uint8_t* key, GcmKeyContext& context);
    void (*encrypt)(const GcmKeyContext& context, const GcmMessage& message, uint8_t* tag);
    void (*decrypt)(const GcmKeyContext& context, const GcmMessage& message, uint8_t* computed_tag);
};

// Fills `context` for all later calls with the same implementation.
void gcm_set_key(const AesGcm256& cipher, const GcmKey& key, GcmKeyContext& context);

// Encrypts plain into cipher_text and hands back the tag. A nonce must never be used twice with a
// key. Preconditions: cipher_text.size() >= plain.size(), buffers equal or disjoint.
base::Result<GcmTag, Error> gcm_seal(const AesGcm256& cipher, const GcmKeyContext& context,
                                     const Nonce& nonce, base::Bytes aad, base::Bytes plain,
                                     base::MutableBytes cipher_text);

// Decrypts cipher_text into plain when the tag is right. On TagMismatch plain holds zeros.
// Preconditions: plain.size() >= cipher_text.size(), buffers equal or disjoint.
base::Result<void, Error> gcm_open(const AesGcm256& cipher, const GcmKeyContext& context,
                                   const Nonce& nonce, base::Bytes aad, base::Bytes cipher_text,
                                   std::span<const uint8_t, kGcmTagSize> tag,
                                   base::MutableBytes plain);

}  // namespace scone::aead
