// What signing can refuse.
//
// Side: hosted
#pragma once

#include <cstdint>

#include "lib/base/result.h"

namespace scone::sgx_signing {

enum class ErrorCode : uint8_t {
    WrongKey,   // not RSA with 3072 bits and exponent 3; number: bits or exponent
    BadFields,  // the fields contradict each other, as EINIT would find
    Library,    // OpenSSL failed
};
using Error = base::ErrorOf<ErrorCode>;
template <class T>
using Result = base::Result<T, Error>;

}  // namespace scone::sgx_signing
