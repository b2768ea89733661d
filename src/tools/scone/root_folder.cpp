#include "tools/scone/root_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "lib/base/result.h"

namespace scone::tools {
namespace {

using oci::Entry;
using oci::EntryKind;
using oci::FileTree;
using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr size_t kMaxTextFile = 1 << 20;

std::unexpected<text::Failure> system_failure(const char* action, const std::string& path) {
    return failure(errno == EPERM ? ExitCode::Denied : ExitCode::Failed,
                   fmt::format("cannot {} '{}': {}", action, path, std::strerror(errno)),
                   "unpacking the image");
}

auto interrupted() {
    return failure(ExitCode::Failed, "interrupted by a signal", "unpacking the image");
}

class RootWriter {
  public:
    RootWriter(const UnpackedImage& image, const std::string& folder)
        : image_(image), folder_(folder) {}

    Outcome<void> write(const FileTree::Node& node) {
        const std::string path = path_of(node);
        if (!node.is_folder()) {
            if (auto first = names_.find(node.file_id); first != names_.end())
                return ::link(first->second.c_str(), path.c_str()) == 0
                           ? Outcome<void>()
                           : system_failure("link", path);
            names_.emplace(node.file_id, path);
        }
        SCONE_TRY(create(node.entry, path));
        return set_attributes(node.entry, path);
    }
    // Once everything is there: making a file changes its folder's time.
    Outcome<void> set_time(const FileTree::Node& node) const {
        const Entry& entry = node.entry;
        const timespec time{.tv_sec = entry.mtime, .tv_nsec = static_cast<long>(entry.mtime_ns)};
        const timespec times[2] = {time, time};
        const std::string path = path_of(node);
        if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
            return system_failure("set the time of", path);
        return {};
    }

  private:
    std::string path_of(const FileTree::Node& node) const {
        return node.entry.path.empty() ? folder_ : folder_ + "/" + node.entry.path;
    }

    Outcome<void> create(const Entry& entry, const std::string& path) const {
        const dev_t device = makedev(entry.device_major, entry.device_minor);
        switch (entry.kind) {
            case EntryKind::Directory:
                return entry.path.empty() ? Outcome<void>()
                                          : made(::mkdir(path.c_str(), 0700), path);
            case EntryKind::Symlink:
                return made(::symlink(entry.target.c_str(), path.c_str()), path);
            case EntryKind::CharacterDevice:
                return made(::mknod(path.c_str(), S_IFCHR | 0600, device), path);
            case EntryKind::BlockDevice:
                return made(::mknod(path.c_str(), S_IFBLK | 0600, device), path);
            case EntryKind::Fifo:
                return made(::mkfifo(path.c_str(), 0600), path);
            case EntryKind::Regular:
                return write_content(entry, path);
            case EntryKind::Hardlink:
            case EntryKind::Whiteout:
            case EntryKind::OpaqueWhiteout:
                break;  // not in a tree
        }
        return failure(ExitCode::Failed, fmt::format("'{}' is of an unexpected kind", path));
    }
    static Outcome<void> made(int result, const std::string& path) {
        return result == 0 ? Outcome<void>() : system_failure("create", path);
    }

    Outcome<void> write_content(const Entry& entry, const std::string& path) const {
        oci::FileHandle file(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!file)
            return system_failure("create", path);
        if (entry.content.size != 0) {
            const auto content = SCONE_TRY(image_.spool->map(entry.content));
            SCONE_TRY(oci::write_fully(file.get(), content.bytes(), path));
        }
        if (const int error = file.close(); error != 0) {
            errno = error;
            return system_failure("write", path);
        }
        return {};
    }

    // Owner first: changing it clears set-id bits and capabilities.
    static Outcome<void> set_attributes(const Entry& entry, const std::string& path) {
        if (::lchown(path.c_str(), entry.uid, entry.gid) != 0)
            return system_failure("set the owner of", path);
        if (entry.kind != EntryKind::Symlink && ::chmod(path.c_str(), entry.mode) != 0)
            return system_failure("set the mode of", path);
        for (const auto& [name, value] : entry.xattrs)
            if (::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) != 0)
                return system_failure("set an attribute of", path);
        return {};
    }

    const UnpackedImage& image_;
    const std::string& folder_;
    std::unordered_map<uint64_t, std::string> names_;
};

}  // namespace

std::string UnpackedImage::text_of(std::string_view path) const {
    const FileTree::Node* node = tree.resolve(path);
    if (node == nullptr || node->entry.kind != EntryKind::Regular)
        return {};
    return spool->read_text(node->entry.content, kMaxTextFile).value_or("");
}

Outcome<UnpackedImage> unpack_layers(const oci::ImageSource& image, const KeepGoing& keep_going) {
    UnpackedImage out;
    out.spool = SCONE_TRY(oci::Spool::create());
    for (size_t i = 0; i < image.layers.size(); ++i) {
        if (!keep_going())
            return interrupted();
        const auto entries = SCONE_TRY(image.read(i, *out.spool, {}));
        SCONE_TRY(out.tree.apply(entries, image.layers[i].name));
    }
    return out;
}

Outcome<void> write_root_folder(const UnpackedImage& image, const std::string& folder,
                                const KeepGoing& keep_going) {
    RootWriter writer(image, folder);
    Outcome<void> done;
    const auto for_all = [&](auto&& action) {
        FileTree::walk(image.tree.root(), [&](const FileTree::Node& node) {
            if (!done)
                return;
            done = keep_going() ? action(node) : Outcome<void>(interrupted());
        });
    };
    for_all([&](const FileTree::Node& node) { return writer.write(node); });
    for_all([&](const FileTree::Node& node) { return writer.set_time(node); });
    return done;
}

}  // namespace scone::tools
