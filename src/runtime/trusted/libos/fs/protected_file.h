// Open files and directories of a protected region. They are read-only.
//
// Side:    trusted
// Threads: thread-safe. The first read that needs the host opens its file and loads the key.
#pragma once

#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/fs/protected_volume.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

// What a protected file and a protected directory have in common.
class ProtectedNode : public File {
  public:
    ProtectedNode(Ref<ProtectedVolume> volume, const fspf::Inode& inode, uint32_t status_flags,
                  std::string_view path);
    ~ProtectedNode() override;

    Result<void> stat(linux_abi::Stat& out) override;
    Result<void> sync(bool) override { return {}; }
    Origin origin() const override { return Origin::Protected; }
    void describe(Path& out) const override;

  protected:
    std::string_view path() const { return {path_, path_size_}; }

    Ref<ProtectedVolume> volume_;
    fspf::Inode inode_;

  private:
    char* path_ = nullptr;
    size_t path_size_ = 0;
};

class ProtectedFile : public ProtectedNode {
  public:
    // `path` lies in the region of this number.
    static Result<Ref<File>> open(Ref<ProtectedVolume> volume, size_t region,
                                  const fspf::Inode& inode, uint32_t status_flags,
                                  std::string_view path);
    ProtectedFile(Ref<ProtectedVolume> volume, size_t region, const fspf::Inode& inode,
                  uint32_t status_flags, std::string_view path)
        : ProtectedNode(std::move(volume), inode, status_flags, path), region_(region) {}
    ~ProtectedFile() override;

    Result<uint64_t> read(IoBuffer& buffer) override;
    Result<uint64_t> read_at(IoBuffer& buffer, uint64_t offset) override;
    Result<uint64_t> seek(int64_t offset, int whence) override;
    Result<uint64_t> write_at(IoBuffer& buffer, uint64_t offset) override;
    Result<Ref<File>> reopen(uint32_t flags) override;
    bool can_map() const override { return inode_.type == fspf::FileType::Regular; }

  private:
    fspf::Result<size_t> read_backing(uint64_t offset, base::MutableBytes out);
    // The host's descriptor, opened when it is wanted first.
    fspf::Result<int> backing();
    // Key and place of the content, loaded when they are wanted first.
    Result<fspf::OpenContent*> content();

    size_t region_;
    enclave::SleepLock position_mutex_;    // held while the host reads
    std::atomic<void*> content_{nullptr};  // a block that holds an OpenContent, aligned to 64
    std::atomic<int> host_fd_{-1};
};

class ProtectedDirectory : public ProtectedNode {
  public:
    ProtectedDirectory(Ref<ProtectedVolume> volume, const fspf::Inode& inode, uint64_t parent_id,
                       uint32_t status_flags, std::string_view path)
        : ProtectedNode(std::move(volume), inode, status_flags, path), parent_id_(parent_id) {}

    Result<uint64_t> read(IoBuffer&) override { return error(linux_abi::kEISDIR); }
    Result<uint64_t> read_at(IoBuffer&, uint64_t) override { return error(linux_abi::kEISDIR); }
    Result<Ref<File>> reopen(uint32_t flags) override;
    bool is_directory() const override { return true; }
    Result<uint64_t> seek(int64_t offset, int whence) override;
    Result<uint64_t> read_directory(IoBuffer& buffer) override;

  private:
    // The entry at position_; false at the end. Preconditions: listing_mutex_ is held.
    Result<bool> next(fspf::DirectoryEntry& entry);

    uint64_t parent_id_;
    enclave::SleepLock listing_mutex_;  // position and cursor; held while the host reads
    // Stands before the entry of number cursor_at_; entries 0 and 1 are "." and "..".
    fspf::DirectoryCursor cursor_;
    uint64_t cursor_at_ = 2;
};

}  // namespace scone::libos
