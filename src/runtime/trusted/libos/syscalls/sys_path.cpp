// open, stat and the other calls on paths
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/time/clock.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

Result<void> path_of(int fd, uint64_t address, Path& out) {
    Path given;
    SCONE_TRY(copy_path(given, address));
    return vfs::absolute_path(fd, given.view(), out);
}

uint32_t masked(Call& call, uint32_t mode) {
    FsContext& context = *call.process().fs;
    enclave::Guard guard(context.lock);
    return mode & ~context.umask & 07777;
}

SyscallResult done(Result<void> result) {
    if (!result)
        return std::unexpected(result.error());
    return 0;
}

SyscallResult open_at(Call& call, int fd, uint64_t path_address, uint32_t flags, uint32_t mode) {
    Path path;
    SCONE_TRY(path_of(fd, path_address, path));
    Ref<File> file = SCONE_TRY(vfs::open(path.view(), flags, masked(call, mode)));
    CloseOnExec mark = flags & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No;
    return static_cast<uint64_t>(SCONE_TRY(call.process().files->add(file, mark)));
}

Result<void> stat_at(Call& call, int fd, uint64_t path_address, uint32_t flags, Stat& out) {
    Path given;
    SCONE_TRY(copy_path(given, path_address));
    if (given.size() == 0 && (flags & kAT_EMPTY_PATH)) {
        if (fd == kAT_FDCWD)
            given.append(".");
        else
            return SCONE_TRY(call.process().files->get(fd))->stat(out);
    }
    Path path;
    SCONE_TRY(vfs::absolute_path(fd, given.view(), path));
    return vfs::stat(path.view(), flags & kAT_SYMLINK_NOFOLLOW ? Follow::No : Follow::Yes, out);
}

SyscallResult put_stat(Result<void> result, const Stat& out, uint64_t address) {
    if (!result)
        return std::unexpected(result.error());
    SCONE_TRY(AppPtr<Stat>(address).store(out));
    return 0;
}

template <class F>
SyscallResult on_path(int fd, uint64_t address, Follow follow, F&& operation) {
    Path path;
    SCONE_TRY(path_of(fd, address, path));
    return done(vfs::with_tree(path.view(), follow, operation));
}

}  // namespace

SyscallResult sys_open(Call& call) {
    return open_at(call, kAT_FDCWD, call.arg[0], call.u32(1), call.u32(2));
}
SyscallResult sys_openat(Call& call) {
    return open_at(call, call.fd(0), call.arg[1], call.u32(2), call.u32(3));
}
SyscallResult sys_creat(Call& call) {
    return open_at(call, kAT_FDCWD, call.arg[0], kO_CREAT | kO_WRONLY | kO_TRUNC, call.u32(1));
}

SyscallResult sys_stat(Call& call) {
    Stat out{};
    return put_stat(stat_at(call, kAT_FDCWD, call.arg[0], 0, out), out, call.arg[1]);
}
SyscallResult sys_lstat(Call& call) {
    Stat out{};
    return put_stat(stat_at(call, kAT_FDCWD, call.arg[0], kAT_SYMLINK_NOFOLLOW, out), out,
                    call.arg[1]);
}
SyscallResult sys_newfstatat(Call& call) {
    Stat out{};
    return put_stat(stat_at(call, call.fd(0), call.arg[1], call.u32(3), out), out, call.arg[2]);
}

SyscallResult sys_statx(Call& call) {
    struct StatxTime {
        int64_t seconds;
        uint32_t nanoseconds, pad;
    };
    struct Statx {
        uint32_t mask, blksize;
        uint64_t attributes;
        uint32_t nlink, uid, gid;
        uint16_t mode, pad;
        uint64_t ino, size, blocks, attributes_mask;
        StatxTime atime, btime, ctime, mtime;
        uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
        uint64_t rest[14];
    };
    static_assert(sizeof(Statx) == 256);
    Stat s{};
    SCONE_TRY(stat_at(call, call.fd(0), call.arg[1], call.u32(2), s));
    auto time = [](const Timespec& t) {
        return StatxTime{t.seconds, static_cast<uint32_t>(t.nanoseconds), 0};
    };
    auto major = [](uint64_t dev) {
        return static_cast<uint32_t>((dev >> 8 & 0xfff) | (dev >> 32 & ~0xfffu));
    };
    auto minor = [](uint64_t dev) {
        return static_cast<uint32_t>((dev & 0xff) | (dev >> 12 & ~0xffu));
    };
    Statx out{};
    out.mask = 0x7ff;  // STATX_BASIC_STATS
    out.blksize = static_cast<uint32_t>(s.blksize);
    out.nlink = static_cast<uint32_t>(s.nlink);
    out.uid = s.uid, out.gid = s.gid;
    out.mode = static_cast<uint16_t>(s.mode);
    out.ino = s.ino, out.size = static_cast<uint64_t>(s.size),
    out.blocks = static_cast<uint64_t>(s.blocks);
    out.atime = time(s.atime), out.ctime = time(s.ctime), out.mtime = time(s.mtime);
    out.rdev_major = major(s.rdev), out.rdev_minor = minor(s.rdev);
    out.dev_major = major(s.dev), out.dev_minor = minor(s.dev);
    SCONE_TRY(AppPtr<Statx>(call.arg[4]).store(out));
    return 0;
}

