// A descriptor that stands for a process: pidfd_open(2), CLONE_PIDFD.
//
// Side:    trusted
// HOST:    which process it is, and whether that has ended, is the host's word
#pragma once

#include "runtime/trusted/libos/fs/host_file.h"

namespace scone::libos {

class ProcessFile : public HostFile {
  public:
    ProcessFile(int host_fd, uint32_t flags)
        : HostFile(host_fd, linux_abi::kO_RDWR | flags, 0, "anon_inode:[pidfd]") {}
    FileKind kind() const override { return FileKind::Process; }
    Result<uint64_t> read(IoBuffer&) override { return error(linux_abi::kEINVAL); }
    Result<uint64_t> write(IoBuffer&) override { return error(linux_abi::kEINVAL); }
    // Without a process of the host: a vfork child before its exec, or one that ended there.
    uint32_t poll_now() override { return ended_ ? kPollIn : 0; }

    // A child that has this number on the host from now on.
    void stands_for(int32_t pid);
    // A vfork child that ended before it had a process of the host; its number was `pid`.
    void ended_as(int32_t pid) {
        pid_ = pid;
        ended_ = true;
    }
    int32_t local_pid() const { return pid_; }

  private:
    int32_t pid_ = 0;
    std::atomic<bool> ended_{false};
};

}  // namespace scone::libos
