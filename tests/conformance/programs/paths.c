// Names: rename, link, symbolic links, descriptors as the place to start from.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static void make(const char* name, const char* content) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}
static char first_byte(const char* name) {
    int fd = open(name, O_RDONLY);
    char byte = 0;
    CHECK(fd >= 0);
    CHECK(read(fd, &byte, 1) >= 0);
    close(fd);
    return byte;
}

CASE(rename_replaces) {
    make("a", "a"), make("b", "b");
    CHECK_EQ(rename("a", "b"), 0);
    CHECK_EQ(first_byte("b"), 'a');
    CHECK_ERRNO(access("a", F_OK), ENOENT);
    CHECK_EQ(rename("b", "b"), 0);
    mkdir("d", 0755), mkdir("e", 0755);
    CHECK_ERRNO(rename("b", "d"), EISDIR);
    CHECK_ERRNO(rename("d", "b"), ENOTDIR);
    CHECK_ERRNO(rename("d", "d/below"), EINVAL);
    CHECK_ERRNO(rename("absent", "x"), ENOENT);
    make("e/x", "");
    CHECK_ERRNO(rename("d", "e"), ENOTEMPTY);
    CHECK_EQ(rename("e", "d"), 0);
    CHECK_EQ(access("d/x", F_OK), 0);
    unlink("d/x"), rmdir("d"), unlink("b");
}

CASE(rename_with_flags) {
    make("a", "a"), make("b", "b");
    CHECK_ERRNO(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE), EEXIST);
    CHECK_EQ(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE), 0);
    CHECK_EQ(first_byte("a"), 'b');
    CHECK_EQ(first_byte("b"), 'a');
    CHECK_ERRNO(renameat2(AT_FDCWD, "a", AT_FDCWD, "absent", RENAME_EXCHANGE), ENOENT);
    CHECK_EQ(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE), 0);
    CHECK_ERRNO(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
    unlink("b"), unlink("c");
}

CASE(unlinked_file_lives_while_open) {
    int fd = open("gone", O_RDWR | O_CREAT, 0644);
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_EQ(unlink("gone"), 0);
    struct stat now;
    CHECK_EQ(fstat(fd, &now), 0);
    CHECK_EQ(now.st_nlink, 0);
    char text[3];
    CHECK_EQ(pread(fd, text, 3, 0), 3);
    CHECK_EQ(ftruncate(fd, 0), 0);
    close(fd);
    CHECK_ERRNO(unlink("gone"), ENOENT);
    CHECK_ERRNO(unlink("."), EISDIR);
}

CASE(hard_links) {
    make("a", "a");
    unlink("b");
    CHECK_EQ(link("a", "b"), 0);
    struct stat a, b;
    CHECK_EQ(stat("a", &a), 0);
    CHECK_EQ(stat("b", &b), 0);
    CHECK(a.st_ino == b.st_ino && a.st_nlink == 2);
    CHECK_ERRNO(link("a", "b"), EEXIST);
    CHECK_ERRNO(link(".", "x"), EPERM);
    unlink("s"), unlink("t");
    CHECK_EQ(symlink("a", "s"), 0);
    // link() names the symbolic link itself.
    CHECK_EQ(link("s", "t"), 0);
    CHECK_EQ(lstat("t", &b), 0);
    CHECK(S_ISLNK(b.st_mode));
    CHECK_EQ(unlink("t"), 0);
    CHECK_EQ(linkat(AT_FDCWD, "s", AT_FDCWD, "t", AT_SYMLINK_FOLLOW), 0);
    CHECK_EQ(lstat("t", &b), 0);
    CHECK_EQ(b.st_ino, a.st_ino);
    unlink("t");
    int fd = open("a", O_RDONLY);
    CHECK_EQ(linkat(fd, "", AT_FDCWD, "t", AT_EMPTY_PATH), 0);
    CHECK_EQ(first_byte("t"), 'a');
    CHECK_ERRNO(linkat(fd, "", AT_FDCWD, "u", 0), ENOENT);
    CHECK_ERRNO(linkat(AT_FDCWD, "a", AT_FDCWD, "u", 0x10000), EINVAL);
    close(fd), unlink("t"), unlink("s"), unlink("b");
}

