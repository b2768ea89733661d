// The ELF reader's refusals in this room's words.
//
// Side: both
#pragma once

#include "lib/elf/reader.h"
#include "lib/sgx/sgx_error.h"

namespace scone::sgx {

template <class T>
Result<T> from_elf(elf::Result<T>&& result) {
    if (!result)
        return base::fail(Error{ErrorCode::BadImage, result.error().text, result.error().number});
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return std::move(*result);
}

inline Result<elf::Reader> open_image(base::Bytes image) {
    return from_elf(elf::Reader::open(image));
}

}  // namespace scone::sgx
