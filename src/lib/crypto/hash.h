// SHA-2 over one or several byte strings.
//
// Side:    hosted
// Errors:  none; OpenSSL's SHA-2 fails only for want of memory, which ends the program
#pragma once

#include <initializer_list>

#include "lib/crypto/error.h"

namespace scone::crypto {

using Sha256Digest = ByteArray<32>;
using Sha384Digest = ByteArray<48>;
using Sha512Digest = ByteArray<64>;

Sha256Digest sha256(Bytes data);
Sha384Digest sha384(Bytes data);
Sha512Digest sha512(Bytes data);

// The parts are hashed one after the other, without separators.
Sha256Digest sha256_of_parts(std::initializer_list<Bytes> parts);
Sha512Digest sha512_of_parts(std::initializer_list<Bytes> parts);

}  // namespace scone::crypto
