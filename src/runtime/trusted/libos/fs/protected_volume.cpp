#include "runtime/trusted/libos/fs/protected_volume.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/log.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using fspf::ErrorCode;

constexpr size_t kPageSlots = 128;  // 0.5 MiB
constexpr uint64_t kDevice = 0x73636f6e;

fspf::Lock lock_of(enclave::SpinLock& lock) {
    return {&lock, [](void* context) { static_cast<enclave::SpinLock*>(context)->lock(); },
            [](void* context) { static_cast<enclave::SpinLock*>(context)->unlock(); }};
}

// Memory that stays: zero bytes are empty slots.
template <class T>
std::span<T> new_slots(size_t count) {
    auto* slots = static_cast<T*>(enclave::heap_pages(count * sizeof(T)));
    if (slots == nullptr)
        return {};
    for (size_t i = 0; i < count; ++i)
        new (&slots[i]) T();
    return {slots, count};
}

using Message = FixedText<kPathMax + 256>;

[[noreturn]] void fatal_open(const fspf::Error& error, std::string_view path) {
    Message text;
    if (error == ErrorCode::Stale)
        fatal("The FSPF tag is not fresh - suspected replay attack");
    text.append("Could not open file system protection file ").append(path).append(": ");
    text.append(error.text);
    if (error == ErrorCode::Host)
        text.append(" (errno ").append_number(error.number).append(")");
    fatal(text.view());
}

}  // namespace

// Blocks of 4 KiB cut from runs of whole pages, until the share is used up.
struct BlockPool {
    static constexpr uint64_t kRun = 256 << 10;
    uint64_t left = 0;
    uint8_t* at = nullptr;
    uint64_t in_run = 0;

    static uint8_t* next(void* context) {
        auto& self = *static_cast<BlockPool*>(context);
        if (self.left < fspf::kBlockSize)
            return nullptr;
        if (self.in_run == 0) {
            self.at = static_cast<uint8_t*>(enclave::heap_pages(kRun));
            if (self.at == nullptr) {
                self.left = 0;
                return nullptr;
            }
            self.in_run = kRun;
        }
        uint8_t* block = self.at;
        self.at += fspf::kBlockSize;
        self.in_run -= fspf::kBlockSize;
        self.left -= fspf::kBlockSize;
        return block;
    }
};

struct ProtectedVolume::State {
    fspf::Reader reader;
    fspf::LockedReader locked;
    BlockPool pool;
    fspf::BlockCache cache;
    fspf::ContentReader content;
    fspf::RegionStore regions;
};

fspf::Result<size_t> read_host_file(int host_fd, uint64_t offset, base::MutableBytes out) {
    size_t done = 0;
    while (done < out.size()) {
        uint64_t step = out.size() - done < enclave::window_data_size()
                            ? out.size() - done
                            : enclave::window_data_size();
        int64_t count =
            enclave::checked_result(enclave::host_call(__NR_pread64, enclave::Interruptible::No,
                                                       static_cast<uint64_t>(host_fd),
                                                       enclave::window_data(), step, offset + done),
                                    step);
        if (count < 0)
            return fspf::fail(ErrorCode::Host, "the host does not read its file",
                              static_cast<uint64_t>(-count));
        if (count == 0)
            break;
        enclave::copy_from_host(out.data() + done, enclave::window_data(),
                                static_cast<size_t>(count));
        done += static_cast<size_t>(count);
    }
    return done;
}

Ref<ProtectedVolume> ProtectedVolume::open(const aead::AesGcm256& cipher,
                                           std::string_view fspf_path, const fspf::Key& key,
                                           const fspf::Tag& tag, uint64_t block_cache_size) {
    Ref<ProtectedVolume> volume(enclave::heap_new<ProtectedVolume>());
    auto pages = new_slots<fspf::PageSlot>(kPageSlots);
    // Memory that was just added is zero, which an empty slot is: it need not be written.
    size_t block_count = block_cache_size / fspf::kBlockSize;
    auto* blocks =
        static_cast<fspf::BlockSlot*>(enclave::heap_pages(block_count * sizeof(fspf::BlockSlot)));
    auto states = new_slots<State>(1);
    auto paths = new_slots<PathCache>(1);
    if (!volume || pages.empty() || blocks == nullptr || states.empty() || paths.empty())
        return {};
    State& state = states[0];
    volume->state_ = &state;
    volume->paths_ = &paths[0];
    state.pool.left = block_cache_size;
    volume->path_.append(fspf_path);
    int64_t fd =
        enclave::host_open(fspf_path, kO_RDONLY | kO_CLOEXEC, 0, enclave::Interruptible::No);
    if (fd < 0)
        fatal_open({ErrorCode::Host, "the host does not open it", static_cast<uint64_t>(-fd)},
                   fspf_path);
    volume->host_fd_ = static_cast<int>(fd);

    fspf::BlockSource source{volume.get(),
                             [](void* context, uint64_t offset, base::MutableBytes out) {
                                 auto* self = static_cast<ProtectedVolume*>(context);
                                 return read_host_file(self->host_fd_, offset, out);
                             }};
    auto opened = state.reader.open(cipher, source, key, tag, pages, state.regions);
    if (!opened)
        fatal_open(opened.error(), fspf_path);
    state.cache.open({blocks, block_count}, {&state.pool, BlockPool::next});
    state.locked.open(state.reader, lock_of(volume->page_lock_));
    state.content.open(cipher, state.reader.authenticator(), state.locked, state.cache,
                       lock_of(volume->block_lock_));
    return volume;
}

