// /dev/null, zero, full, random and urandom, served inside the enclave.
//
// Side:    trusted
// Threads: without state
// Source:  null(4), random(4); random bytes come from RDRAND
#pragma once

#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

enum class Device : uint8_t { Null, Zero, Full, Random };

class DeviceFile : public File {
  public:
    DeviceFile(Device device, uint32_t minor, uint32_t flags)
        : File(flags), device_(device), minor_(minor) {}
    Result<uint64_t> read(IoBuffer& buffer) override;
    Result<uint64_t> write(IoBuffer& buffer) override;
    Result<uint64_t> read_at(IoBuffer& buffer, uint64_t) override { return read(buffer); }
    Result<uint64_t> write_at(IoBuffer& buffer, uint64_t) override { return write(buffer); }
    Result<uint64_t> seek(int64_t, int) override { return 0; }
    Result<void> stat(linux_abi::Stat& out) override;
    bool can_map() const override { return device_ == Device::Zero; }
    Result<Ref<File>> reopen(uint32_t flags) override;
    void describe(Path& out) const override;

  private:
    Device device_;
    uint32_t minor_;
};

}  // namespace scone::libos
