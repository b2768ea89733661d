// Modes, owners, times, rights, and what stat says.
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/syscalls/arguments.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint32_t kStatFlags =
    kAT_SYMLINK_NOFOLLOW | kAT_EMPTY_PATH | kAT_NO_AUTOMOUNT | kAT_STATX_SYNC_TYPE;

Result<void> stat_at(Call& call, int fd, uint64_t path_address, uint32_t flags, Stat& out) {
    SCONE_TRY(only_flags(flags, kStatFlags));
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
    return vfs::stat(path.view(), follow_of(flags), out);
}

SyscallResult put_stat(Result<void> result, const Stat& out, uint64_t address) {
    if (!result)
        return std::unexpected(result.error());
    SCONE_TRY(AppPtr<Stat>(address).store(out));
    return 0;
}

}  // namespace

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
    constexpr uint32_t kReserved = 1u << 31;
    if ((call.u32(3) & kReserved) || (call.u32(2) & kAT_STATX_SYNC_TYPE) == kAT_STATX_SYNC_TYPE)
        return error(kEINVAL);
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
SyscallResult access_at(Call& call, int fd, uint64_t address, uint32_t mode, uint32_t flags) {
    SCONE_TRY(only_flags(flags, kAT_EACCESS | kAT_SYMLINK_NOFOLLOW | kAT_EMPTY_PATH));
    SCONE_TRY(only_flags(mode, 7));
    Path given;
    SCONE_TRY(copy_path(given, address));
    if (given.size() == 0 && (flags & kAT_EMPTY_PATH)) {
        if (fd == kAT_FDCWD)
            given.append(".");
        else
            SCONE_TRY(call.process().files->get(fd))->describe(given);
    }
    Path path;
    SCONE_TRY(vfs::absolute_path(fd, given.view(), path));
    return done(
        vfs::with_tree(path.view(), follow_of(flags), [&](FileSystem& tree, std::string_view at) {
            return tree.access(at, mode, follow_of(flags));
        }));
}
}  // namespace
SyscallResult sys_access(Call& call) {
    return access_at(call, kAT_FDCWD, call.arg[0], call.u32(1), 0);
}
SyscallResult sys_faccessat(Call& call) {
    return access_at(call, call.fd(0), call.arg[1], call.u32(2), 0);
}
SyscallResult sys_faccessat2(Call& call) {
    return access_at(call, call.fd(0), call.arg[1], call.u32(2), call.u32(3));
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
SyscallResult sys_fchmodat2(Call& call) {
    SCONE_TRY(only_flags(call.u32(3), kAT_SYMLINK_NOFOLLOW | kAT_EMPTY_PATH));
    Path given;
    SCONE_TRY(copy_path(given, call.arg[1]));
    if (given.size() == 0 && (call.u32(3) & kAT_EMPTY_PATH)) {
        SCONE_TRY(SCONE_TRY(call.file(0))->change_mode(call.u32(2) & 07777));
        return 0;
    }
    if (call.u32(3) & kAT_SYMLINK_NOFOLLOW) {
        // Only the mode of a link itself cannot be changed.
        Path path;
        Stat now{};
        SCONE_TRY(vfs::absolute_path(call.fd(0), given.view(), path));
        SCONE_TRY(vfs::stat(path.view(), Follow::No, now));
        if ((now.mode & kS_IFMT) == kS_IFLNK)
            return error(kEOPNOTSUPP);
    }
    return chmod_at(call.fd(0), call.arg[1], call.u32(2));
}
SyscallResult sys_fchownat(Call& call) {
    SCONE_TRY(only_flags(call.u32(4), kAT_SYMLINK_NOFOLLOW | kAT_EMPTY_PATH));
    Path given;
    SCONE_TRY(copy_path(given, call.arg[1]));
    if (given.size() == 0 && (call.u32(4) & kAT_EMPTY_PATH)) {
        SCONE_TRY(SCONE_TRY(call.file(0))->change_owner(call.u32(2), call.u32(3)));
        return 0;
    }
    return chown_at(call.fd(0), call.arg[1], call.u32(2), call.u32(3), follow_of(call.u32(4)));
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
    SCONE_TRY(only_flags(call.u32(3), kAT_SYMLINK_NOFOLLOW | kAT_EMPTY_PATH));
    Timespec times[2];
    if (call.arg[2] != 0) {
        SCONE_TRY(copy_from_program(times, call.arg[2], sizeof times));
        for (const Timespec& time : times)
            if ((time.nanoseconds < 0 || time.nanoseconds >= 1'000'000'000) &&
                time.nanoseconds != kUTIME_NOW && time.nanoseconds != kUTIME_OMIT)
                return error(kEINVAL);
    }
    return set_times_at(call, call.fd(0), call.arg[1], call.arg[2] != 0 ? times : nullptr,
                        follow_of(call.u32(3)));
}
SyscallResult sys_utimes(Call& call) {
    Timespec times[2];
    if (call.arg[1] != 0)
        SCONE_TRY(load_timevals(call.arg[1], times));
    return set_times_at(call, kAT_FDCWD, call.arg[0], call.arg[1] != 0 ? times : nullptr,
                        Follow::Yes);
}
SyscallResult sys_futimesat(Call& call) {
    Timespec times[2];
    if (call.arg[2] != 0)
        SCONE_TRY(load_timevals(call.arg[2], times));
    return set_times_at(call, call.fd(0), call.arg[1], call.arg[2] != 0 ? times : nullptr,
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

SyscallResult sys_fstat(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    Stat out{};
    SCONE_TRY(file->stat(out));
    SCONE_TRY(AppPtr<Stat>(call.arg[1]).store(out));
    return 0;
}
SyscallResult sys_fchmod(Call& call) {
    Ref<File> file = SCONE_TRY(usable_file(call));
    SCONE_TRY(file->change_mode(call.u32(1) & 07777));
    return 0;
}
SyscallResult sys_fchown(Call& call) {
    Ref<File> file = SCONE_TRY(usable_file(call));
    SCONE_TRY(file->change_owner(call.u32(1), call.u32(2)));
    return 0;
}

}  // namespace scone::libos