ProtectedVolume::~ProtectedVolume() {
    if (host_fd_ >= 0)
        enclave::host_close(host_fd_);
}

std::span<const fspf::RegionRecord> ProtectedVolume::regions() const {
    return state_->reader.regions();
}

Errno ProtectedVolume::translate(const fspf::Error& error) const {
    switch (error.code) {
        case ErrorCode::NotFound:
        case ErrorCode::InvalidPath:
        case ErrorCode::NoRegion:
            return {kENOENT};
        case ErrorCode::NotDirectory:
            return {kENOTDIR};
        case ErrorCode::NotSymlink:
            return {kEINVAL};
        case ErrorCode::TooLarge:
            return {kENAMETOOLONG};
        case ErrorCode::Output:
            return {kEFAULT};
        case ErrorCode::Host:
            return {kEIO};
        case ErrorCode::Exists:
            return {kEEXIST};
        case ErrorCode::NotFspf:
        case ErrorCode::Unsupported:
        case ErrorCode::WrongKey:
        case ErrorCode::Stale:
        case ErrorCode::CorruptPage:
        case ErrorCode::Corrupt:
        case ErrorCode::Malformed:
        case ErrorCode::Absent:
            break;
    }
    Message text;
    text.append("Verification of page ").append_number(error.number);
    text.append(" of file system protection file ").append(path_.view()).append(" failed: ");
    text.append(error.text);
    fatal(text.view());
}

template <class T>
Result<T> ProtectedVolume::translated(fspf::Result<T>&& result) const {
    if (!result)
        return std::unexpected(translate(result.error()));
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return std::move(*result);
}

Result<fspf::Inode> ProtectedVolume::region_root(size_t region) {
    return translated(
        state_->locked.run([&](fspf::Reader& reader) { return reader.region_root(region); }));
}
Result<fspf::Inode> ProtectedVolume::lookup(const fspf::Inode& directory, std::string_view name) {
    return translated(
        state_->locked.run([&](fspf::Reader& reader) { return reader.lookup(directory, name); }));
}
Result<bool> ProtectedVolume::next_entry(const fspf::Inode& directory,
                                         fspf::DirectoryCursor& cursor, fspf::DirectoryEntry& out) {
    return translated(state_->locked.run([&](fspf::Reader& reader) {
        // A try that misses a page must not move the cursor on.
        fspf::DirectoryCursor moved = cursor;
        auto more = reader.next_entry(directory, moved, out);
        if (more)
            cursor = moved;
        return more;
    }));
}

Result<void> ProtectedVolume::read_link(const fspf::Inode& link, Path& out) {
    base::MutableBytes target(reinterpret_cast<uint8_t*>(out.data()), Path::capacity());
    out.set_size(SCONE_TRY(translated(
        state_->locked.run([&](fspf::Reader& reader) { return reader.read_link(link, target); }))));
    return {};
}

Result<uint64_t> ProtectedVolume::read_kept(const fspf::Inode& file, uint64_t offset, uint64_t size,
                                            fspf::ContentOutput output) {
    return translated(state_->content.read_kept(file, offset, size, output));
}

Result<void> ProtectedVolume::open_content(const fspf::Inode& file, fspf::OpenContent& content) {
    return translated(state_->content.open_content(file, content));
}

Result<uint64_t> ProtectedVolume::read(fspf::OpenContent& content, uint64_t offset, uint64_t size,
                                       fspf::ContentOutput output, std::string_view path) {
    constexpr size_t kScratch = fspf::ContentReader::kScratchSize;
    auto* scratch = static_cast<uint8_t*>(enclave::heap_allocate(kScratch));
    if (scratch == nullptr)
        return error(kENOMEM);
    auto count = state_->content.read(content, offset, size, output, {scratch, kScratch});
    enclave::heap_free(scratch);
    if (!count && count.error() == ErrorCode::Corrupt) {
        uint64_t chunk = count.error().number, begin = chunk * fspf::kBlockSize;
        Message text;
        text.append("Verification of file chunk ").append_number(chunk).append(" (bytes ");
        text.append_number(begin).append(" to ");
        text.append_number(begin + fspf::block_size(content.inode.size, chunk) - 1);
        text.append(") of file ").append(path).append(" failed.");
        fatal(text.view());
    }
    return translated(std::move(count));
}

void ProtectedVolume::linux_stat(const fspf::Inode& inode, Stat& out) const {
    out = {};
    out.dev = kDevice;
    out.ino = inode.id;
    out.nlink = inode.link_count;
    out.mode = inode.attributes.mode;
    out.mode |= inode.type == fspf::FileType::Directory ? kS_IFDIR
                : inode.type == fspf::FileType::Symlink ? kS_IFLNK
                                                        : kS_IFREG;
    out.uid = inode.attributes.uid;
    out.gid = inode.attributes.gid;
    out.size = static_cast<int64_t>(inode.type == fspf::FileType::Directory ? 4096 : inode.size);
    out.blksize = fspf::kBlockSize;
    out.blocks = (out.size + 511) / 512;
    out.mtime = {inode.attributes.modified.seconds, inode.attributes.modified.nanoseconds};
    out.atime = out.ctime = out.mtime;
}

}  // namespace scone::libos
