// Message authentication codes and key derivation.
//
// Side:   hosted
// Errors: TooLarge (more output than HKDF gives), Library
// Source: RFC 2104 (HMAC), RFC 5869 (HKDF); SHA-1 only for RFC 6238 one-time passwords
#pragma once

#include "lib/crypto/error.h"

namespace scone::crypto {

Result<ByteArray<32>> hmac_sha256(Bytes key, Bytes message);
Result<ByteArray<20>> hmac_sha1(Bytes key, Bytes message);

// Fills `out`, at most 255 * 32 bytes.
Result<void> hkdf_sha256(Bytes key, Bytes salt, Bytes info, base::MutableBytes out);

}  // namespace scone::crypto
