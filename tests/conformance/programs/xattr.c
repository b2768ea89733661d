// Extended attributes of ordinary files; special files have none.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "check.h"

CASE(attributes_of_a_file) {
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
    char value[64], list[256];
    CHECK_EQ(setxattr("f", "user.one", "1", 1, XATTR_CREATE), 0);
    CHECK_ERRNO(setxattr("f", "user.one", "1", 1, XATTR_CREATE), EEXIST);
    CHECK_ERRNO(setxattr("f", "user.two", "2", 1, XATTR_REPLACE), ENODATA);
    CHECK_EQ(setxattr("f", "user.one", "longer", 6, XATTR_REPLACE), 0);
    CHECK_EQ(getxattr("f", "user.one", value, sizeof value), 6);
    CHECK_EQ(memcmp(value, "longer", 6), 0);
    CHECK_EQ(getxattr("f", "user.one", NULL, 0), 6);
    CHECK_ERRNO(getxattr("f", "user.one", value, 2), ERANGE);
    CHECK_ERRNO(getxattr("f", "user.none", value, sizeof value), ENODATA);
    CHECK_EQ(fsetxattr(fd, "user.two", "", 0, 0), 0);
    CHECK_EQ(fgetxattr(fd, "user.two", value, sizeof value), 0);
    long size = flistxattr(fd, list, sizeof list);
    CHECK(size >= 18);
    CHECK(memmem(list, (size_t)size, "user.one", 9) != NULL && memmem(list, (size_t)size, "user.two", 9) != NULL);
    CHECK_EQ(listxattr("f", NULL, 0), size);
    CHECK_ERRNO(listxattr("f", list, 3), ERANGE);
    CHECK_EQ(removexattr("f", "user.one"), 0);
    CHECK_ERRNO(removexattr("f", "user.one"), ENODATA);
    CHECK_EQ(fremovexattr(fd, "user.two"), 0);
    CHECK_ERRNO(getxattr("absent", "user.one", value, sizeof value), ENOENT);
    CHECK_ERRNO(setxattr("f", "user.", "1", 1, 0), EINVAL);
    CHECK_ERRNO(setxattr("f", "nothing.known", "1", 1, 0), EOPNOTSUPP);
    close(fd);
}

CASE(links_are_followed_or_not) {
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
    close(fd);
    unlink("s");
    CHECK_EQ(symlink("f", "s"), 0);
    CHECK_EQ(setxattr("s", "user.one", "1", 1, 0), 0);
    char value[8];
    CHECK_EQ(getxattr("f", "user.one", value, sizeof value), 1);
    CHECK_ERRNO(lsetxattr("s", "user.one", "1", 1, 0), EPERM);
    CHECK_ERRNO(lgetxattr("s", "user.one", value, sizeof value), ENODATA);
    unlink("s"), unlink("f");
}

CASE(special_files_have_none) {
    char value[8];
    CHECK_ERRNO(getxattr("/proc/self/status", "user.one", value, sizeof value), EOPNOTSUPP);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_ERRNO(fsetxattr(ends[0], "user.one", "1", 1, 0), EPERM);
    close(ends[0]), close(ends[1]);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
