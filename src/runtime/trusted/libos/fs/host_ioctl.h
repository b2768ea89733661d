// The ioctls that a host file passes on: a table, everything else is ENOTTY.
//
// Side:   trusted
// Source: ioctl_tty(2), ioctl_fionread(2)
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

inline constexpr uint32_t kTIOCSPGRP = 0x5410;

Result<uint64_t> host_ioctl(File& file, int host_fd, uint64_t request, uint64_t argument);

}  // namespace scone::libos
