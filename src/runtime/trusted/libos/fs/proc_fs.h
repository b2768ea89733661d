// /proc and /sys as the program sees them: made in the enclave from tables of rows. Nothing of the
// host's trees is passed through.
//
// Side:    trusted
// Processes other than the own one do not exist here: each is an enclave of its own.
// Source:  proc(5)
#pragma once

#include "runtime/trusted/libos/fs/proc_row.h"
#include "runtime/trusted/libos/vfs/file_system.h"

namespace scone::libos {

class ProcFs : public FileSystem {
  public:
    Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode) override;
    Result<void> stat(std::string_view path, Follow follow, linux_abi::Stat& out) override;
    Result<void> read_link(std::string_view path, Path& out) override;
    Result<void> leaves_to(std::string_view path, Follow follow, Path& out) override;
    Result<void> access(std::string_view path, uint32_t mode, Follow follow) override;
    Result<Ref<File>> descriptor(std::string_view path) override;
    Result<void> statfs(std::string_view path, uint8_t (&out)[120]) override;
    Result<void> make_directory(std::string_view path, uint32_t) override;
    Result<void> remove(std::string_view path, bool) override { return refuse(path, Follow::No); }
    Result<void> change_mode(std::string_view path, uint32_t) override {
        return refuse(path, Follow::Yes);
    }
    Result<void> change_owner(std::string_view path, uint32_t, uint32_t, Follow follow) override {
        return refuse(path, follow);
    }
    Result<void> set_times(std::string_view path, const linux_abi::Timespec*,
                           Follow follow) override {
        return refuse(path, follow);
    }
    Result<void> truncate(std::string_view path, uint64_t) override {
        return refuse(path, Follow::Yes);
    }
    Result<uint64_t> extended_attribute(std::string_view path, Follow follow,
                                        ExtendedAttribute&) override;

  private:
    // EPERM for what is there; EXDEV at a link that is to be followed.
    Result<void> refuse(std::string_view path, Follow follow);
};

}  // namespace scone::libos
