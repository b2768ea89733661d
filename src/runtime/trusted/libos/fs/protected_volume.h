// One file system protection file that is open, and what all its regions and files share: verified
// pages, kept blocks, the way to the host's files.
//
// Side:    trusted
// Errors:  a changed, swapped or replayed page or block ends the process with SCONE's message
// (status
//          134): whoever changed it could only gain from a program that carries on. A host that
//          does not answer is EIO.
// Threads: thread-safe. Lock order: page lock and block lock, never both; neither is held while the
//          host is asked for anything
// Memory:  0.5 MiB of pages, found paths (path_cache.h), and blocks up to the share of the heap
// that
//          block_cache_size() says; a forked child has them as they were
// Source:  docs/formats/fspf.md
#pragma once

#include "lib/fspf/content_reader.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/fs/path_cache.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/text.h"

namespace scone::libos {

// An eighth of the program's heap for decrypted blocks, at least 2 MiB and at most 256 MiB. It is
// memory of the runtime, beside that heap.
constexpr uint64_t block_cache_size(uint64_t heap_size) {
    constexpr uint64_t kLeast = 2 << 20, kMost = 256 << 20;
    uint64_t share = heap_size / 8;
    return share < kLeast ? kLeast : share > kMost ? kMost : share;
}

// Bytes of a host file into runtime memory, fewer at the end.
// HOST: the bytes are whatever the host likes; the count is not above out.size().
fspf::Result<size_t> read_host_file(int host_fd, uint64_t offset, base::MutableBytes out);

class ProtectedVolume : public RefCounted {
  public:
    // Opens and verifies the fspf. Fatal when it does not verify or is not the state that the tag
    // names; an empty Ref when there is no memory. The volume's tables stay for the life of the
    // process.
    static Ref<ProtectedVolume> open(const aead::AesGcm256& cipher, std::string_view fspf_path,
                                     const fspf::Key& key, const fspf::Tag& tag,
                                     uint64_t block_cache_size);
    ~ProtectedVolume() override;

    std::span<const fspf::RegionRecord> regions() const;
    Result<fspf::Inode> region_root(size_t region);
    Result<fspf::Inode> lookup(const fspf::Inode& directory, std::string_view name);
    Result<bool> next_entry(const fspf::Inode& directory, fspf::DirectoryCursor& cursor,
                            fspf::DirectoryEntry& out);
    Result<void> read_link(const fspf::Inode& link, Path& out);
    Result<void> open_content(const fspf::Inode& file, fspf::OpenContent& content);
    // As read(), from kept blocks alone: it ends before the first that is not kept.
    Result<uint64_t> read_kept(const fspf::Inode& file, uint64_t offset, uint64_t size,
                               fspf::ContentOutput output);
    // `path` is for the message.
    Result<uint64_t> read(fspf::OpenContent& content, uint64_t offset, uint64_t size,
                          fspf::ContentOutput output, std::string_view path);

    PathCache& paths() { return *paths_; }
    void linux_stat(const fspf::Inode& inode, linux_abi::Stat& out) const;

  private:
    ProtectedVolume() = default;
    template <class T, class... Args>
    friend T* enclave::heap_new(Args&&... args);

    // The Linux error for what the library reports; does not come back for what must be fatal.
    Errno translate(const fspf::Error& error) const;
    template <class T>
    Result<T> translated(fspf::Result<T>&& result) const;

    // Whole pages that are never given back: expanded keys need an alignment of 64.
    struct State;

    enclave::SpinLock page_lock_, block_lock_;
    State* state_ = nullptr;
    PathCache* paths_ = nullptr;
    int host_fd_ = -1;
    Path path_;
};

}  // namespace scone::libos
