#include "tools/oci/layer_reader.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "lib/base/checked.h"
#include "tools/oci/archive_unsafe.h"
#include "tools/oci/gzip.h"

namespace scone::oci {
namespace {

constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kOpaqueName = ".wh..wh..opq";

std::unexpected<text::Failure> bad_member(const std::string& layer, std::string_view member,
                                          std::string_view why,
                                          ExitCode code = ExitCode::InvalidInput) {
    return failure(code, fmt::format("{}: member '{}' {}", layer, member, why));
}

Outcome<void> take_xattrs(archive_entry* from, Entry& to, const LayerLimits& limits,
                          const std::string& layer) {
    size_t total = 0;
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    archive_entry_xattr_reset(from);
    while (archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK && name != nullptr) {
        total += std::string_view(name).size() + size;
        if (total > limits.max_xattr_bytes)
            return bad_member(layer, to.path, "has more extended attributes than are accepted");
        to.xattrs.emplace_back(name, std::string(static_cast<const char*>(value), size));
    }
    std::ranges::sort(to.xattrs);
    to.xattrs.erase(
        std::ranges::unique(to.xattrs, {}, &std::pair<std::string, std::string>::first).begin(),
        to.xattrs.end());
    return {};
}

// Layer specification, "Whiteouts": a name in the tar, never a file of the image.
Outcome<bool> take_whiteout(Entry& entry, const std::string& layer) {
    const auto [folder, name] = split_path(entry.path);
    if (!name.starts_with(kWhiteoutPrefix))
        return false;
    if (name == kOpaqueName) {
        entry.kind = EntryKind::OpaqueWhiteout;
        entry.path = std::string(folder);
        return true;
    }
    const std::string_view removed = name.substr(kWhiteoutPrefix.size());
    if (removed.empty() || removed == "." || removed == ".." ||
        removed.starts_with(kWhiteoutPrefix))
        return bad_member(layer, entry.path, "is not a whiteout we know");
    entry.kind = EntryKind::Whiteout;
    entry.path = join_path(folder, removed);
    return true;
}

Outcome<EntryKind> kind_of(archive_entry* from, const Entry& entry, const std::string& layer) {
    if (archive_entry_hardlink(from) != nullptr)
        return EntryKind::Hardlink;
    switch (archive_entry_filetype(from)) {
        case AE_IFREG:
            return EntryKind::Regular;
        case AE_IFDIR:
            return EntryKind::Directory;
        case AE_IFLNK:
            return EntryKind::Symlink;
        case AE_IFCHR:
            return EntryKind::CharacterDevice;
        case AE_IFBLK:
            return EntryKind::BlockDevice;
        case AE_IFIFO:
            return EntryKind::Fifo;
        default:
            return bad_member(layer, entry.path, "is of an unknown kind", ExitCode::Unsupported);
    }
}

Outcome<Entry> take_header(archive_entry* from, const LayerLimits& limits,
                           const std::string& layer) {
    Entry entry;
    const char* unsafe_path = archive_entry_pathname(from);
    const auto path = normal_path(unsafe_path != nullptr ? unsafe_path : "..");
    if (!path)
        return bad_member(layer, unsafe_path != nullptr ? unsafe_path : "?",
                          "has a name that leaves the image's root or is too long");
    entry.path = *path;
    entry.mode = archive_entry_perm(from) & 07777;
    const auto uid = base::checked_cast<uint32_t>(archive_entry_uid(from));
    const auto gid = base::checked_cast<uint32_t>(archive_entry_gid(from));
    if (!uid || !gid)
        return bad_member(layer, entry.path, "has an owner that no system has");
    entry.uid = *uid;
    entry.gid = *gid;
    entry.mtime = archive_entry_mtime(from);
    entry.mtime_ns = static_cast<uint32_t>(archive_entry_mtime_nsec(from));
    if (SCONE_TRY(take_whiteout(entry, layer)))
        return entry;
    entry.kind = SCONE_TRY(kind_of(from, entry, layer));
    if (entry.path.empty() && entry.kind != EntryKind::Directory)
        return bad_member(layer, "/", "is not a folder");
    if (entry.kind == EntryKind::Hardlink) {
        const auto target = normal_path(archive_entry_hardlink(from));
        if (!target || target->empty())
            return bad_member(layer, entry.path, "is a link to a name outside the image's root");
        entry.target = *target;
    } else if (entry.kind == EntryKind::Symlink) {
        const char* target = archive_entry_symlink(from);
        entry.target = target != nullptr ? target : "";
        if (entry.target.empty() || entry.target.size() > 4096)
            return bad_member(layer, entry.path, "is a symbolic link without a sound target");
    }
    entry.device_major = static_cast<uint32_t>(archive_entry_rdevmajor(from));
    entry.device_minor = static_cast<uint32_t>(archive_entry_rdevminor(from));
    constexpr int kBeyondMode = ARCHIVE_ENTRY_ACL_TYPE_DEFAULT | ARCHIVE_ENTRY_ACL_TYPE_NFS4;
    if ((archive_entry_acl_types(from) & kBeyondMode) != 0)
        return bad_member(layer, entry.path, "has access control lists", ExitCode::Unsupported);
    SCONE_TRY(take_xattrs(from, entry, limits, layer));
    return entry;
}

Outcome<Extent> take_content(archive* a, const ReadBridge& bridge, const Entry& entry,
                             uint64_t size, uint64_t& budget, Spool& spool,
                             const std::string& layer) {
    if (size > budget)
        return failure(ExitCode::InvalidInput,
                       fmt::format("{} unpacks to more bytes than are accepted", layer));
    budget -= size;
    const void* data = nullptr;
    size_t count = 0;
    la_int64_t offset = 0;
    while (true) {
        const int status = archive_read_data_block(a, &data, &count, &offset);
        if (status == ARCHIVE_EOF)
            break;
        if (status < ARCHIVE_WARN)
            return std::unexpected(
                archive_failure(a, bridge.error, ExitCode::InvalidInput,
                                fmt::format("{}: member '{}'", layer, entry.path)));
        if (!base::range_fits(static_cast<uint64_t>(offset), count, size))
            return bad_member(layer, entry.path, "has content beyond its size");
        SCONE_TRY(spool.write_at(static_cast<uint64_t>(offset),
                                 {static_cast<const uint8_t*>(data), count}));
    }
    return spool.close_extent(size);
}

// zstd by libarchive's filter, as a source.
class ZstdSource : public ByteSource {
  public:
    ZstdSource(std::unique_ptr<ByteSource> inner, std::string name)
        : inner_(std::move(inner)), bridge_{*inner_}, name_(std::move(name)) {}

