// Modes, owners, times, rights and what stat, statx and statfs say.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/stat.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "check.h"

static int new_file(const char* name, int mode) {
    unlink(name);
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL, mode);
    CHECK(fd >= 0);
    return fd;
}
static struct stat stat_of(const char* name) {
    struct stat now;
    CHECK_EQ(lstat(name, &now), 0);
    return now;
}

CASE(umask_takes_bits_away) {
    mode_t old = umask(027);
    CHECK_EQ(umask(027), 027);
    close(new_file("f", 0666));
    CHECK_EQ(stat_of("f").st_mode & 07777, 0640);
    close(new_file("f", 07777));
    CHECK_EQ(stat_of("f").st_mode & 07777, 07750);
    CHECK_EQ(mkdir("d", 0777), 0);
    CHECK_EQ(stat_of("d").st_mode & 0777, 0750);
    CHECK_EQ(mkfifo("p", 0666), 0);
    CHECK_EQ(stat_of("p").st_mode & 0777, 0640);
    rmdir("d"), unlink("p");
    umask(old);
}

CASE(changing_modes) {
    int fd = new_file("f", 0600);
    CHECK_EQ(chmod("f", 04751), 0);
    CHECK_EQ(stat_of("f").st_mode, S_IFREG | 04751);
    CHECK_EQ(fchmod(fd, 0640), 0);
    CHECK_EQ(stat_of("f").st_mode, S_IFREG | 0640);
    CHECK_EQ(fchmodat(AT_FDCWD, "f", 0600, 0), 0);
    CHECK_ERRNO(chmod("absent", 0600), ENOENT);
    CHECK_EQ(symlink("f", "s"), 0);
    CHECK_EQ(chmod("s", 0604), 0);
    CHECK_EQ(stat_of("f").st_mode, S_IFREG | 0604);
    CHECK_EQ(stat_of("s").st_mode, S_IFLNK | 0777);
    unlink("s");
    close(fd);
}

CASE(changing_owners) {
    if (geteuid() != 0)
        return;
    int fd = new_file("f", 0600);
    CHECK_EQ(chown("f", 1000, 1001), 0);
    CHECK(stat_of("f").st_uid == 1000 && stat_of("f").st_gid == 1001);
    CHECK_EQ(fchown(fd, -1, 5), 0);
    CHECK(stat_of("f").st_uid == 1000 && stat_of("f").st_gid == 5);
    CHECK_EQ(symlink("f", "s"), 0);
    CHECK_EQ(lchown("s", 7, 8), 0);
    CHECK(stat_of("s").st_uid == 7 && stat_of("f").st_uid == 1000);
    CHECK_EQ(fchownat(AT_FDCWD, "s", 0, 0, 0), 0);
    CHECK(stat_of("s").st_uid == 7 && stat_of("f").st_uid == 0);
    CHECK_EQ(fchownat(fd, "", 9, 9, AT_EMPTY_PATH), 0);
    CHECK_EQ(stat_of("f").st_uid, 9);
    CHECK_ERRNO(fchownat(AT_FDCWD, "s", 0, 0, 0x40000000), EINVAL);
    unlink("s");
    close(fd);
}

