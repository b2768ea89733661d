// What a handler of a system call hands back: a value, or a Linux error number.
//
// Side: trusted
#pragma once

#include "lib/base/result.h"
#include "runtime/trusted/libos/linux_abi.h"

namespace scone::libos {

struct Errno {
    int value;
    friend constexpr bool operator==(Errno a, Errno b) { return a.value == b.value; }
};

template <class T>
using Result = base::Result<T, Errno>;
using SyscallResult = Result<uint64_t>;

inline std::unexpected<Errno> error(int number) {
    return std::unexpected(Errno{number});
}

// From the kernel's convention (value, or -errno) and back.
inline SyscallResult from_kernel(int64_t result) {
    if (result < 0)
        return error(static_cast<int>(-result));
    return static_cast<uint64_t>(result);
}
// The same where the value itself says nothing.
inline Result<void> done_or_error(int64_t result) {
    if (result < 0)
        return error(static_cast<int>(-result));
    return {};
}
inline int64_t to_kernel(const SyscallResult& result) {
    return result ? static_cast<int64_t>(*result) : -static_cast<int64_t>(result.error().value);
}

}  // namespace scone::libos
