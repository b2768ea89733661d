// /proc, /sys and /dev as the program sees them: made in the enclave, or refused. Nothing of the
// host's trees is passed through but terminals.
//
// Side:    trusted
// Source:  proc(5); docs/reference/special-files.md
#pragma once

#include "runtime/trusted/libos/vfs/file_system.h"

namespace scone::libos {

class ProcFs : public FileSystem {
  public:
    Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode) override;
    Result<void> stat(std::string_view path, Follow follow, linux_abi::Stat& out) override;
    Result<void> read_link(std::string_view path, Path& out) override;
    Result<void> leaves_to(std::string_view path, Follow follow, Path& out) override;
};

class DevFs : public FileSystem {
  public:
    Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode) override;
    Result<void> stat(std::string_view path, Follow follow, linux_abi::Stat& out) override;
    Result<void> read_link(std::string_view path, Path& out) override;
    Result<void> leaves_to(std::string_view path, Follow follow, Path& out) override;
    Result<void> access(std::string_view path, uint32_t mode, Follow follow) override;
};

}  // namespace scone::libos
