// epoll: the waiting happens on the host, what the program asked for is kept in the enclave.
//
// Side:    trusted
// Errors:  as epoll_ctl(2) and epoll_wait(2); EPERM for files that are always ready
// Threads: thread-safe
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/net/host_wait.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

struct __attribute__((packed)) EpollEvent {
    uint32_t events;
    uint64_t data;
};

Result<Ref<File>> make_epoll();
Result<void> epoll_control(File& epoll, int operation, int fd, File& file, const EpollEvent& event);
Result<uint64_t> epoll_wait_events(File& epoll, uint64_t events, uint32_t maximum,
                                   const Timeout& timeout);
// The file is about to be gone: descriptors that an epoll duplicated for it are closed.
void forget_in_epolls(const File& file);

}  // namespace scone::libos