CASE(setting_times) {
    int fd = new_file("f", 0600);
    struct timespec times[2] = {{100, 5}, {200, 999999999}};
    CHECK_EQ(utimensat(AT_FDCWD, "f", times, 0), 0);
    struct stat now = stat_of("f");
    CHECK(now.st_atim.tv_sec == 100 && now.st_mtim.tv_sec == 200 && now.st_mtim.tv_nsec == 999999999);
    times[0].tv_nsec = UTIME_OMIT, times[1] = (struct timespec){300, 0};
    CHECK_EQ(futimens(fd, times), 0);
    now = stat_of("f");
    CHECK(now.st_atim.tv_sec == 100 && now.st_mtim.tv_sec == 300);
    times[0].tv_nsec = UTIME_NOW, times[1].tv_nsec = UTIME_OMIT;
    CHECK_EQ(utimensat(AT_FDCWD, "f", times, 0), 0);
    now = stat_of("f");
    CHECK(llabs((long long)now.st_atim.tv_sec - time(NULL)) < 100 && now.st_mtim.tv_sec == 300);
    CHECK_EQ(utimensat(AT_FDCWD, "f", NULL, 0), 0);
    CHECK(llabs((long long)stat_of("f").st_mtim.tv_sec - time(NULL)) < 100);
    times[0] = (struct timespec){0, 1000000000}, times[1] = (struct timespec){0, 0};
    CHECK_ERRNO(utimensat(AT_FDCWD, "f", times, 0), EINVAL);
    times[0].tv_nsec = 0;
    CHECK_ERRNO(utimensat(AT_FDCWD, "absent", times, 0), ENOENT);
    CHECK_ERRNO(utimensat(AT_FDCWD, "f", times, 0x40000000), EINVAL);
    CHECK_EQ(symlink("absent", "s"), 0);
    times[1].tv_sec = 77;
    CHECK_EQ(utimensat(AT_FDCWD, "s", times, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_EQ(stat_of("s").st_mtim.tv_sec, 77);
    unlink("s");
    struct timeval old[2] = {{1, 2}, {3, 4}};
    CHECK_EQ(utimes("f", old), 0);
    CHECK(stat_of("f").st_mtim.tv_sec == 3 && stat_of("f").st_mtim.tv_nsec == 4000);
    old[1].tv_sec = 33;
    CHECK_EQ(syscall(SYS_futimesat, AT_FDCWD, "f", old), 0);
    CHECK_EQ(stat_of("f").st_mtim.tv_sec, 33);
    old[0].tv_usec = 1000000;
    CHECK_ERRNO(utimes("f", old), EINVAL);
    struct utimbuf older = {5, 6};
    CHECK_EQ(utime("f", &older), 0);
    CHECK_EQ(stat_of("f").st_mtim.tv_sec, 6);
    close(fd);
}

CASE(rights_are_those_of_the_real_user) {
    if (geteuid() != 0)
        return;
    close(new_file("f", 0640));
    CHECK_EQ(chmod("f", 0640), 0);
    CHECK_EQ(access("f", R_OK | W_OK), 0);
    CHECK_ERRNO(access("f", X_OK), EACCES);
    CHECK_ERRNO(access("f", 8), EINVAL);
    CHECK_ERRNO(access("absent", F_OK), ENOENT);
    CHECK_EQ(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS), 0);
    CHECK_ERRNO(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0x40000000), EINVAL);
    int fd = open("f", O_RDONLY);
    CHECK_EQ(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH), 0);
    close(fd);
    CHECK_EQ(symlink("absent", "s"), 0);
    CHECK_EQ(syscall(SYS_faccessat2, AT_FDCWD, "s", F_OK, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_ERRNO(syscall(SYS_faccessat2, AT_FDCWD, "s", F_OK, 0), ENOENT);
    unlink("s");
}

CASE(another_user_is_refused) {
    if (geteuid() != 0)
        return;
    close(new_file("f", 0600));
    CHECK_EQ(chmod(".", 0755), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (setgid(12345) != 0 || setuid(12345) != 0)
            _exit(1);
        if (open("f", O_RDONLY) >= 0 || errno != EACCES)
            _exit(2);
        if (access("f", R_OK) == 0 || errno != EACCES)
            _exit(3);
        if (open("new", O_CREAT | O_WRONLY, 0600) >= 0 || errno != EACCES)
            _exit(4);
        if (chmod("f", 0777) == 0 || errno != EPERM)
            _exit(5);
        if (unlink("f") == 0 || errno != EACCES)
            _exit(6);
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(WEXITSTATUS(status), 0);
}

CASE(statx_agrees_with_stat) {
    int fd = new_file("f", 0640);
    CHECK_EQ(write(fd, "12345", 5), 5);
    struct statx x;
    memset(&x, 0x55, sizeof x);
    struct stat s = stat_of("f");
    CHECK_EQ(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x), 0);
    CHECK_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
    CHECK_EQ(x.stx_size, 5);
    CHECK_EQ(x.stx_mode, s.st_mode);
    CHECK_EQ(x.stx_ino, s.st_ino);
    CHECK_EQ(x.stx_nlink, 1);
    CHECK_EQ(x.stx_uid, s.st_uid);
    CHECK_EQ(x.stx_mtime.tv_sec, s.st_mtim.tv_sec);
    CHECK_EQ(x.stx_mtime.tv_nsec, s.st_mtim.tv_nsec);
    CHECK_EQ(makedev(x.stx_dev_major, x.stx_dev_minor), s.st_dev);
    CHECK_EQ(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &x), 0);
    CHECK(x.stx_mask & STATX_SIZE);
    CHECK_EQ(x.stx_size, 5);
    CHECK_EQ(syscall(SYS_statx, AT_FDCWD, "f", AT_STATX_FORCE_SYNC, STATX_TYPE, &x), 0);
    CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "f", AT_STATX_SYNC_TYPE, STATX_TYPE, &x), EINVAL);
    CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x80000000, &x), EINVAL);
    CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "f", 0x40000000, STATX_TYPE, &x), EINVAL);
    CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "absent", 0, STATX_TYPE, &x), ENOENT);
    CHECK_EQ(syscall(SYS_statx, AT_FDCWD, "/dev/null", 0, STATX_BASIC_STATS, &x), 0);
    CHECK(x.stx_rdev_major == 1 && x.stx_rdev_minor == 3);
    close(fd);
}

CASE(file_systems) {
    struct statfs s;
    CHECK_EQ(statfs(".", &s), 0);
    CHECK(s.f_bsize > 0 && s.f_namelen == 255 && s.f_blocks > 0);
    int fd = open(".", O_RDONLY);
    struct statfs t;
    CHECK_EQ(fstatfs(fd, &t), 0);
    CHECK_EQ(s.f_type, t.f_type);
    CHECK_ERRNO(statfs("absent", &s), ENOENT);
    CHECK_ERRNO(fstatfs(999, &s), EBADF);
    struct statvfs v;
    CHECK_EQ(statvfs(".", &v), 0);
    CHECK_EQ(statfs("/proc", &s), 0);
    CHECK_EQ(s.f_type, 0x9fa0);
    CHECK_EQ(statfs("/sys", &s), 0);
    CHECK_EQ(s.f_type, 0x62656572);
    close(fd);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
