// Control messages of sockets: descriptors in them change their numbers at the enclave's border.
//
// Side:    trusted
// An end of a pipe of the program takes two descriptors of the host, its memory, then its tokens;
// an end of a pair of sockets three: the memory that it reads, the memory that it writes, its
// socket. Errors:  EBADF, EINVAL, EOPNOTSUPP (a file that lives in the enclave), ENOMEM, EIO
// (malformed by
//          the host)
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
struct TakenMessages {
    uint64_t size = 0;
    bool truncated = false;
};
// Takes `host_size` bytes of messages from the window to the program's buffer of `room` bytes;
// descriptors in them become the program's, those without room are closed.
Result<TakenMessages> take_control_messages(Call& call, uint64_t address, uint64_t room,
                                            uint64_t host_size, bool close_on_exec);

}  // namespace scone::libos
