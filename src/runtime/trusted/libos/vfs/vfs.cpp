#include "runtime/trusted/libos/vfs/vfs.h"

#include "runtime/trusted/libos/loader/measured_files.h"
#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/vfs/path_walk.h"

namespace scone::libos {

using namespace linux_abi;

Result<void> FileSystem::access(std::string_view path, uint32_t mode, Follow follow) {
    Stat now{};
    SCONE_TRY(stat(path, follow, now));
    if (mode & 2)
        return error(kEROFS);
    if ((mode & 1) && (now.mode & kS_IFMT) == kS_IFREG && !(now.mode & 0111))
        return error(kEACCES);
    return {};
}

Result<uint64_t> FileSystem::extended_attribute(std::string_view path, Follow follow,
                                                ExtendedAttribute&) {
    Stat now{};
    SCONE_TRY(stat(path, follow, now));
    return error(kEOPNOTSUPP);
}

Result<void> FileSystem::statfs(std::string_view path, uint8_t (&out)[120]) {
    Stat now{};
    SCONE_TRY(stat(path, Follow::Yes, now));
    __builtin_memset(out, 0, sizeof out);
    constexpr uint64_t kTmpfsMagic = 0x01021994, kNameMax = 255;
    __builtin_memcpy(out, &kTmpfsMagic, 8);
    uint64_t block_size = 4096;
    __builtin_memcpy(out + 8, &block_size, 8);
    __builtin_memcpy(out + 64, &kNameMax, 8);
    __builtin_memcpy(out + 72, &block_size, 8);
    return {};
}

namespace vfs {
namespace {

struct Mount {
    FixedText<512> prefix;
    Ref<FileSystem> tree;
};
Vector<Mount*> mounts;  // longest prefix first

}  // namespace

bool mount(std::string_view prefix, Ref<FileSystem> tree) {
    auto* entry = enclave::heap_new<Mount>();
    if (entry == nullptr)
        return false;
    entry->prefix.append(prefix);
    entry->tree = std::move(tree);
    size_t at = 0;
    while (at < mounts.size() && mounts[at]->prefix.size() > prefix.size())
        at++;
    return !entry->prefix.overflowed() && mounts.insert(at, entry);
}

Ref<FileSystem> tree_of(std::string_view path) {
    for (Mount* entry : mounts)
        if (lies_in(path, entry->prefix.view()))
            return entry->tree;
    __builtin_trap();  // a root is always mounted
}

Result<void> absolute_path(int fd, std::string_view path, Path& out) {
    if (path.empty())
        return error(kENOENT);
    out.clear();
    if (path[0] != '/') {
        if (fd == kAT_FDCWD) {
            FsContext& context = *current_process().fs;
            enclave::Guard guard(context.lock);
            out.append(context.working_directory.view());
        } else {
            Ref<File> directory = SCONE_TRY(current_process().files->get(fd));
            if (!directory->is_directory())
                return error(kENOTDIR);
            directory->describe(out);
        }
        if (out.view() == "/")
            out.clear();
    }
    SCONE_TRY(append_path(out, path));
    // "dir/" and "dir/." must be a directory.
    if (out.size() == 0 || names_directory(path))
        out.append('/');
    return out.overflowed() ? Result<void>(error(kENAMETOOLONG)) : Result<void>();
}

Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode) {
    Follow follow = flags & kO_NOFOLLOW ? Follow::No : Follow::Yes;
    return with_tree(path, follow, [&](FileSystem& tree, std::string_view at) -> Result<Ref<File>> {
        return measured_files::hold(at, SCONE_TRY(tree.open(at, flags, mode)));
    });
}

Result<void> stat(std::string_view path, Follow follow, Stat& out) {
    return with_tree(path, follow, [&](FileSystem& tree, std::string_view at) {
        return tree.stat(at, follow, out);
    });
}

void note_move(std::string_view from, std::string_view to) {
    Process& process = current_process();
    process.files->for_each([&](int, const Ref<File>& file) { file->note_move(from, to); });
    FsContext& context = *process.fs;
    enclave::Guard guard(context.lock);
    move_path(context.working_directory, from, to);
}

void move_path(Path& path, std::string_view from, std::string_view to) {
    if (!lies_in(path.view(), from))
        return;
    Path moved(to);
    moved.append({path.view().data() + from.size(), path.size() - from.size()});
    if (!moved.overflowed())
        path = moved;
}

Result<void> read_link(std::string_view path, Path& out) {
    return with_tree(path, Follow::No, [&](FileSystem& tree, std::string_view at) {
        return tree.read_link(at, out);
    });
}

}  // namespace vfs
}  // namespace scone::libos
