// A folder of the host shown at another path, without protection: kernel regions of an fspf whose
// backing path is not their own.
//
// Side:    trusted
// Links are the host's: their targets are paths of the host, and the host follows them.
// Threads: thread-safe, without state that changes
#pragma once

#include "runtime/trusted/libos/fs/host_fs.h"

namespace scone::libos {

class MappedHostFs : public FileSystem {
  public:
    // `path` and `host_path` are clean absolute paths that outlive this object; "/" is the root.
    MappedHostFs(std::string_view path, std::string_view host_path)
        : path_(path == "/" ? std::string_view() : path),
          host_path_(host_path == "/" ? std::string_view() : host_path) {}

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

  private:
    // The host's path of a path of ours. ENAMETOOLONG.
    Result<void> map(std::string_view path, Path& out) const;

    std::string_view path_, host_path_;
    HostFs host_;
};

}  // namespace scone::libos
