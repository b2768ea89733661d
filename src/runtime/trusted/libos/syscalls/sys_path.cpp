// open, rename, link and the other calls on paths; stat and chmod are in sys_attributes
#include "runtime/trusted/libos/syscalls/arguments.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/vfs/path_walk.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

SyscallResult open_resolved(Call& call, const Path& path, uint32_t flags, uint32_t mode) {
    Ref<File> file = SCONE_TRY(vfs::open(path.view(), flags, without_umask(call, mode)));
    CloseOnExec mark = flags & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No;
    return static_cast<uint64_t>(SCONE_TRY(call.process().files->add(file, mark)));
}

SyscallResult open_at(Call& call, int fd, uint64_t path_address, uint32_t flags, uint32_t mode) {
    Path path;
    SCONE_TRY(path_of(fd, path_address, path));
    return open_resolved(call, path, flags, mode);
}

// What the last component of the path at this address says, for calls that take no "." and "..".
Result<Path> last_component_of(uint64_t address) {
    Path given;
    SCONE_TRY(copy_path(given, address));
    while (given.size() > 1 && given.view().back() == '/')
        given.truncate(given.size() - 1);
    return Path(vfs::last_component(given.view()));
}

}  // namespace

SyscallResult sys_open(Call& call) {
    return open_at(call, kAT_FDCWD, call.arg[0], call.u32(1), call.u32(2));
}
SyscallResult sys_openat(Call& call) {
    return open_at(call, call.fd(0), call.arg[1], call.u32(2), call.u32(3));
}
SyscallResult sys_openat2(Call& call) {
    struct How {
        uint64_t flags, mode, resolve;
    };
    enum : uint64_t {
        kNoCrossing = 1,
        kNoMagicLinks = 2,
        kNoLinks = 4,
        kBeneath = 8,
        kInRoot = 16,
        kCached = 32,
        kAll = 63
    };
    constexpr uint64_t kMost = 4096, kKnownFlags = 037777703;
    uint64_t size = call.arg[3];
    if (size < sizeof(How))
        return error(kEINVAL);
    if (size > kMost)
        return error(kE2BIG);
    How how = SCONE_TRY(AppPtr<How>(call.arg[2]).load());
    for (uint64_t at = sizeof how; at < size; at++)
        if (SCONE_TRY(AppPtr<uint8_t>(call.arg[2] + at).load()) != 0)
            return error(kE2BIG);
    bool makes = (how.flags & kO_CREAT) || (how.flags & kO_TMPFILE) == kO_TMPFILE;
    bool beneath = how.resolve & kBeneath, in_root = how.resolve & kInRoot;
    if ((how.flags & ~kKnownFlags) || (how.resolve & ~kAll) || (how.mode & ~07777ull) ||
        (how.mode != 0 && !makes) || (beneath && in_root))
        return error(kEINVAL);
    if (how.resolve & kCached)
        return error(kEAGAIN);  // nothing is known without asking
    if (how.resolve == 0)
        return open_at(call, call.fd(0), call.arg[1], static_cast<uint32_t>(how.flags),
                       static_cast<uint32_t>(how.mode));
    Path given, base, path;
    SCONE_TRY(copy_path(given, call.arg[1]));
    if (given.size() == 0)
        return error(kENOENT);
    bool confined = beneath || in_root;
    if (given.view()[0] != '/' || confined)
        SCONE_TRY(vfs::absolute_path(call.fd(0), ".", base));
    if (base.size() > 1)
        base.truncate(base.size() - 1);  // the slash of "."
    vfs::Rules rules{beneath, in_root, (how.resolve & kNoLinks) != 0,
                     (how.resolve & kNoCrossing) != 0};
    bool follow =
        !(how.flags & kO_NOFOLLOW) && (how.flags & (kO_CREAT | kO_EXCL)) != (kO_CREAT | kO_EXCL);
    SCONE_TRY(vfs::resolve(base.view(), given.view(), rules, follow, path));
    // No link is left to be followed, not even one that appears meanwhile.
    return open_resolved(call, path, static_cast<uint32_t>(how.flags) | kO_NOFOLLOW,
                         static_cast<uint32_t>(how.mode));
}
SyscallResult sys_creat(Call& call) {
    return open_at(call, kAT_FDCWD, call.arg[0], kO_CREAT | kO_WRONLY | kO_TRUNC, call.u32(1));
}

