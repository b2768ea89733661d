// `scone fspf show`: what a file system protection file says, as text.
#include "lib/base/hex.h"
#include "tools/fspf_files/fspf_file.h"
#include "tools/fspf_files/loaded_fspf.h"

namespace scone::tools {
namespace {

const char* name_of(fspf::Protection protection) {
    switch (protection) {
        case fspf::Protection::None:
            return "not-protected";
        case fspf::Protection::Authenticated:
            return "authenticated";
        case fspf::Protection::Encrypted:
            return "encrypted";
    }
    return "unknown";
}

std::string hex(base::Bytes bytes) {
    std::string text(2 * bytes.size(), '0');
    base::hex_encode(bytes, text);
    return text;
}

std::string mode_text(const fspf::Inode& inode) {
    std::string text = inode.type == fspf::FileType::Directory ? "d"
                       : inode.type == fspf::FileType::Symlink ? "l"
                                                               : "-";
    for (int bit = 8; bit >= 0; --bit)
        text += (inode.attributes.mode >> bit & 1) ? "rwx"[(8 - bit) % 3] : '-';
    return text;
}

// Names come from a file that may have been made by anyone: control characters are shown as '?'.
std::string printable(std::string_view name) {
    std::string text(name);
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 32 || c == 127)
            c = '?';
    return text;
}

fspf::Result<void> list(fspf::Reader& reader, const fspf::Inode& folder, const std::string& path,
                        int depth, std::string& out) {
    if (depth == 512)
        return fspf::fail(fspf::ErrorCode::Malformed, "folders are nested too deeply");
    fspf::DirectoryCursor cursor;
    fspf::DirectoryEntry entry;
    while (SCONE_TRY(reader.next_entry(folder, cursor, entry))) {
        const fspf::Inode& inode = entry.inode;
        std::string name = (path == "/" ? path : path + "/") + std::string(entry.text());
        out += "  " + mode_text(inode) + " " + std::to_string(inode.attributes.uid) + ":" +
               std::to_string(inode.attributes.gid) + " " + std::to_string(inode.size) + " " +
               printable(name);
        if (inode.type == fspf::FileType::Symlink) {
            base::ByteArray<fspf::kMaxLinkSize> target;
            size_t size = SCONE_TRY(reader.read_link(inode, target));
            out += " -> " + printable(base::as_text(base::Bytes(target).first(size)));
        }
        out += "\n";
        if (inode.type == fspf::FileType::Directory)
            SCONE_TRY(list(reader, inode, name, depth + 1, out));
    }
    return {};
}

}  // namespace

text::Outcome<std::string> describe_fspf(const std::string& file, const std::string& key_text) {
    fspf::Key key;
    if (!key_text.empty() && !base::hex_decode(key_text, key.expose_mutable()))
        return text::failure(text::ExitCode::Usage, "the key is not 64 hexadecimal digits");
    auto loaded = SCONE_TRY(LoadedFspf::load(file, key_text.empty() ? nullptr : &key));
    fspf::Reader& reader = loaded->reader();
    const fspf::Header& header = reader.header();
    bool clear = header.features & fspf::feature::kClearKey;
    std::string out = "File system protection file " + file + "\n";
    out += "AES-GCM tag: " + hex(header.tag) + "\n";
    out += "Format version: " + std::to_string(header.version) +
           ", generation: " + std::to_string(header.generation) +
           ", encrypted: " + (clear ? "no" : "yes") + "\n";
    out += "Files, directories and links: " + std::to_string(reader.file_count()) + "\n";
    for (size_t i = 0; i < reader.regions().size(); ++i) {
        const fspf::RegionRecord& region = reader.regions()[i];
        bool kernel = region.backing == fspf::Backing::Kernel;
        out += "Region " + printable(region.path) + ": " + name_of(region.protection) + ", " +
               (kernel ? "kernel " + printable(region.backing_path) : std::string("ephemeral")) +
               "\n";
        if (region.root_id == 0)
            continue;
        auto root = reader.region_root(i);
        auto listed = root ? list(reader, *root, std::string(region.path), 0, out)
                           : fspf::Result<void>(std::unexpected(root.error()));
        if (!listed)
            return std::unexpected(fspf_failure(listed.error(), "cannot read '" + file + "'"));
    }
    return out;
}

}  // namespace scone::tools
