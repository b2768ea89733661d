#include "runtime/trusted/libos/fs/protected_fs.h"

#include "runtime/trusted/libos/fs/protected_file.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

// Appends the parts of `path` to the absolute path `out`, taking out "." and "..".
void append_parts(Path& out, std::string_view path) {
    while (!path.empty()) {
        size_t end = fspf::find_slash(path);
        std::string_view part = fspf::first_chars(path, end);
        path = fspf::without_first(path, end < path.size() ? end + 1 : end);
        if (part == "..") {
            size_t size = out.size();
            while (size > 0 && out.view()[size - 1] != '/')
                size--;
            out.truncate(size > 0 ? size - 1 : 0);
        } else if (!part.empty() && part != ".") {
            out.append('/').append(part);
        }
    }
}

}  // namespace

Result<ProtectedFs::Place> ProtectedFs::walk(std::string_view path, Follow follow, Path* leaves) {
    std::string_view prefix = volume_->regions()[region_].path;
    std::string_view rest = prefix == "/" ? path : fspf::without_first(path, prefix.size());
    fspf::Inode inode = SCONE_TRY(volume_->region_root(region_));
    Place place{inode, inode.id};
    while (!rest.empty()) {
        if (rest[0] == '/') {
            // A slash behind a name: it must be a directory, even at the end.
            if (place.inode.type != fspf::FileType::Directory)
                return error(kENOTDIR);
            rest.remove_prefix(1);
            continue;
        }
        size_t parent_size = path.size() - rest.size();
        size_t end = fspf::find_slash(rest);
        std::string_view name = fspf::first_chars(rest, end);
        rest.remove_prefix(end);
        if (name.size() > fspf::kMaxNameSize)
            return error(kENAMETOOLONG);
        place.parent_id = place.inode.id;
        place.inode = SCONE_TRY(volume_->lookup(place.inode, name));
        if (place.inode.type != fspf::FileType::Symlink || (rest.empty() && follow == Follow::No))
            continue;
        if (leaves == nullptr)
            return error(kEXDEV);
        Path target;
        SCONE_TRY(volume_->read_link(place.inode, target));
        leaves->clear();
        if (target.view()[0] != '/')
            append_parts(*leaves, fspf::first_chars(path, parent_size));
        append_parts(*leaves, target.view());
        bool wants_directory = rest == "/" || target.view()[target.size() - 1] == '/';
        append_parts(*leaves, rest);
        if (leaves->size() == 0 || (wants_directory && leaves->view() != "/"))
            leaves->append('/');
        if (leaves->overflowed())
            return error(kENAMETOOLONG);
        return error(kEXDEV);
    }
    return place;
}

Result<ProtectedFs::Place> ProtectedFs::find(std::string_view path, Follow follow) {
    auto kind = static_cast<uint32_t>(region_ * 2 + (follow == Follow::Yes));
    PathCache::Found known;
    if (volume_->paths().find(kind, path, known)) {
        if (known.error != 0)
            return error(known.error);
        return Place{known.inode, known.parent_id};
    }
    auto place = walk(path, follow, nullptr);
    if (place) {
        known.inode = place->inode;
        known.parent_id = place->parent_id;
    } else {
        known.error = place.error().value;
    }
    // What failed for another reason may be there at the next look.
    if (place || known.error == kENOENT || known.error == kENOTDIR)
        volume_->paths().keep(kind, path, known);
    return place;
}

Result<void> ProtectedFs::leaves_to(std::string_view path, Follow follow, Path& out) {
    auto place = walk(path, follow, &out);
    if (place)
        return error(kENOENT);
    if (place.error().value != kEXDEV)
        return std::unexpected(place.error());
    return {};
}

Result<Ref<File>> ProtectedFs::open(std::string_view path, uint32_t flags, uint32_t) {
    const bool no_follow = flags & kO_NOFOLLOW;
    auto found = find(path, no_follow ? Follow::No : Follow::Yes);
    if (!found)
        return error(found.error().value == kENOENT && (flags & kO_CREAT) ? kEROFS
                                                                          : found.error().value);
    const fspf::Inode& inode = found->inode;
    if ((flags & kO_CREAT) && (flags & kO_EXCL))
        return error(kEEXIST);
    const bool is_directory = inode.type == fspf::FileType::Directory;
    const bool path_only = flags & kO_PATH;
    if (inode.type == fspf::FileType::Symlink && !path_only)
        return error(kELOOP);
    if ((flags & kO_DIRECTORY) && !is_directory)
        return error(kENOTDIR);
    if (!path_only && ((flags & kO_ACCMODE) != kO_RDONLY || (flags & kO_TRUNC)))
        return error(is_directory ? kEISDIR : kEROFS);
    if (is_directory) {
        auto directory =
            make_ref<ProtectedDirectory>(volume_, inode, found->parent_id, flags, path);
        if (!directory)
            return error(kENOMEM);
        return Ref<File>(directory);
    }
    return ProtectedFile::open(volume_, region_, inode, flags, path);
}

Result<void> ProtectedFs::stat(std::string_view path, Follow follow, Stat& out) {
    Place place = SCONE_TRY(find(path, follow));
    volume_->linux_stat(place.inode, out);
    return {};
}

Result<void> ProtectedFs::read_link(std::string_view path, Path& out) {
    Place place = SCONE_TRY(find(path, Follow::No));
    return volume_->read_link(place.inode, out);
}

bool mount_regions(Ref<ProtectedVolume> volume, const OtherTrees& others) {
    auto regions = volume->regions();
    for (size_t i = 0; i < regions.size(); ++i) {
        const fspf::RegionRecord& region = regions[i];
        Ref<FileSystem> tree;
        if (region.backing == fspf::Backing::Ephemeral)
            tree = others.ephemeral(region.path);
        else if (region.protection == fspf::Protection::None)
            tree = others.host(region.path, region.backing_path);
        else
            tree = make_ref<ProtectedFs>(volume, i);
        // The VFS calls the root "".
        std::string_view prefix = region.path == "/" ? std::string_view() : region.path;
        if (!tree || !vfs::mount(prefix, std::move(tree)))
            return false;
    }
    return true;
}

}  // namespace scone::libos
