// Control messages of sockets: descriptors in them change their numbers at the enclave's border.
//
// Side:    trusted
// Errors:  EBADF, EINVAL, ENOMEM, EIO (malformed by the host)
// Threads: belongs to one call
// Source:  cmsg(3), unix(7)
#pragma once

#include "runtime/trusted/libos/syscalls/syscall.h"
#include "runtime/trusted/libos/vector.h"

namespace scone::libos {

// Puts the program's messages into the window, with the host's descriptors in SCM_RIGHTS. The files
// are held until the call is over. Hands back the size.
Result<uint64_t> put_control_messages(Call& call, uint64_t address, uint64_t size,
                                      Vector<Ref<File>>& held);
// Takes `host_size` bytes of messages from the window to the program's buffer of `room` bytes;
// descriptors in them become the program's. Hands back the size.
Result<uint64_t> take_control_messages(Call& call, uint64_t address, uint64_t room,
                                       uint64_t host_size, bool close_on_exec);

}  // namespace scone::libos
