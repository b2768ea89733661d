// What can go wrong with a protected file system.
//
// Side:    core
// Source:  docs/formats/fspf.md, section 8
#pragma once

#include "lib/base/result.h"

namespace scone::fspf {

enum class ErrorCode : uint8_t {
    NotFspf,      // the header is not one of this format
    Unsupported,  // a version or a feature that this code does not know
    WrongKey,     // the header does not verify with this key
    Stale,        // the header verifies, but is not the one that the expected tag names
    CorruptPage,  // a page of the fspf was changed, swapped or cut off; the number is the page
    Corrupt,      // a block of content was changed, swapped or cut off; the number is the block
    Malformed,    // it verifies, yet does not follow the format
    Host,         // the source could not be read
    Output,       // the destination did not take what was read
    NotFound,
    NotDirectory,
    NotSymlink,
    Exists,
    InvalidPath,
    TooLarge,
    NoRegion,  // the path lies in no region
    Absent,    // a page is not kept; who holds the reader brings it (locked_reader.h)
};

using Error = base::ErrorOf<ErrorCode>;
template <class T>
using Result = base::Result<T, Error>;

constexpr std::unexpected<Error> fail(ErrorCode code, const char* text, uint64_t number = 0) {
    return std::unexpected(Error{code, text, number});
}

}  // namespace scone::fspf
