// One file system protection file that is open, and what all its regions and files share: verified
// pages, kept blocks, the way to the host's files.
//
// Side:    trusted
// Errors:  a changed, swapped or replayed page or block ends the process with SCONE's message
// (status
//          134): whoever changed it could only gain from a program that carries on. A host that
//          does not answer is EIO.
// Threads: thread-safe. Lock order: page lock and block lock, never both; reading a page from the
//          host happens under the page lock
// Source:  docs/formats/fspf.md
#pragma once

#include "lib/fspf/content_reader.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/text.h"

namespace scone::libos {

// Bytes of a host file into runtime memory, fewer at the end.
// HOST: the bytes are whatever the host likes; the count is not above out.size().
fspf::Result<size_t> read_host_file(int host_fd, uint64_t offset, base::MutableBytes out);

class ProtectedVolume : public RefCounted {
  public:
    // Opens and verifies the fspf. Fatal when it does not verify or is not the state that the tag
    // names; an empty Ref when there is no memory. The volume's tables stay for the life of the
    // process.
    static Ref<ProtectedVolume> open(const aead::AesGcm256& cipher, std::string_view fspf_path,
                                     const fspf::Key& key, const fspf::Tag& tag);
    ~ProtectedVolume() override;

    std::span<const fspf::RegionRecord> regions() const;
    Result<fspf::Inode> region_root(size_t region);
    Result<fspf::Inode> lookup(const fspf::Inode& directory, std::string_view name);
    Result<bool> next_entry(const fspf::Inode& directory, fspf::DirectoryCursor& cursor,
                            fspf::DirectoryEntry& out);
    Result<void> read_link(const fspf::Inode& link, Path& out);
    Result<void> open_content(const fspf::Inode& file, fspf::OpenContent& content);
    // `path` is for the message.
    Result<uint64_t> read(fspf::OpenContent& content, uint64_t offset, uint64_t size,
                          fspf::ContentOutput output, std::string_view path);

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
    int host_fd_ = -1;
    Path path_;
};

}  // namespace scone::libos
