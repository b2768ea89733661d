// AES-256-GCM of whole messages, for records and state files.
//
// Side:    hosted
// Layout:  sealed = nonce (12 bytes, random) || ciphertext || tag (16 bytes)
// Errors:  Malformed (too short), BadTag (wrong key, wrong associated data or changed), Library
#pragma once

#include <vector>

#include "lib/crypto/error.h"
#include "lib/crypto/secret_bytes.h"

namespace scone::crypto {

inline constexpr size_t kAeadNonceSize = 12;
inline constexpr size_t kAeadTagSize = 16;
inline constexpr size_t kAeadOverhead = kAeadNonceSize + kAeadTagSize;
using AeadKey = base::Secret<32>;

// A random nonce is safe for about 2^32 messages under one key.
Result<std::vector<uint8_t>> seal(const AeadKey& key, Bytes plaintext, Bytes associated_data);
// The plaintext is handed out only when the tag fits.
Result<SecretBytes> open(const AeadKey& key, Bytes sealed, Bytes associated_data);

}  // namespace scone::crypto
