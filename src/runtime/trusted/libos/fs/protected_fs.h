// The files of one authenticated or encrypted region of an fspf, as a tree of the VFS; and the
// mounting of all regions. What is not in the fspf does not exist here.
//
// Side:    trusted
// Paths:   as file_system.h; symbolic links are handed back to the VFS with EXDEV, since they may
//          lead into another region
// Threads: thread-safe
// Source:  docs/formats/fspf.md, section 2
#pragma once

#include "runtime/trusted/libos/fs/protected_volume.h"
#include "runtime/trusted/libos/vfs/file_system.h"

namespace scone::libos {

class ProtectedFs : public FileSystem {
  public:
    ProtectedFs(Ref<ProtectedVolume> volume, size_t region)
        : volume_(std::move(volume)), region_(region) {}

    Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode) override;
    Result<void> stat(std::string_view path, Follow follow, linux_abi::Stat& out) override;
    Result<void> read_link(std::string_view path, Path& out) override;
    Result<void> leaves_to(std::string_view path, Follow follow, Path& out) override;

  private:
    struct Place {
        fspf::Inode inode;
        uint64_t parent_id;
    };
    // Walks to the path. EXDEV at a link that is to be followed; `leaves` (if not null) is then
    // where to go on. ENOENT, ENOTDIR, ENAMETOOLONG.
    Result<Place> walk(std::string_view path, Follow follow, Path* leaves);
    // The same by what is known already.
    Result<Place> find(std::string_view path, Follow follow);

    Ref<ProtectedVolume> volume_;
    size_t region_;
};

// What the regions that the fspf does not keep files for are made of.
struct OtherTrees {
    // The host's folder `host_path` shown at `path`, without protection.
    Ref<FileSystem> (*host)(std::string_view path, std::string_view host_path);
    // Memory that is empty at start.
    Ref<FileSystem> (*ephemeral)(std::string_view path);
};

// Mounts every region of the volume. False when there is no memory.
// Preconditions: before the program starts
bool mount_regions(Ref<ProtectedVolume> volume, const OtherTrees& others);

}  // namespace scone::libos
