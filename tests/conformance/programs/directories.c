// Directories: making, listing while they change, the working directory.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static void touch(const char* name) {
    int fd = open(name, O_CREAT | O_WRONLY, 0644);
    CHECK(fd >= 0);
    close(fd);
}

CASE(making_and_removing) {
    CHECK_EQ(mkdir("d", 0755), 0);
    CHECK_ERRNO(mkdir("d", 0755), EEXIST);
    CHECK_ERRNO(mkdir("absent/d", 0755), ENOENT);
    touch("d/f");
    CHECK_ERRNO(mkdir("d/f/x", 0755), ENOTDIR);
    CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
    CHECK_ERRNO(rmdir("d/f"), ENOTDIR);
    CHECK_ERRNO(rmdir("absent"), ENOENT);
    CHECK_EQ(unlink("d/f"), 0);
    struct stat now;
    CHECK_EQ(stat("d", &now), 0);
    CHECK(S_ISDIR(now.st_mode));
    CHECK_EQ(rmdir("d"), 0);
}

CASE(listing) {
    CHECK_EQ(mkdir("d", 0755), 0);
    char name[32];
    enum { kCount = 300 };
    for (int i = 0; i < kCount; i++) {
        snprintf(name, sizeof name, "d/%d", i);
        touch(name);
    }
    CHECK_EQ(mkdir("d/sub", 0755), 0);
    CHECK_EQ(symlink("x", "d/link"), 0);
    DIR* d = opendir("d");
    int seen[kCount] = {0}, others = 0;
    for (struct dirent* e; (e = readdir(d)) != NULL;) {
        struct stat now;
        CHECK_EQ(fstatat(dirfd(d), e->d_name, &now, AT_SYMLINK_NOFOLLOW), 0);
        if (strcmp(e->d_name, "..") != 0)
            CHECK_EQ(now.st_ino, e->d_ino);
        if (e->d_name[0] >= '0' && e->d_name[0] <= '9') {
            seen[atoi(e->d_name)]++;
            CHECK_EQ(e->d_type, DT_REG);
        } else {
            others++;
            CHECK_EQ(e->d_type, e->d_name[0] == 'l' ? DT_LNK : DT_DIR);
        }
    }
    CHECK_EQ(others, 4);
    for (int i = 0; i < kCount; i++)
        CHECK_EQ(seen[i], 1);
    // What is removed while listing leaves nothing out of what stays.
    rewinddir(d);
    int left = 0;
    for (struct dirent* e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] < '0' || e->d_name[0] > '9')
            continue;
        left++;
        CHECK_EQ(unlinkat(dirfd(d), e->d_name, 0), 0);
    }
    CHECK_EQ(left, kCount);
    rewinddir(d);
    left = 0;
    while (readdir(d) != NULL)
        left++;
    CHECK_EQ(left, 4);
    closedir(d);
    unlink("d/link"), rmdir("d/sub");
    CHECK_EQ(rmdir("d"), 0);
}

CASE(positions) {
    CHECK_EQ(mkdir("d", 0755), 0);
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "d/%d", i);
        touch(name);
    }
    DIR* d = opendir("d");
    for (int i = 0; i < 5; i++)
        CHECK(readdir(d) != NULL);
    long at = telldir(d);
    char next[256], again[256];
    strcpy(next, readdir(d)->d_name);
    while (readdir(d) != NULL) {
    }
    seekdir(d, at);
    strcpy(again, readdir(d)->d_name);
    CHECK(strcmp(next, again) == 0);
    closedir(d);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "d/%d", i);
        unlink(name);
    }
    rmdir("d");
}

CASE(raw_listing) {
    CHECK_EQ(mkdir("d", 0755), 0);
    touch("d/a-name-that-is-rather-long");
    int fd = open("d", O_RDONLY);
    char buffer[512];
    CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, 8), EINVAL);
    CHECK(syscall(SYS_getdents64, fd, buffer, sizeof buffer) > 0);
    CHECK_EQ(syscall(SYS_getdents64, fd, buffer, sizeof buffer), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK(syscall(SYS_getdents64, fd, buffer, sizeof buffer) > 0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    // The old call gives the type in the last byte of each record.
    long size = syscall(SYS_getdents, fd, buffer, sizeof buffer);
    CHECK(size > 0);
    unsigned short record;
    memcpy(&record, buffer + 16, 2);
    CHECK(record > 0 && record <= size);
    close(fd);
    fd = open("d/a-name-that-is-rather-long", O_RDONLY);
    CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, sizeof buffer), ENOTDIR);
    close(fd);
    unlink("d/a-name-that-is-rather-long"), rmdir("d");
}

CASE(a_removed_directory_is_empty) {
    CHECK_EQ(mkdir("d", 0755), 0);
    int fd = open("d", O_RDONLY);
    CHECK_EQ(rmdir("d"), 0);
    char buffer[512];
    CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, sizeof buffer), ENOENT);
    CHECK_ERRNO(openat(fd, "x", O_CREAT | O_WRONLY, 0644), ENOENT);
    close(fd);
}

CASE(working_directory) {
    char before[PATH_MAX], now[PATH_MAX];
    CHECK(getcwd(before, sizeof before) != NULL);
    CHECK_ERRNO(syscall(SYS_getcwd, now, 2), ERANGE);
    int here = open(".", O_RDONLY);
    CHECK_EQ(mkdir("d", 0755), 0);
    CHECK_EQ(chdir("d"), 0);
    CHECK(getcwd(now, sizeof now) != NULL);
    CHECK(strncmp(now, before, strlen(before)) == 0 && strcmp(now + strlen(before), "/d") == 0);
    CHECK_EQ(rename("../d", "../e"), 0);
    CHECK(getcwd(now, sizeof now) != NULL);
    CHECK(strcmp(now + strlen(before), "/e") == 0);
    touch("inside");
    CHECK_EQ(access("../e/inside", F_OK), 0);
    CHECK_EQ(unlink("inside"), 0);
    CHECK_EQ(rmdir("../e"), 0);
    CHECK_ERRNO(syscall(SYS_getcwd, now, sizeof now), ENOENT);
    CHECK_ERRNO(open("x", O_CREAT | O_WRONLY, 0644), ENOENT);
    CHECK_EQ(fchdir(here), 0);
    CHECK(getcwd(now, sizeof now) != NULL);
    CHECK(strcmp(before, now) == 0);
    touch("f");
    CHECK_ERRNO(chdir("f"), ENOTDIR);
    CHECK_ERRNO(chdir("absent"), ENOENT);
    int file = open("f", O_RDONLY);
    CHECK_ERRNO(fchdir(file), ENOTDIR);
    close(file), close(here), unlink("f");
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