    Outcome<size_t> read(MutableBytes out) override {
        if (reader_ == nullptr)
            SCONE_TRY(open());
        const la_ssize_t count = archive_read_data(reader_.get(), out.data(), out.size());
        if (count < 0)
            return std::unexpected(
                archive_failure(reader_.get(), bridge_.error, ExitCode::InvalidInput, name_));
        return static_cast<size_t>(count);
    }

  private:
    Outcome<void> open() {
        reader_.reset(archive_read_new());
        archive_read_support_filter_zstd(reader_.get());
        archive_read_support_format_raw(reader_.get());
        archive_entry* entry = nullptr;
        if (archive_read_open(reader_.get(), &bridge_, nullptr, ReadBridge::read, nullptr) !=
                ARCHIVE_OK ||
            archive_read_next_header(reader_.get(), &entry) != ARCHIVE_OK)
            return std::unexpected(
                archive_failure(reader_.get(), bridge_.error, ExitCode::InvalidInput, name_));
        return {};
    }

    std::unique_ptr<ByteSource> inner_;
    ReadBridge bridge_;
    std::string name_;
    ArchiveReader reader_;
};

// Gives back the bytes that were read to see what the stream is.
class PeekedSource : public ByteSource {
  public:
    PeekedSource(std::unique_ptr<ByteSource> inner, std::vector<uint8_t> head)
        : inner_(std::move(inner)), head_(std::move(head)) {}
    Outcome<size_t> read(MutableBytes out) override {
        if (used_ == head_.size())
            return inner_->read(out);
        const size_t count = std::min(out.size(), head_.size() - used_);
        base::copy_bytes(out, Bytes(head_).subspan(used_, count));
        used_ += count;
        return count;
    }

  private:
    std::unique_ptr<ByteSource> inner_;
    std::vector<uint8_t> head_;
    size_t used_ = 0;
};

}  // namespace

Outcome<std::unique_ptr<ByteSource>> unpacked(std::unique_ptr<ByteSource> packed,
                                              const std::string& name) {
    std::vector<uint8_t> head(4);
    size_t filled = 0;
    while (filled < head.size()) {
        const size_t count = SCONE_TRY(packed->read(MutableBytes(head).subspan(filled)));
        if (count == 0)
            break;
        filled += count;
    }
    head.resize(filled);
    const auto starts_with = [&](std::initializer_list<uint8_t> magic) {
        return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin());
    };
    const bool is_gzip = starts_with({0x1f, 0x8b});
    const bool is_zstd = starts_with({0x28, 0xb5, 0x2f, 0xfd});
    std::unique_ptr<ByteSource> source =
        std::make_unique<PeekedSource>(std::move(packed), std::move(head));
    if (is_gzip)
        source = std::make_unique<GzipSource>(std::move(source), name);
    else if (is_zstd)
        source = std::make_unique<ZstdSource>(std::move(source), name);
    return make_prefetch_source(std::move(source));
}

Outcome<std::vector<Entry>> read_layer(ByteSource& tar, Spool& spool, const LayerLimits& limits,
                                       const std::string& name) {
    const Utf8Locale locale;
    const ArchiveReader reader(archive_read_new());
    archive* const a = reader.get();
    archive_read_support_format_tar(a);
    archive_read_support_format_empty(a);
    ReadBridge bridge{tar};
    if (archive_read_open(a, &bridge, nullptr, ReadBridge::read, nullptr) != ARCHIVE_OK)
        return std::unexpected(archive_failure(a, bridge.error, ExitCode::InvalidInput, name));
    std::vector<Entry> entries;
    uint64_t budget = limits.max_bytes;
    while (true) {
        archive_entry* header = nullptr;
        const int status = archive_read_next_header(a, &header);
        if (status == ARCHIVE_EOF)
            break;
        // ARCHIVE_WARN: the member is readable; what it warns of (a name in no known character
        // set) is kept as bytes.
        if (status < ARCHIVE_WARN)
            return std::unexpected(archive_failure(a, bridge.error, ExitCode::InvalidInput, name));
        if (entries.size() >= limits.max_members)
            return failure(ExitCode::InvalidInput,
                           fmt::format("{} has more than {} members", name, limits.max_members));
        Entry entry = SCONE_TRY(take_header(header, limits, name));
        if (entry.kind == EntryKind::Regular) {
            const auto size = base::checked_cast<uint64_t>(archive_entry_size(header));
            if (!size)
                return bad_member(name, entry.path, "has a negative size");
            entry.content = SCONE_TRY(take_content(a, bridge, entry, *size, budget, spool, name));
        }
        entries.push_back(std::move(entry));
    }
    // The padding after the tar's end belongs to what the digests cover.
    SCONE_TRY(drain(tar));
    return entries;
}

}  // namespace scone::oci