CASE(symbolic_links) {
    make("f", "f");
    mkdir("d", 0755);
    unlink("s"), unlink("loop1"), unlink("loop2");
    CHECK_EQ(symlink("../f", "d/up"), 0);
    CHECK_EQ(first_byte("d/up"), 'f');
    char target[8];
    memset(target, '#', sizeof target);
    CHECK_EQ(readlink("d/up", target, 2), 2);
    CHECK_EQ(memcmp(target, "..#", 3), 0);
    CHECK_ERRNO(readlink("d/up", target, 0), EINVAL);
    CHECK_ERRNO(readlink("f", target, 8), EINVAL);
    CHECK_ERRNO(readlink("absent", target, 8), ENOENT);
    CHECK_EQ(symlink("loop2", "loop1"), 0);
    CHECK_EQ(symlink("loop1", "loop2"), 0);
    CHECK_ERRNO(open("loop1", O_RDONLY), ELOOP);
    CHECK_ERRNO(access("loop1/x", F_OK), ELOOP);
    struct stat now;
    CHECK_EQ(lstat("loop1", &now), 0);
    CHECK_ERRNO(symlink("f", "loop1"), EEXIST);
    CHECK_ERRNO(symlink("", "empty"), ENOENT);
    // A link may say anything.
    CHECK_EQ(symlink("no/such//thing/../.", "s"), 0);
    char text[64] = "";
    CHECK_EQ(readlink("s", text, sizeof text), 19);
    CHECK(strcmp(text, "no/such//thing/../.") == 0);
    unlink("s"), unlink("loop1"), unlink("loop2"), unlink("d/up"), rmdir("d");
}

