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
    return Ref<File>(file);
}

namespace {

constexpr size_t kAlignment = alignof(fspf::OpenContent);

fspf::OpenContent* content_in(void* memory) {
    uintptr_t at = base::round_up(reinterpret_cast<uintptr_t>(memory), kAlignment);
    return reinterpret_cast<fspf::OpenContent*>(at);
}
void* new_content() {
    void* memory = enclave::heap_allocate(sizeof(fspf::OpenContent) + kAlignment);
    if (memory != nullptr)
        new (content_in(memory)) fspf::OpenContent();
    return memory;
}
void delete_content(void* memory) {
    if (memory == nullptr)
        return;
    content_in(memory)->~OpenContent();  // wipes the key
    enclave::heap_free(memory);
}

}  // namespace

ProtectedFile::~ProtectedFile() {
    if (host_fd_ >= 0)
        enclave::host_close(host_fd_);
    delete_content(content_);
}

Result<Ref<File>> ProtectedFile::reopen(uint32_t flags) {
    if (!(flags & kO_PATH) && (flags & kO_ACCMODE) != kO_RDONLY)
        return error(kEROFS);
    return open(volume_, region_, inode_, flags, path());
}

Result<fspf::OpenContent*> ProtectedFile::content() {
    if (void* memory = content_.load(std::memory_order_acquire))
        return content_in(memory);
    void* memory = new_content();
    if (memory == nullptr)
        return error(kENOMEM);
    fspf::OpenContent* content = content_in(memory);
    auto opened = volume_->open_content(inode_, *content);
    if (!opened) {
        delete_content(memory);
        return std::unexpected(opened.error());
    }
    content->backing = {this, [](void* context, uint64_t offset, base::MutableBytes out) {
                            return static_cast<ProtectedFile*>(context)->read_backing(offset, out);
                        }};
    void* first = nullptr;
    if (content_.compare_exchange_strong(first, memory, std::memory_order_acq_rel))
        return content;
    delete_content(memory);  // another thread was faster
    return content_in(first);
}

fspf::Result<int> ProtectedFile::backing() {
    int known = host_fd_.load(std::memory_order_acquire);
    if (known >= 0)
        return known;
    char buffer[2 * fspf::kMaxPathSize];
    std::string_view host_path =
        SCONE_TRY(fspf::backing_path(volume_->regions()[region_], path(), buffer));
    // HOST: which file it opens does not matter, every block is verified.
    int64_t fd =
        enclave::host_open(host_path, kO_RDONLY | kO_CLOEXEC, 0, enclave::Interruptible::No);
    if (fd < 0) {
        FixedText<sizeof buffer + 64> text;
        text.append("The host does not open the protected file ").append(host_path);
        log(Level::Error, text.view());
        return fspf::fail(fspf::ErrorCode::Host, "the host does not open its file",
                          static_cast<uint64_t>(-fd));
    }
    int first = -1;
    if (host_fd_.compare_exchange_strong(first, static_cast<int>(fd), std::memory_order_acq_rel))
        return static_cast<int>(fd);
    enclave::host_close(static_cast<int>(fd));  // another thread was faster
    return first;
}

fspf::Result<size_t> ProtectedFile::read_backing(uint64_t offset, base::MutableBytes out) {
    return read_host_file(SCONE_TRY(backing()), offset, out);
}

Result<uint64_t> ProtectedFile::read(IoBuffer& buffer) {
    enclave::Guard guard(position_mutex_);
    uint64_t at;
    {
        enclave::Guard position(position_lock_);
        at = position_;
    }
    uint64_t count = SCONE_TRY(read_at(buffer, at));
    enclave::Guard position(position_lock_);
    position_ = at + count;
    return count;
}

Result<uint64_t> ProtectedFile::read_at(IoBuffer& buffer, uint64_t offset) {
    if (inode_.type != fspf::FileType::Regular || !is_readable())
        return error(kEBADF);
    struct Output {
        IoBuffer* to;
        uint64_t done;
    } out{&buffer, 0};
    fspf::ContentOutput output{
        &out, [](void* context, uint64_t at, base::Bytes bytes) {
            auto& self = *static_cast<Output*>(context);
            return self.to->put(self.done + at, bytes.data(), bytes.size()).has_value();
        }};
    uint64_t kept = SCONE_TRY(volume_->read_kept(inode_, offset, buffer.size(), output));
    if (kept == buffer.size() || offset + kept >= inode_.size)
        return kept;
    out.done = kept;
    fspf::OpenContent* open = SCONE_TRY(content());
    auto more = volume_->read(*open, offset + kept, buffer.size() - kept, output, path());
    if (!more)
        return kept > 0 ? Result<uint64_t>(kept) : more;
    return kept + *more;
}

Result<uint64_t> ProtectedFile::write_at(IoBuffer&, uint64_t) {
    return error(kEBADF);
}

Result<uint64_t> ProtectedFile::seek(int64_t offset, int whence) {
    return seek_within(offset, whence, inode_.size);
}

Result<Ref<File>> ProtectedDirectory::reopen(uint32_t flags) {
    if (!(flags & kO_PATH) && (flags & kO_ACCMODE) != kO_RDONLY)
        return error(kEISDIR);
    auto directory = make_ref<ProtectedDirectory>(volume_, inode_, parent_id_, flags, path());
    if (!directory)
        return error(kENOMEM);
    return Ref<File>(directory);
}

Result<uint64_t> ProtectedDirectory::seek(int64_t offset, int whence) {
    enclave::Guard guard(listing_mutex_);
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
    enclave::Guard guard(listing_mutex_);
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
