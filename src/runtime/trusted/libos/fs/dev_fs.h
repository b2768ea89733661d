// /dev as the program sees it: devices made in the enclave, terminals of the host, nothing else.
//
// Side:    trusted
// Source:  null(4), random(4), full(4), tty(4), pts(4)
#pragma once

#include "runtime/trusted/libos/vfs/file_system.h"

namespace scone::libos {

// SCONE's message for a path that is kept from the program.
void report_refusal(std::string_view path);

class DevFs : public FileSystem {
  public:
    Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode) override;
    Result<void> stat(std::string_view path, Follow follow, linux_abi::Stat& out) override;
    Result<void> read_link(std::string_view path, Path& out) override;
    Result<void> leaves_to(std::string_view path, Follow follow, Path& out) override;
    Result<void> access(std::string_view path, uint32_t mode, Follow follow) override;
    Result<void> remove(std::string_view path, bool) override { return refuse(path); }
    Result<void> change_mode(std::string_view path, uint32_t) override { return refuse(path); }
    Result<void> change_owner(std::string_view path, uint32_t, uint32_t, Follow) override {
        return refuse(path);
    }
    Result<void> set_times(std::string_view path, const linux_abi::Timespec*, Follow) override {
        return refuse(path);
    }
    Result<void> truncate(std::string_view path, uint64_t) override;

  private:
    // EPERM for what is there.
    Result<void> refuse(std::string_view path);
};

}  // namespace scone::libos
