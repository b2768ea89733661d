#include "tools/oci/layer_writer.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace scone::oci {
namespace {

std::string name_in_tar(const Entry& entry) {
    const auto [folder, name] = split_path(entry.path);
    switch (entry.kind) {
        case EntryKind::Whiteout:
            return join_path(folder, fmt::format(".wh.{}", name));
        case EntryKind::OpaqueWhiteout:
            return join_path(entry.path, ".wh..wh..opq");
        case EntryKind::Directory:
            return entry.path.empty() ? "./" : entry.path + "/";
        default:
            return entry.path;
    }
}

mode_t type_bits(EntryKind kind) {
    switch (kind) {
        case EntryKind::Directory:
            return S_IFDIR;
        case EntryKind::Symlink:
            return S_IFLNK;
        case EntryKind::CharacterDevice:
            return S_IFCHR;
        case EntryKind::BlockDevice:
            return S_IFBLK;
        case EntryKind::Fifo:
            return S_IFIFO;
        case EntryKind::Regular:
        case EntryKind::Hardlink:
        case EntryKind::Whiteout:
        case EntryKind::OpaqueWhiteout:
            return S_IFREG;
    }
    return S_IFREG;
}

}  // namespace

Outcome<std::unique_ptr<LayerWriter>> LayerWriter::open(ByteSink& sink) {
    std::unique_ptr<LayerWriter> self(new LayerWriter(sink));
    self->writer_.reset(archive_write_new());
    archive* const a = self->writer_.get();
    if (archive_write_set_format_pax_restricted(a) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(a, 128 * 1024) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
        archive_write_open(a, &self->bridge_, nullptr, WriteBridge::write, nullptr) != ARCHIVE_OK)
        return std::unexpected(
            archive_failure(a, self->bridge_.error, ExitCode::Failed, "opening a layer"));
    return self;
}

Outcome<void> LayerWriter::put_header(const Entry& entry, uint64_t size) {
    const ArchiveEntry header(archive_entry_new());
    archive_entry* const e = header.get();
    archive_entry_set_pathname(e, name_in_tar(entry).c_str());
    archive_entry_set_mode(e, type_bits(entry.kind) | static_cast<mode_t>(entry.mode));
    archive_entry_set_uid(e, entry.uid);
    archive_entry_set_gid(e, entry.gid);
    archive_entry_set_mtime(e, entry.mtime, static_cast<long>(entry.mtime_ns));
    archive_entry_set_size(e, static_cast<la_int64_t>(size));
    if (entry.kind == EntryKind::Symlink)
        archive_entry_set_symlink(e, entry.target.c_str());
    if (entry.kind == EntryKind::Hardlink)
        archive_entry_set_hardlink(e, entry.target.c_str());
    if (entry.kind == EntryKind::CharacterDevice || entry.kind == EntryKind::BlockDevice) {
        archive_entry_set_rdevmajor(e, entry.device_major);
        archive_entry_set_rdevminor(e, entry.device_minor);
    }
    for (const auto& [name, value] : entry.xattrs)
        archive_entry_xattr_add_entry(e, name.c_str(), value.data(), value.size());
    // ARCHIVE_WARN: a name that is not UTF-8 is written as its bytes.
    if (archive_write_header(writer_.get(), e) < ARCHIVE_WARN)
        return std::unexpected(archive_failure(writer_.get(), bridge_.error, ExitCode::Failed,
                                               fmt::format("writing '{}'", entry.path)));
    return {};
}

Outcome<void> LayerWriter::add(const Entry& entry) {
    return put_header(entry, 0);
}

Outcome<void> LayerWriter::begin_file(const Entry& entry, uint64_t size) {
    return put_header(entry, size);
}

Outcome<void> LayerWriter::write_content(Bytes piece) {
    if (archive_write_data(writer_.get(), piece.data(), piece.size()) !=
        static_cast<la_ssize_t>(piece.size()))
        return std::unexpected(
            archive_failure(writer_.get(), bridge_.error, ExitCode::Failed, "writing a layer"));
    return {};
}

Outcome<void> LayerWriter::add_file(const Entry& entry, uint64_t size, const Reader& reader) {
    SCONE_TRY(put_header(entry, size));
    for (uint64_t offset = 0; offset < size;) {
        const auto count = static_cast<size_t>(std::min<uint64_t>(buffer_.size(), size - offset));
        const MutableBytes piece = MutableBytes(buffer_).first(count);
        SCONE_TRY(reader(offset, piece));
        SCONE_TRY(write_content(piece));
        offset += count;
    }
    return {};
}

Outcome<void> LayerWriter::add_file(const Entry& entry, Bytes content) {
    return add_file(entry, content.size(), [&](uint64_t offset, MutableBytes out) -> Outcome<void> {
        base::copy_bytes(out, content.subspan(offset));
        return {};
    });
}

Outcome<void> LayerWriter::add_file(const Entry& entry, const Spool& spool) {
    return add_file(entry, entry.content.size, [&](uint64_t offset, MutableBytes out) {
        return spool.read(entry.content, offset, out);
    });
}

Outcome<void> LayerWriter::finish() {
    if (archive_write_close(writer_.get()) != ARCHIVE_OK)
        return std::unexpected(
            archive_failure(writer_.get(), bridge_.error, ExitCode::Failed, "ending a layer"));
    return {};
}

}  // namespace scone::oci
