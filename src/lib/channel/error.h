// What the functions of lib/channel report.
//
// Side: hosted
#pragma once

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace scone::channel {

enum class ErrorCode : uint8_t {
    Malformed,     // bytes that are no frame, field or message
    TooLarge,      // above a limit of the protocol
    WrongVersion,  // a frame of a version that is not spoken here
    UnknownField,  // a field that must be understood and is not
    MissingField,  // a field that must be there is not
    Unexpected,    // a message that has no place here
    Transport,     // the connection failed; number is the errno
    Closed,        // the peer ended the connection
    Handshake,     // TLS did not come about
    NotTrusted,    // the peer's certificate is not the expected one
    PeerError,     // the peer answered with an error chain
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

}  // namespace scone::channel
