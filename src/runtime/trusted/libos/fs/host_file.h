// A file, terminal, pipe or socket of the host, read and written without protection.
//
// Side:    trusted
// Threads: the host keeps the position, so that it is shared with forked children as Linux does
#pragma once

#include <atomic>

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

class HostFile : public File {
  public:
    // As `mode`: it is asked for when it is needed first.
    static constexpr uint32_t kUnknownMode = ~0u;
    // Takes over the host's descriptor: the last reference closes it.
    HostFile(int host_fd, uint32_t status_flags, uint32_t mode, std::string_view path);
    ~HostFile() override;

    FileKind kind() const override {
        return type() == linux_abi::kS_IFIFO ? FileKind::HostPipe : FileKind::Other;
    }
    Result<uint64_t> read(IoBuffer& buffer) override;
    Result<uint64_t> write(IoBuffer& buffer) override;
    Result<uint64_t> read_at(IoBuffer& buffer, uint64_t offset) override;
    Result<uint64_t> write_at(IoBuffer& buffer, uint64_t offset) override;
    Result<uint64_t> seek(int64_t offset, int whence) override;
    Result<void> stat(linux_abi::Stat& out) override;
    Result<uint64_t> ioctl(uint64_t request, uint64_t argument) override;
    Result<void> truncate(uint64_t size) override;
    Result<void> allocate(int mode, uint64_t offset, uint64_t size) override;
    Result<void> sync(bool data_only) override;
    Result<void> change_mode(uint32_t mode) override;
    Result<void> change_owner(uint32_t user, uint32_t group) override;
    Result<void> set_times(const linux_abi::Timespec times[2]) override;
    Result<uint64_t> read_directory(IoBuffer& buffer) override;
    Result<void> flock(int operation) override;
    Result<uint64_t> extended_attribute(ExtendedAttribute& request) override;
    Result<uint64_t> append(IoBuffer& buffer) override;
    Result<Ref<File>> reopen(uint32_t flags) override;
    void note_move(std::string_view from, std::string_view to) override;
    bool is_directory() const override { return type() == linux_abi::kS_IFDIR; }
    Result<void> set_status_flags(uint32_t flags) override;
    int host_descriptor() const override { return host_fd_; }
    bool can_map() const override { return is_regular(); }
    Origin origin() const override { return Origin::Host; }
    void describe(Path& out) const override;

  protected:
    void last_descriptor_closed() override;
    bool is_regular() const { return type() == linux_abi::kS_IFREG; }
    int host_fd_;

  private:
    uint32_t type() const;  // the file type bits of the mode
    void set_path(std::string_view path);
    enclave::Interruptible interruption(bool writing) const;
    Result<uint64_t> transfer(uint64_t number, IoBuffer& buffer, uint64_t offset, bool at_offset,
                              bool writing);
    mutable std::atomic<uint32_t> mode_;
    mutable enclave::SpinLock path_lock_;
    char* path_ = nullptr;  // changes when the file is renamed; under path_lock_
};

// How the host itself names one of its descriptors.
template <size_t N>
void append_host_descriptor_path(FixedText<N>& out, int host_fd) {
    out.append("/proc/self/fd/").append_number(static_cast<uint64_t>(host_fd));
}

// A new Ref for a host descriptor, which is closed when there is no memory. What was opened at a
// path is no socket.
Result<Ref<File>> adopt_opened_file(int64_t host_fd, uint32_t status_flags, std::string_view path,
                                    uint32_t mode = HostFile::kUnknownMode);
Result<Ref<File>> adopt_host_descriptor(int64_t host_fd, uint32_t status_flags,
                                        std::string_view path);

}  // namespace scone::libos
