// The program's view of files: which tree a path belongs to, and the operations on paths.
//
// Side:    trusted
// Trees are chosen by the longest mounted prefix of the path, after "." and ".." were taken out
// (path_walk.h).
// Threads: mounts are made before the program starts; everything else is thread-safe
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/trusted/libos/vfs/fd_table.h"
#include "runtime/trusted/libos/vfs/file_system.h"

namespace scone::libos::vfs {

// Preconditions: before the program starts. prefix is absolute, without a slash at its end ("" is
// the root).
bool mount(std::string_view prefix, Ref<FileSystem> tree);
Ref<FileSystem> tree_of(std::string_view path);

// The absolute path that (fd, path) names for the current process, normalised.
// Errors: EBADF, ENOTDIR, ENOENT (empty path), ENAMETOOLONG
Result<void> absolute_path(int fd, std::string_view path, Path& out);

Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode);
Result<void> stat(std::string_view path, Follow follow, linux_abi::Stat& out);
Result<void> read_link(std::string_view path, Path& out);
// A directory or file has another name now: open files below it and the working directory follow.
// Other processes are not told.
void note_move(std::string_view from, std::string_view to);
// The part of note_move for one path.
void move_path(Path& path, std::string_view from, std::string_view to);
// Calls operation(tree, path) on the tree that the path, followed or not, belongs to.
template <class F>
auto with_tree(std::string_view path, Follow follow, F&& operation)
    -> decltype(operation(*static_cast<FileSystem*>(nullptr), path)) {
    Path next(path);
    for (int hops = 0; hops < 40; hops++) {
        Ref<FileSystem> tree = tree_of(next.view());
        auto result = operation(*tree, next.view());
        if (result || result.error().value != linux_abi::kEXDEV)
            return result;
        Path target;
        if (!tree->leaves_to(next.view(), follow, target))
            return result;
        next = target;
    }
    return error(linux_abi::kELOOP);
}

}  // namespace scone::libos::vfs
