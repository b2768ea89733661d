// What the reader of ELF files can refuse.
//
// Side: both
#pragma once

#include <cstdint>

#include "lib/base/result.h"

namespace scone::elf {

enum class ErrorCode : uint8_t {
    NotElf,       // no ELF magic
    Unsupported,  // not 64-bit, little endian, x86-64, version 1, or not a type that we know
    Truncated,    // an offset or size points outside the file; number: the end that was asked for
    Malformed,    // a field contradicts another; number: where
    TooLarge,     // a count is above its limit; number: the count
};
using Error = base::ErrorOf<ErrorCode>;
template <class T>
using Result = base::Result<T, Error>;

}  // namespace scone::elf