namespace {
SyscallResult access_at(int fd, uint64_t address, uint32_t mode, Follow follow) {
    if (mode & ~7u)
        return error(kEINVAL);
    return on_path(fd, address, follow, [&](FileSystem& tree, std::string_view path) {
        return tree.access(path, mode, follow);
    });
}
}  // namespace
SyscallResult sys_access(Call& call) {
    return access_at(kAT_FDCWD, call.arg[0], call.u32(1), Follow::Yes);
}
SyscallResult sys_faccessat(Call& call) {
    return access_at(call.fd(0), call.arg[1], call.u32(2), Follow::Yes);
}
SyscallResult sys_faccessat2(Call& call) {
    return access_at(call.fd(0), call.arg[1], call.u32(2),
                     call.u32(3) & kAT_SYMLINK_NOFOLLOW ? Follow::No : Follow::Yes);
}

namespace {
SyscallResult read_link_at(int fd, uint64_t address, uint64_t buffer, uint64_t size) {
    if (static_cast<int64_t>(size) <= 0)
        return error(kEINVAL);
    Path path, target;
    SCONE_TRY(path_of(fd, address, path));
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
    uint32_t kept = masked(call, mode);
    return on_path(fd, address, Follow::No, [&](FileSystem& tree, std::string_view path) {
        return tree.make_directory(path, kept);
    });
}
SyscallResult mknod_at(Call& call, int fd, uint64_t address, uint32_t mode, uint64_t device) {
    uint32_t kept = (mode & kS_IFMT) | masked(call, mode);
    return on_path(fd, address, Follow::No, [&](FileSystem& tree, std::string_view path) {
        return tree.make_node(path, kept, device);
    });
}
SyscallResult remove_at(int fd, uint64_t address, bool directory) {
    return on_path(fd, address, Follow::No, [&](FileSystem& tree, std::string_view path) {
        return tree.remove(path, directory);
    });
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
    return on_two_paths(from_fd, from, to_fd, to,
                        [&](FileSystem& tree, std::string_view a, std::string_view b) {
                            return tree.rename(a, b, flags);
                        });
}
SyscallResult link_at(int from_fd, uint64_t from, int to_fd, uint64_t to, uint32_t flags) {
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

namespace {
SyscallResult chmod_at(int fd, uint64_t address, uint32_t mode) {
    return on_path(fd, address, Follow::Yes, [&](FileSystem& tree, std::string_view path) {
        return tree.change_mode(path, mode & 07777);
    });
}
SyscallResult chown_at(int fd, uint64_t address, uint32_t user, uint32_t group, Follow follow) {
    return on_path(fd, address, follow, [&](FileSystem& tree, std::string_view path) {
        return tree.change_owner(path, user, group, follow);
    });
}
}  // namespace
SyscallResult sys_chmod(Call& call) {
    return chmod_at(kAT_FDCWD, call.arg[0], call.u32(1));
}
SyscallResult sys_fchmodat(Call& call) {
    return chmod_at(call.fd(0), call.arg[1], call.u32(2));
}
SyscallResult sys_chown(Call& call) {
    return chown_at(kAT_FDCWD, call.arg[0], call.u32(1), call.u32(2), Follow::Yes);
}
SyscallResult sys_lchown(Call& call) {
    return chown_at(kAT_FDCWD, call.arg[0], call.u32(1), call.u32(2), Follow::No);
}
SyscallResult sys_fchownat(Call& call) {
    Path given;
    SCONE_TRY(copy_path(given, call.arg[1]));
    if (given.size() == 0 && (call.u32(4) & kAT_EMPTY_PATH)) {
        SCONE_TRY(SCONE_TRY(call.file(0))->change_owner(call.u32(2), call.u32(3)));
        return 0;
    }
    return chown_at(call.fd(0), call.arg[1], call.u32(2), call.u32(3),
                    call.u32(4) & kAT_SYMLINK_NOFOLLOW ? Follow::No : Follow::Yes);
}

namespace {
SyscallResult set_times_at(Call& call, int fd, uint64_t address, const Timespec* times,
                           Follow follow) {
    if (address == 0) {
        SCONE_TRY(SCONE_TRY(call.process().files->get(fd))->set_times(times));
        return 0;
    }
    return on_path(fd, address, follow, [&](FileSystem& tree, std::string_view path) {
        return tree.set_times(path, times, follow);
    });
}
Result<void> load_timevals(uint64_t address, Timespec (&out)[2]) {
    for (unsigned i = 0; i < 2; i++) {
        Timeval t = SCONE_TRY(AppPtr<Timeval>(address).load(i));
        if (t.microseconds < 0 || t.microseconds >= 1'000'000)
            return error(kEINVAL);
        out[i] = {t.seconds, t.microseconds * 1000};
    }
    return {};
}
}  // namespace
SyscallResult sys_utimensat(Call& call) {
    Timespec times[2];
    if (call.arg[2] != 0)
        SCONE_TRY(copy_from_program(times, call.arg[2], sizeof times));
    return set_times_at(call, call.fd(0), call.arg[1], call.arg[2] != 0 ? times : nullptr,
                        call.u32(3) & kAT_SYMLINK_NOFOLLOW ? Follow::No : Follow::Yes);
}
SyscallResult sys_utimes(Call& call) {
    Timespec times[2];
    if (call.arg[1] != 0)
        SCONE_TRY(load_timevals(call.arg[1], times));
    return set_times_at(call, kAT_FDCWD, call.arg[0], call.arg[1] != 0 ? times : nullptr,
                        Follow::Yes);
}
SyscallResult sys_utime(Call& call) {
    Timespec times[2]{};
    if (call.arg[1] != 0) {
        times[0].seconds = SCONE_TRY(AppPtr<int64_t>(call.arg[1]).load(0));
        times[1].seconds = SCONE_TRY(AppPtr<int64_t>(call.arg[1]).load(1));
    }
    return set_times_at(call, kAT_FDCWD, call.arg[0], call.arg[1] != 0 ? times : nullptr,
                        Follow::Yes);
}

SyscallResult sys_truncate(Call& call) {
    if (static_cast<int64_t>(call.arg[1]) < 0)
        return error(kEINVAL);
    return on_path(
        kAT_FDCWD, call.arg[0], Follow::Yes,
        [&](FileSystem& tree, std::string_view path) { return tree.truncate(path, call.arg[1]); });
}

SyscallResult sys_statfs(Call& call) {
    uint8_t out[120];
    SCONE_TRY(
        on_path(kAT_FDCWD, call.arg[0], Follow::Yes,
                [&](FileSystem& tree, std::string_view path) { return tree.statfs(path, out); }));
    SCONE_TRY(copy_to_program(call.arg[1], out, sizeof out));
    return 0;
}
SyscallResult sys_fstatfs(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    Path path;
    file->describe(path);
    if (path.size() == 0 || path.view()[0] != '/') {
        path.clear();
        path.append("/dev");
    }
    uint8_t out[120];
    SCONE_TRY(vfs::with_tree(path.view(), Follow::Yes, [&](FileSystem& tree, std::string_view at) {
        return tree.statfs(at, out);
    }));
    SCONE_TRY(copy_to_program(call.arg[1], out, sizeof out));
    return 0;
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
    SCONE_TRY(copy_to_program(call.arg[0], now.c_str(), now.size() + 1));
    return now.size() + 1;
}

namespace {
SyscallResult change_directory(Call& call, const Path& path) {
    Stat now{};
    SCONE_TRY(vfs::stat(path.view(), Follow::Yes, now));
    if ((now.mode & kS_IFMT) != kS_IFDIR)
        return error(kENOTDIR);
    // getcwd() and ".." mean the directory itself, not a link by which it was reached.
    Path real;
    SCONE_TRY(vfs::resolve_links(path.view(), real));
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
    Stat now{};
    SCONE_TRY(file->stat(now));
    if ((now.mode & kS_IFMT) != kS_IFDIR)
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
