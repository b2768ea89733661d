// Waiting for several files at once.
//
// Side:    trusted
// Errors:  EINTR class, ENOMEM
// Threads: thread-safe
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/net/host_wait.h"
#include "runtime/trusted/libos/vector.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

struct PollFd {
    int32_t fd;
    int16_t events, revents;
};

// Fills in revents; `files` has an empty Ref for a descriptor that is not open. Hands back how many
// are not zero.
Result<uint64_t> poll_files(Vector<PollFd>& list, const Vector<Ref<File>>& files,
                            const Timeout& timeout);
// As many descriptors fit into the thread's window.
uint64_t poll_room();
// Waits until one of the events (or an error, or the end) is there on this one file.
Result<void> wait_for_events(File& file, int16_t events);

}  // namespace scone::libos
