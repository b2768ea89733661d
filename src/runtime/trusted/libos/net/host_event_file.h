// Files of the host that exist to be waited for: timerfd, eventfd, inotify.
//
// Side:    trusted
// Threads: thread-safe
#pragma once

#include "runtime/trusted/libos/fs/host_file.h"

namespace scone::libos {

class HostEventFile : public HostFile {
  public:
    HostEventFile(int host_fd, uint32_t status_flags, FileKind kind, std::string_view name)
        : HostFile(host_fd, status_flags, 0600, name), kind_(kind) {}
    FileKind kind() const override { return kind_; }

  private:
    FileKind kind_;
};

}  // namespace scone::libos
