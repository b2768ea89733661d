// What the functions of this room can refuse.
//
// Side: both
#pragma once

#include <cstdint>

#include "lib/base/result.h"

namespace scone::sgx {

enum class ErrorCode : uint8_t {
    Truncated,       // fewer bytes than the structure needs; number: bytes expected
    Malformed,       // a fixed or reserved field has another value; number: its offset
    BadSignature,    // SIGSTRUCT: RSA, Q1 or Q2 do not fit
    BadMac,          // REPORT: the MAC is not that of the key
    Mismatch,        // SECS and SIGSTRUCT contradict each other
    TooLarge,        // a count or size is above its limit; number: the value
    BadImage,        // the enclave image is not what docs/formats/enclave-image.md asks
    WrongBase,       // the image was relocated for another base; number: that base
    BadSettings,     // a settings field has a value that is not allowed; number: the value
    NotPermitted,    // EGETKEY: the key is not this enclave's; EINIT: attribute not allowed
    UnknownVersion,  // settings page of another version; number: that version
};
using Error = base::ErrorOf<ErrorCode>;
template <class T>
using Result = base::Result<T, Error>;

}  // namespace scone::sgx