namespace {
SyscallResult read_link_at(int fd, uint64_t address, uint64_t buffer, uint64_t size) {
    if (static_cast<int64_t>(size) <= 0)
        return error(kEINVAL);
    Path given, path, target;
    SCONE_TRY(copy_path(given, address));
    if (given.size() == 0 && fd != kAT_FDCWD) {
        // A descriptor of the link itself, as O_PATH | O_NOFOLLOW opens it.
        Ref<File> file = SCONE_TRY(current_process().files->get(fd));
        Stat now{};
        SCONE_TRY(file->stat(now));
        if ((now.mode & kS_IFMT) != kS_IFLNK)
            return error(kENOENT);
        file->describe(path);
    } else {
        SCONE_TRY(vfs::absolute_path(fd, given.view(), path));
    }
    SCONE_TRY(vfs::read_link(path.view(), target));
    uint64_t count = target.size() < size ? target.size() : size;
    SCONE_TRY(copy_to_program(buffer, target.view().data(), count));
    return count;
}
}  // namespace
SyscallResult sys_readlink(Call& call) {
    return read_link_at(kAT_FDCWD, call.arg[0], call.arg[1], call.u32(2));
}
SyscallResult sys_readlinkat(Call& call) {
    return read_link_at(call.fd(0), call.arg[1], call.arg[2], call.u32(3));
}

namespace {
SyscallResult mkdir_at(Call& call, int fd, uint64_t address, uint32_t mode) {
    uint32_t kept = without_umask(call, mode);
    return on_path(fd, address, Follow::No, [&](FileSystem& tree, std::string_view path) {
        return tree.make_directory(path, kept);
    });
}
SyscallResult mknod_at(Call& call, int fd, uint64_t address, uint32_t mode, uint64_t device) {
    uint32_t kept = (mode & kS_IFMT) | without_umask(call, mode);
    return on_path(fd, address, Follow::No, [&](FileSystem& tree, std::string_view path) {
        return tree.make_node(path, kept, device);
    });
}
SyscallResult remove_at(int fd, uint64_t address, bool directory) {
    if (directory) {
        Path last = SCONE_TRY(last_component_of(address));
        if (last.view() == ".")
            return error(kEINVAL);
        if (last.view() == "..")
            return error(kENOTEMPTY);
    }
    return on_path(fd, address, Follow::No, [&](FileSystem& tree, std::string_view path) {
        return tree.remove(path, directory);
    });
}
std::string_view without_last_slash(std::string_view path) {
    while (path.size() > 1 && path.back() == '/')
        path = {path.data(), path.size() - 1};
    return path;
}
void note_rename(std::string_view from, std::string_view to, bool exchanged) {
    from = without_last_slash(from);
    to = without_last_slash(to);
    // No path of a program has this component while the two change places.
    constexpr std::string_view kAside = "/\x01";
    if (exchanged)
        vfs::note_move(to, kAside);
    vfs::note_move(from, to);
    if (exchanged)
        vfs::note_move(kAside, from);
}
template <class F>
SyscallResult on_two_paths(int from_fd, uint64_t from, int to_fd, uint64_t to, F&& operation) {
    Path a, b;
    SCONE_TRY(path_of(from_fd, from, a));
    SCONE_TRY(path_of(to_fd, to, b));
    Ref<FileSystem> tree = vfs::tree_of(a.view());
    if (!(tree == vfs::tree_of(b.view())))
        return error(kEXDEV);
    return done(operation(*tree, a.view(), b.view()));
}
}  // namespace
SyscallResult sys_mkdir(Call& call) {
    return mkdir_at(call, kAT_FDCWD, call.arg[0], call.u32(1));
}
SyscallResult sys_mkdirat(Call& call) {
    return mkdir_at(call, call.fd(0), call.arg[1], call.u32(2));
}
SyscallResult sys_mknod(Call& call) {
    return mknod_at(call, kAT_FDCWD, call.arg[0], call.u32(1), call.arg[2]);
}
SyscallResult sys_mknodat(Call& call) {
    return mknod_at(call, call.fd(0), call.arg[1], call.u32(2), call.arg[3]);
}
SyscallResult sys_rmdir(Call& call) {
    return remove_at(kAT_FDCWD, call.arg[0], true);
}
SyscallResult sys_unlink(Call& call) {
    return remove_at(kAT_FDCWD, call.arg[0], false);
}
SyscallResult sys_unlinkat(Call& call) {
    if (call.u32(2) & ~kAT_REMOVEDIR)
        return error(kEINVAL);
    return remove_at(call.fd(0), call.arg[1], call.u32(2) & kAT_REMOVEDIR);
}

