// /dev: what every program finds there.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"

static void is_device(const char* path, unsigned major_number, unsigned minor_number) {
    struct stat now;
    CHECK_EQ(stat(path, &now), 0);
    CHECK(S_ISCHR(now.st_mode));
    CHECK_EQ(now.st_rdev, makedev(major_number, minor_number));
    CHECK_EQ(now.st_mode & 0777, 0666);
    CHECK_EQ(access(path, R_OK | W_OK), 0);
}

CASE(null_swallows_and_is_empty) {
    is_device("/dev/null", 1, 3);
    int fd = open("/dev/null", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    char text[8];
    CHECK_EQ(read(fd, text, 8), 0);
    CHECK_EQ(write(fd, text, 8), 8);
    CHECK_EQ(pread(fd, text, 8, 100), 0);
    CHECK_EQ(pwrite(fd, text, 8, 100), 8);
    CHECK_EQ(lseek(fd, 10, SEEK_SET), 0);
    struct pollfd ready = {fd, POLLIN | POLLOUT, 0};
    CHECK_EQ(poll(&ready, 1, 0), 1);
    CHECK_EQ(ready.revents, POLLIN | POLLOUT);
    CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
    CHECK_ERRNO(fsync(fd), EINVAL);
    CHECK(!isatty(fd));
    CHECK_EQ(errno, ENOTTY);
    CHECK_ERRNO(open("/dev/null", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
    CHECK_ERRNO(open("/dev/null/x", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("/dev/null", O_DIRECTORY | O_RDONLY), ENOTDIR);
    CHECK_EQ(truncate("/dev/null", 0) == -1 && errno == EINVAL, 1);
    close(fd);
    fd = open("/dev/null", O_RDONLY);
    CHECK_ERRNO(write(fd, text, 1), EBADF);
    close(fd);
}

CASE(zero_and_full) {
    is_device("/dev/zero", 1, 5);
    is_device("/dev/full", 1, 7);
    char text[4] = "abcd";
    int fd = open("/dev/zero", O_RDWR);
    CHECK_EQ(read(fd, text, 4), 4);
    CHECK_EQ(memcmp(text, "\0\0\0\0", 4), 0);
    CHECK_EQ(write(fd, text, 4), 4);
    char* memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(memory[4096], 0);
    memory[4096] = 1;
    CHECK_EQ(munmap(memory, 8192), 0);
    close(fd);
    fd = open("/dev/full", O_RDWR);
    CHECK_EQ(read(fd, text, 4), 4);
    CHECK_ERRNO(write(fd, text, 4), ENOSPC);
    close(fd);
}

CASE(random_bytes_differ) {
    is_device("/dev/random", 1, 8);
    is_device("/dev/urandom", 1, 9);
    char a[64], b[64];
    int fd = open("/dev/urandom", O_RDONLY);
    CHECK_EQ(read(fd, a, 64), 64);
    CHECK_EQ(read(fd, b, 64), 64);
    CHECK(memcmp(a, b, 64) != 0);
    close(fd);
    fd = open("/dev/random", O_RDWR);
    CHECK(read(fd, b, 64) > 0);
    CHECK_EQ(write(fd, a, 64), 64);
    close(fd);
}

CASE(standard_streams) {
    struct stat a, b;
    for (int i = 0; i < 3; i++) {
        const char* names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
        CHECK_EQ(lstat(names[i], &a), 0);
        CHECK(S_ISLNK(a.st_mode));
        char target[64] = "";
        CHECK(readlink(names[i], target, 63) > 0);
        char wanted[64];
        snprintf(wanted, sizeof wanted, "/proc/self/fd/%d", i);
        CHECK(strcmp(target, wanted) == 0);
    }
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK_EQ(write(fd, "text", 4), 4);
    char path[32];
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    CHECK_EQ(stat(path, &a), 0);
    CHECK_EQ(fstat(fd, &b), 0);
    CHECK_EQ(a.st_ino, b.st_ino);
    int again = open(path, O_RDONLY);
    char text[4];
    CHECK_EQ(read(again, text, 4), 4);
    CHECK_EQ(access("/dev/fd/9999", F_OK), -1);
    CHECK_EQ(errno, ENOENT);
    char target[32] = "";
    CHECK(readlink("/dev/fd", target, 31) > 0);
    CHECK(strcmp(target, "/proc/self/fd") == 0);
    close(again), close(fd);
}

CASE(terminals) {
    int master, slave;
    CHECK_EQ(openpty(&master, &slave, NULL, NULL, NULL), 0);
    CHECK(isatty(master) && isatty(slave));
    char name[64];
    CHECK_EQ(ttyname_r(slave, name, sizeof name), 0);
    CHECK(strncmp(name, "/dev/pts/", 9) == 0);
    struct winsize size = {24, 80, 0, 0}, back;
    CHECK_EQ(ioctl(master, TIOCSWINSZ, &size), 0);
    CHECK_EQ(ioctl(slave, TIOCGWINSZ, &back), 0);
    CHECK(back.ws_row == 24 && back.ws_col == 80);
    struct termios mode;
    CHECK_EQ(tcgetattr(slave, &mode), 0);
    cfmakeraw(&mode);
    CHECK_EQ(tcsetattr(slave, TCSANOW, &mode), 0);
    char text[8];
    CHECK_EQ(write(master, "hello", 5), 5);
    CHECK_EQ(read(slave, text, 8), 5);
    CHECK_EQ(write(slave, "bye", 3), 3);
    CHECK_EQ(read(master, text, 8), 3);
    struct stat now;
    CHECK_EQ(stat("/dev/ptmx", &now), 0);
    CHECK(S_ISCHR(now.st_mode));
    CHECK_EQ(stat("/dev/pts", &now), 0);
    CHECK(S_ISDIR(now.st_mode));
    close(slave), close(master);
}

CASE(shared_memory_folder) {
    struct stat now;
    CHECK_EQ(stat("/dev/shm", &now), 0);
    CHECK(S_ISDIR(now.st_mode) && (now.st_mode & 01777) == 01777);
    char name[64];
    snprintf(name, sizeof name, "/scone-conformance-%d", getpid());
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, 4096), 0);
    CHECK_ERRNO(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_EQ(shm_unlink(name), 0);
    CHECK_ERRNO(shm_unlink(name), ENOENT);
    close(fd);
}

CASE(the_folder_itself) {
    int d = open("/dev", O_RDONLY | O_DIRECTORY);
    CHECK(d >= 0);
    int fd = openat(d, "null", O_WRONLY);
    CHECK(fd >= 0);
    close(fd);
    fd = openat(d, "../dev/./zero", O_RDONLY);
    CHECK(fd >= 0);
    close(fd);
    close(d);
    const char* wanted[] = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "fd",
                            "stdin", "stdout", "stderr"};
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        DIR* all = opendir("/dev");
        int found = 0;
        for (struct dirent* e; (e = readdir(all)) != NULL;)
            found |= strcmp(e->d_name, wanted[i]) == 0;
        closedir(all);
        if (!found)
            FAIL("/dev does not list %s", wanted[i]);
    }
    CHECK_ERRNO(open("/dev/absent", O_RDONLY), ENOENT);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
