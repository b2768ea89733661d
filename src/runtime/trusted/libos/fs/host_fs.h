// The host's files as they are: for scone-run, and for the paths that an image's owner gave to
// --host-path. Nothing of it is protected.
//
// Side:    trusted
// Threads: thread-safe, without state of its own
#pragma once

#include "runtime/trusted/libos/vfs/file_system.h"

namespace scone::libos {

class HostFs : public FileSystem {
  public:
    Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode) override;
    Result<void> stat(std::string_view path, Follow follow, linux_abi::Stat& out) override;
    Result<void> read_link(std::string_view path, Path& out) override;
    Result<void> access(std::string_view path, uint32_t mode, Follow follow) override;
    Result<void> make_directory(std::string_view path, uint32_t mode) override;
    Result<void> make_node(std::string_view path, uint32_t mode, uint64_t device) override;
    Result<void> remove(std::string_view path, bool directory) override;
    Result<void> rename(std::string_view from, std::string_view to, uint32_t flags) override;
    Result<void> link(std::string_view from, std::string_view to, Follow follow) override;
    Result<void> symlink(std::string_view target, std::string_view path) override;
    Result<void> change_mode(std::string_view path, uint32_t mode) override;
    Result<void> change_owner(std::string_view path, uint32_t user, uint32_t group,
                              Follow follow) override;
    Result<void> set_times(std::string_view path, const linux_abi::Timespec* times,
                           Follow follow) override;
    Result<void> truncate(std::string_view path, uint64_t size) override;
    Result<void> statfs(std::string_view path, uint8_t (&out)[120]) override;
};

}  // namespace scone::libos
