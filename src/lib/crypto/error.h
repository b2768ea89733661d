// What the functions of lib/crypto report.
//
// Side: hosted
#pragma once

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace scone::crypto {

enum class ErrorCode : uint8_t {
    Malformed,     // the encoding is not what it should be
    TooLarge,      // more bytes or elements than are accepted
    Unsupported,   // valid, but an algorithm or key size that is not used here
    WrongKey,      // a key of another type than the operation needs
    BadSignature,  // a signature does not verify
    BadTag,        // authenticated decryption refused the data
    OutOfTime,     // not yet, or no longer valid
    NotTrusted,    // no path to a trusted root
    Revoked,       // listed in a revocation list
    Library,       // OpenSSL failed: memory, entropy
};

using Error = base::ErrorOf<ErrorCode>;
template <class T>
using Result = base::Result<T, Error>;

using base::ByteArray;
using base::Bytes;

inline std::unexpected<Error> error(ErrorCode code, const char* text, uint64_t number = 0) {
    return std::unexpected(Error{code, text, number});
}

}  // namespace scone::crypto