namespace {
SyscallResult rename_at(int from_fd, uint64_t from, int to_fd, uint64_t to, uint32_t flags) {
    constexpr uint32_t kNoReplace = 1, kExchange = 2, kWhiteout = 4;
    SCONE_TRY(only_flags(flags, kNoReplace | kExchange | kWhiteout));
    if ((flags & kExchange) && (flags & (kNoReplace | kWhiteout)))
        return error(kEINVAL);
    for (uint64_t address : {from, to}) {
        Path last = SCONE_TRY(last_component_of(address));
        if (last.view() == "." || last.view() == "..")
            return error(kEBUSY);
    }
    return on_two_paths(from_fd, from, to_fd, to,
                        [&](FileSystem& tree, std::string_view a, std::string_view b) {
                            auto result = tree.rename(a, b, flags);
                            if (result)
                                note_rename(a, b, flags & kExchange);
                            return result;
                        });
}
// The open file that a path names as /proc/self/fd/N does, for linkat.
Result<Ref<File>> named_descriptor(int fd, uint64_t address, uint32_t flags) {
    Path given, path;
    SCONE_TRY(copy_path(given, address));
    if (given.size() == 0 && (flags & kAT_EMPTY_PATH))
        return SCONE_TRY(current_process().files->get(fd));
    if (!(flags & kAT_SYMLINK_FOLLOW))
        return error(kENOENT);
    SCONE_TRY(vfs::absolute_path(fd, given.view(), path));
    return vfs::tree_of(path.view())->descriptor(path.view());
}
SyscallResult link_at(int from_fd, uint64_t from, int to_fd, uint64_t to, uint32_t flags) {
    SCONE_TRY(only_flags(flags, kAT_SYMLINK_FOLLOW | kAT_EMPTY_PATH));
    if (auto file = named_descriptor(from_fd, from, flags))
        return on_path(to_fd, to, Follow::No, [&](FileSystem& tree, std::string_view path) {
            return tree.link_file(**file, path);
        });
    return on_two_paths(
        from_fd, from, to_fd, to, [&](FileSystem& tree, std::string_view a, std::string_view b) {
            return tree.link(a, b, flags & kAT_SYMLINK_FOLLOW ? Follow::Yes : Follow::No);
        });
}
SyscallResult symlink_at(uint64_t target, int fd, uint64_t address) {
    Path text;
    SCONE_TRY(copy_path(text, target));
    return on_path(fd, address, Follow::No, [&](FileSystem& tree, std::string_view path) {
        return tree.symlink(text.view(), path);
    });
}
}  // namespace
SyscallResult sys_rename(Call& call) {
    return rename_at(kAT_FDCWD, call.arg[0], kAT_FDCWD, call.arg[1], 0);
}
SyscallResult sys_renameat(Call& call) {
    return rename_at(call.fd(0), call.arg[1], call.fd(2), call.arg[3], 0);
}
SyscallResult sys_renameat2(Call& call) {
    return rename_at(call.fd(0), call.arg[1], call.fd(2), call.arg[3], call.u32(4));
}
SyscallResult sys_link(Call& call) {
    return link_at(kAT_FDCWD, call.arg[0], kAT_FDCWD, call.arg[1], 0);
}
SyscallResult sys_linkat(Call& call) {
    return link_at(call.fd(0), call.arg[1], call.fd(2), call.arg[3], call.u32(4));
}
SyscallResult sys_symlink(Call& call) {
    return symlink_at(call.arg[0], kAT_FDCWD, call.arg[1]);
}
SyscallResult sys_symlinkat(Call& call) {
    return symlink_at(call.arg[0], call.fd(1), call.arg[2]);
}

SyscallResult sys_getcwd(Call& call) {
    FsContext& context = *call.process().fs;
    Path now;
    {
        enclave::Guard guard(context.lock);
        now = context.working_directory;
    }
    if (call.arg[1] < now.size() + 1)
        return error(kERANGE);
    Stat there{};
    SCONE_TRY(vfs::stat(now.view(), Follow::No, there));  // ENOENT when it was removed
    SCONE_TRY(copy_to_program(call.arg[0], now.c_str(), now.size() + 1));
    return now.size() + 1;
}

namespace {
SyscallResult change_directory(Call& call, const Path& path) {
    // Where it really lies: a later ".." leads to its parent, not to a link's.
    Path real;
    SCONE_TRY(vfs::resolve_links(path.view(), real));
    Stat now{};
    SCONE_TRY(vfs::stat(real.view(), Follow::Yes, now));
    if ((now.mode & kS_IFMT) != kS_IFDIR)
        return error(kENOTDIR);
    SCONE_TRY(vfs::with_tree(real.view(), Follow::Yes, [&](FileSystem& tree, std::string_view at) {
        constexpr uint32_t kSearch = 1;
        return tree.access(at, kSearch, Follow::Yes);
    }));
    while (real.size() > 1 && real.view().back() == '/')
        real.truncate(real.size() - 1);
    FsContext& context = *call.process().fs;
    enclave::Guard guard(context.lock);
    context.working_directory = real;
    return 0;
}
}  // namespace
SyscallResult sys_chdir(Call& call) {
    Path path;
    SCONE_TRY(path_of(kAT_FDCWD, call.arg[0], path));
    return change_directory(call, path);
}
SyscallResult sys_fchdir(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    if (!file->is_directory())
        return error(kENOTDIR);
    Path path;
    file->describe(path);
    return change_directory(call, path);
}
SyscallResult sys_umask(Call& call) {
    FsContext& context = *call.process().fs;
    enclave::Guard guard(context.lock);
    uint32_t old = context.umask;
    context.umask = call.u32(0) & 0777;
    return old;
}

}  // namespace scone::libos
