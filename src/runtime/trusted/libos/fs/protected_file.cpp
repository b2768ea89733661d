#include "runtime/trusted/libos/fs/protected_file.h"

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/vfs/directory_record.h"

namespace scone::libos {

using namespace linux_abi;

ProtectedNode::ProtectedNode(Ref<ProtectedVolume> volume, const fspf::Inode& inode,
                             uint32_t status_flags, std::string_view path)
    : File(status_flags & ~(kO_CREAT | kO_EXCL | kO_NOCTTY | kO_TRUNC | kO_CLOEXEC)),
      volume_(std::move(volume)),
      inode_(inode) {
    path_ = static_cast<char*>(enclave::heap_allocate(path.size() + 1));
    if (path_ == nullptr)
        return;
    __builtin_memcpy(path_, path.data(), path.size());
    path_size_ = path.size();
}

ProtectedNode::~ProtectedNode() {
    enclave::heap_free(path_);
}

Result<void> ProtectedNode::stat(Stat& out) {
    volume_->linux_stat(inode_, out);
    return {};
}

void ProtectedNode::describe(Path& out) const {
    out.append(path());
}

Result<Ref<File>> ProtectedFile::open(Ref<ProtectedVolume> volume, size_t region,
                                      const fspf::Inode& inode, uint32_t status_flags,
                                      std::string_view path) {
    auto file = make_ref<ProtectedFile>(volume, region, inode, status_flags, path);
    if (!file)
        return error(kENOMEM);
    if (inode.type != fspf::FileType::Regular)
        return Ref<File>(file);
    constexpr size_t kAlignment = alignof(fspf::OpenContent);
    file->content_memory_ = enclave::heap_allocate(sizeof(fspf::OpenContent) + kAlignment);
    if (file->content_memory_ == nullptr)
        return error(kENOMEM);
    uintptr_t at = base::round_up(reinterpret_cast<uintptr_t>(file->content_memory_), kAlignment);
    file->content_ = new (reinterpret_cast<void*>(at)) fspf::OpenContent();
    SCONE_TRY(volume->open_content(inode, *file->content_));
    file->content_->backing = {
        file.get(), [](void* context, uint64_t offset, base::MutableBytes out) {
            return static_cast<ProtectedFile*>(context)->read_backing(offset, out);
        }};
    return Ref<File>(file);
}

ProtectedFile::~ProtectedFile() {
    if (host_fd_ >= 0)
        enclave::host_close(host_fd_);
    if (content_ != nullptr)
        content_->~OpenContent();  // wipes the key
    enclave::heap_free(content_memory_);
}

fspf::Result<void> ProtectedFile::open_backing() {
    char buffer[2 * fspf::kMaxPathSize];
    std::string_view host_path =
        SCONE_TRY(fspf::backing_path(volume_->regions()[region_], path(), buffer));
    // HOST: which file it opens does not matter, every block is verified.
    int64_t fd = enclave::host_open(host_path, kO_RDONLY | kO_CLOEXEC, 0);
    if (fd < 0) {
        FixedText<sizeof buffer + 64> text;
        text.append("The host does not open the protected file ").append(host_path);
        log(Level::Error, text.view());
        return fspf::fail(fspf::ErrorCode::Host, "the host does not open its file",
                          static_cast<uint64_t>(-fd));
    }
    host_fd_ = static_cast<int>(fd);
    return {};
}

fspf::Result<size_t> ProtectedFile::read_backing(uint64_t offset, base::MutableBytes out) {
    {
        enclave::Guard guard(open_lock_);
        if (host_fd_ < 0)
            SCONE_TRY(open_backing());
    }
    return read_host_file(host_fd_, offset, out);
}

Result<uint64_t> ProtectedFile::read_at(IoBuffer& buffer, uint64_t offset) {
    if (inode_.type != fspf::FileType::Regular || !is_readable())
        return error(kEBADF);
    fspf::ContentOutput output{&buffer, [](void* context, uint64_t at, base::Bytes bytes) {
                                   auto* to = static_cast<IoBuffer*>(context);
                                   return to->put(at, bytes.data(), bytes.size()).has_value();
                               }};
    return volume_->read(*content_, offset, buffer.size(), output, path());
}

Result<uint64_t> ProtectedFile::write_at(IoBuffer&, uint64_t) {
    return error(kEBADF);
}

Result<uint64_t> ProtectedFile::seek(int64_t offset, int whence) {
    return seek_within(offset, whence, inode_.size);
}

Result<uint64_t> ProtectedDirectory::seek(int64_t offset, int whence) {
    enclave::Guard guard(position_lock_);
    if (whence == kSEEK_CUR && offset == 0)
        return position_;
    if (whence != kSEEK_SET || offset < 0)
        return error(kEINVAL);
    position_ = static_cast<uint64_t>(offset);
    return position_;
}

Result<bool> ProtectedDirectory::next(fspf::DirectoryEntry& entry) {
    if (position_ < 2) {
        entry.name_size = static_cast<uint16_t>(position_ + 1);
        entry.name[0] = entry.name[1] = '.';
        entry.inode = inode_;
        if (position_ == 1)
            entry.inode.id = parent_id_;
        return true;
    }
    if (cursor_at_ > position_) {
        cursor_ = {};
        cursor_at_ = 2;
    }
    bool more = true;
    // After seeking forwards entries are passed by.
    while (more && cursor_at_ <= position_) {
        more = SCONE_TRY(volume_->next_entry(inode_, cursor_, entry));
        cursor_at_ += more;
    }
    return more;
}

Result<uint64_t> ProtectedDirectory::read_directory(IoBuffer& buffer) {
    enclave::Guard guard(position_lock_);
    uint64_t done = 0;
    fspf::DirectoryEntry entry;
    while (SCONE_TRY(next(entry))) {
        uint8_t type = entry.inode.type == fspf::FileType::Directory ? kDT_DIR
                       : entry.inode.type == fspf::FileType::Symlink ? kDT_LNK
                                                                     : kDT_REG;
        static_assert(fspf::kMaxNameSize <= kMaximumEntryName);
        uint64_t size = SCONE_TRY(put_directory_record(
            buffer, done,
            {entry.inode.id, position_ + 1, type, {entry.name.data(), entry.name_size}}));
        if (size == 0) {
            // The entry was passed; the next call starts over to find it again.
            cursor_at_ = UINT64_MAX;
            if (done == 0)
                return error(kEINVAL);
            break;
        }
        done += size;
        ++position_;
    }
    return done;
}

}  // namespace scone::libos