CASE(dot_dot_is_the_parent_of_where_the_link_leads) {
    mkdir("x", 0755), mkdir("x/y", 0755), mkdir("z", 0755);
    make("x/here", "x"), make("here", "r");
    CHECK_EQ(symlink("../x/y", "z/to_y"), 0);
    CHECK_EQ(first_byte("z/to_y/../here"), 'x');
    CHECK_EQ(first_byte("z/../here"), 'r');
    CHECK_EQ(first_byte("z/to_y/./../../here"), 'r');
    CHECK_ERRNO(open("absent/../here", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("here/../here", O_RDONLY), ENOTDIR);
    char before[PATH_MAX], after[PATH_MAX];
    CHECK(getcwd(before, sizeof before) != NULL);
    CHECK_EQ(chdir("z/to_y"), 0);
    CHECK(getcwd(after, sizeof after) != NULL);
    CHECK(strcmp(after + strlen(before), "/x/y") == 0);
    CHECK_EQ(first_byte("../here"), 'x');
    CHECK_EQ(chdir(".."), 0);
    CHECK_EQ(chdir(".."), 0);
    CHECK(getcwd(after, sizeof after) != NULL);
    CHECK(strcmp(before, after) == 0);
    unlink("z/to_y"), rmdir("z"), unlink("x/here"), rmdir("x/y"), rmdir("x"), unlink("here");
}

CASE(slashes_at_the_end) {
    make("f", "f");
    mkdir("d", 0755);
    CHECK_ERRNO(open("f/", O_RDONLY), ENOTDIR);
    struct stat now;
    CHECK_ERRNO(stat("f/", &now), ENOTDIR);
    CHECK_ERRNO(stat("f/.", &now), ENOTDIR);
    CHECK_EQ(stat("d//", &now), 0);
    CHECK_EQ(stat("d/./", &now), 0);
    CHECK_ERRNO(open("new/", O_CREAT | O_WRONLY, 0644), EISDIR);
    CHECK_EQ(mkdir("n/", 0755), 0);
    CHECK_EQ(rename("n/", "m/"), 0);
    CHECK_EQ(rmdir("m/"), 0);
    CHECK_ERRNO(unlink("f/"), ENOTDIR);
    CHECK_EQ(symlink("d", "l"), 0);
    CHECK_EQ(lstat("l/", &now), 0);
    CHECK(S_ISDIR(now.st_mode));
    CHECK_EQ(lstat("l", &now), 0);
    CHECK(S_ISLNK(now.st_mode));
    CHECK_ERRNO(rmdir("l"), ENOTDIR);
    CHECK_ERRNO(rmdir("."), EINVAL);
    CHECK_ERRNO(rmdir("d/.."), ENOTEMPTY);
    CHECK_ERRNO(mkdir(".", 0755), EEXIST);
    unlink("l"), rmdir("d");
}

CASE(long_names) {
    char name[300], path[PATH_MAX + 100];
    memset(name, 'n', sizeof name);
    name[255] = 0;
    int fd = open(name, O_CREAT | O_WRONLY, 0644);
    CHECK(fd >= 0);
    close(fd);
    CHECK_EQ(unlink(name), 0);
    name[255] = 'n', name[256] = 0;
    CHECK_ERRNO(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
    CHECK_ERRNO(mkdir(name, 0755), ENAMETOOLONG);
    make("f", "f");
    memset(path, '/', sizeof path);
    memcpy(path, ".", 1);
    strcpy(path + PATH_MAX - 2, "f");
    CHECK_EQ(strlen(path), PATH_MAX - 1);
    CHECK_EQ(access(path, F_OK), 0);
    strcpy(path + PATH_MAX - 1, "f");
    CHECK_ERRNO(access(path, F_OK), ENAMETOOLONG);
}

CASE(descriptors_as_starting_points) {
    mkdir("d", 0755);
    make("f", "f"), make("d/f", "d");
    int d = open("d", O_RDONLY | O_DIRECTORY), f = open("f", O_RDONLY);
    int fd = openat(d, "f", O_RDONLY);
    char byte;
    CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK_EQ(byte, 'd');
    close(fd);
    fd = openat(d, "../f", O_RDONLY);
    CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK_EQ(byte, 'f');
    close(fd);
    CHECK_ERRNO(openat(f, "f", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(openat(999, "f", O_RDONLY), EBADF);
    fd = openat(999, "/", O_RDONLY);
    CHECK(fd >= 0);
    close(fd);
    struct stat a, b;
    CHECK_EQ(fstatat(d, "", &a, AT_EMPTY_PATH), 0);
    CHECK_EQ(stat("d", &b), 0);
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_ERRNO(fstatat(d, "", &a, 0), ENOENT);
    CHECK_EQ(fstatat(f, "", &a, AT_EMPTY_PATH), 0);
    CHECK(S_ISREG(a.st_mode));
    CHECK_ERRNO(fstatat(d, "f", &a, 0x40000000), EINVAL);
    CHECK_EQ(mkdirat(d, "sub", 0755), 0);
    CHECK_EQ(symlinkat("f", d, "s"), 0);
    CHECK_EQ(fstatat(d, "s", &a, AT_SYMLINK_NOFOLLOW), 0);
    CHECK(S_ISLNK(a.st_mode));
    CHECK_EQ(renameat(d, "s", AT_FDCWD, "s"), 0);
    CHECK_EQ(linkat(d, "f", d, "g", 0), 0);
    CHECK_EQ(faccessat(d, "g", R_OK, 0), 0);
    CHECK_EQ(unlinkat(d, "g", 0), 0);
    CHECK_ERRNO(unlinkat(d, "sub", 0), EISDIR);
    CHECK_ERRNO(unlinkat(d, "f", AT_REMOVEDIR), ENOTDIR);
    CHECK_ERRNO(unlinkat(d, "f", 0x40000000), EINVAL);
    CHECK_EQ(unlinkat(d, "sub", AT_REMOVEDIR), 0);
    // The descriptor names the directory, not its name.
    CHECK_EQ(rename("d", "moved"), 0);
    fd = openat(d, "f", O_RDONLY);
    CHECK(fd >= 0);
    close(fd);
    CHECK_EQ(unlinkat(d, "f", 0), 0);
    CHECK_EQ(rmdir("moved"), 0);
    CHECK_ERRNO(openat(d, "f", O_RDONLY | O_CREAT, 0644), ENOENT);
    close(d), close(f), unlink("s"), unlink("f");
}

static long open2(int dirfd, const char* path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}
CASE(openat2_resolves_as_asked) {
    mkdir("d", 0755);
    make("f", "f"), make("d/f", "d");
    unlink("d/out"), unlink("d/in");
    CHECK_EQ(symlink("../f", "d/out"), 0);
    CHECK_EQ(symlink("f", "d/in"), 0);
    int d = open("d", O_PATH), fd;
    CHECK((fd = (int)open2(d, "f", O_RDONLY, 0, 0)) >= 0);
    close(fd);
    CHECK((fd = (int)open2(d, "in", O_RDONLY, 0, RESOLVE_BENEATH)) >= 0);
    close(fd);
    CHECK_ERRNO(open2(d, "out", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERRNO(open2(d, "../f", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERRNO(open2(d, "/etc/passwd", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERRNO(open2(d, "in", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), ELOOP);
    // The directory is the root: .. stays there.
    CHECK((fd = (int)open2(d, "/f", O_RDONLY, 0, RESOLVE_IN_ROOT)) >= 0);
    close(fd);
    CHECK((fd = (int)open2(d, "../../f", O_RDONLY, 0, RESOLVE_IN_ROOT)) >= 0);
    close(fd);
    CHECK((fd = (int)open2(d, "n", O_RDWR | O_CREAT, 0600, RESOLVE_BENEATH)) >= 0);
    close(fd);
    CHECK_ERRNO(open2(d, "f", O_RDONLY, 0600, 0), EINVAL);
    CHECK_ERRNO(open2(d, "f", 1ull << 40, 0, 0), EINVAL);
    CHECK_ERRNO(open2(d, "f", O_RDONLY, 0, 1 << 20), EINVAL);
    struct open_how how = {.flags = O_RDONLY};
    CHECK_ERRNO(syscall(SYS_openat2, d, "f", &how, 8), EINVAL);
    struct { struct open_how how; uint64_t more; } longer = {{.flags = O_RDONLY}, 1};
    CHECK_ERRNO(syscall(SYS_openat2, d, "f", &longer, sizeof longer), E2BIG);
    longer.more = 0;
    CHECK((fd = (int)syscall(SYS_openat2, d, "f", &longer, sizeof longer)) >= 0);
    close(fd);
    close(d), unlink("d/n"), unlink("d/f"), unlink("d/in"), unlink("d/out"), rmdir("d"), unlink("f");
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
