// ioctl of sockets about network interfaces and about what waits in the socket.
//
// Side:   trusted
// Source: netdevice(7)
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/errno.h"

namespace scone::libos {

bool is_interface_ioctl(uint64_t request);
Result<uint64_t> interface_ioctl(int host_fd, uint64_t request, uint64_t argument);

}  // namespace scone::libos
