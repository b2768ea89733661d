// open flags, reading, writing and seeking in regular files.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

// A new file in the working directory, open for reading and writing, with this content.
static int file_with(const char* name, const char* content) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, content, strlen(content)), strlen(content));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}
static long size_of(int fd) {
    struct stat now;
    CHECK_EQ(fstat(fd, &now), 0);
    return now.st_size;
}

CASE(several_processes_append_and_lose_nothing) {
    enum { kWriters = 4, kLines = 50, kSize = 32 };
    for (int w = 0; w < kWriters; w++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            int fd = open("appended", O_WRONLY | O_CREAT | O_APPEND, 0644);
            char line[kSize];
            memset(line, 'a' + w, kSize);
            line[kSize - 1] = '\n';
            for (int i = 0; i < kLines; i++)
                if (write(fd, line, kSize) != kSize)
                    _exit(1);
            _exit(0);
        }
    }
    for (int w = 0; w < kWriters; w++) {
        int status;
        CHECK(wait(&status) > 0);
        CHECK_EQ(status, 0);
    }
    int fd = open("appended", O_RDONLY), count[kWriters] = {0};
    char line[kSize];
    while (read(fd, line, kSize) == kSize) {
        CHECK(line[0] >= 'a' && line[0] < 'a' + kWriters && line[kSize - 1] == '\n');
        for (int i = 1; i < kSize - 1; i++)
            CHECK_EQ(line[i], line[0]);
        count[line[0] - 'a']++;
    }
    for (int w = 0; w < kWriters; w++)
        CHECK_EQ(count[w], kLines);
    close(fd);
}

CASE(append_goes_to_the_end_whatever_the_position) {
    int fd = file_with("f", "12345");
    CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND), 0);
    CHECK(fcntl(fd, F_GETFL) & O_APPEND);
    CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
    CHECK_EQ(write(fd, "67", 2), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 7);
    // Linux appends with pwrite too (BUGS in pwrite(2)).
    CHECK_EQ(pwrite(fd, "8", 1, 0), 1);
    CHECK_EQ(size_of(fd), 8);
    char text[9] = "";
    CHECK_EQ(pread(fd, text, 8, 0), 8);
    CHECK(strcmp(text, "12345678") == 0);
    CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
    CHECK_EQ(pwrite(fd, "x", 1, 0), 1);
    CHECK_EQ(size_of(fd), 8);
    close(fd);
}

CASE(exclusive_creation_refuses_files_and_links) {
    close(file_with("there", ""));
    CHECK_ERRNO(open("there", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    unlink("dangling");
    CHECK_EQ(symlink("nowhere", "dangling"), 0);
    CHECK_ERRNO(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    CHECK_ERRNO(access("nowhere", F_OK), ENOENT);
    // Without O_EXCL the target is made.
    int fd = open("dangling", O_CREAT | O_WRONLY, 0644);
    CHECK(fd >= 0);
    CHECK_EQ(access("nowhere", F_OK), 0);
    close(fd);
}

CASE(truncation_on_open) {
    close(file_with("f", "content"));
    int fd = open("f", O_WRONLY | O_TRUNC);
    CHECK_EQ(size_of(fd), 0);
    close(fd);
    CHECK_ERRNO(open(".", O_WRONLY), EISDIR);
    CHECK_ERRNO(open(".", O_RDWR | O_CREAT, 0644), EISDIR);
    CHECK_ERRNO(open("absent", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("f/below", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("", O_RDONLY), ENOENT);
    CHECK_ERRNO(open((char*)8, O_RDONLY), EFAULT);
}

CASE(temporary_file_gets_a_name_by_linkat) {
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    CHECK(fd >= 0);
    struct stat now;
    CHECK_EQ(fstat(fd, &now), 0);
    CHECK_EQ(now.st_nlink, 0);
    CHECK(S_ISREG(now.st_mode));
    CHECK_EQ(write(fd, "abc", 3), 3);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    unlink("named");
    CHECK_EQ(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), 0);
    CHECK_EQ(stat("named", &now), 0);
    CHECK_EQ(now.st_size, 3);
    CHECK_EQ(now.st_nlink, 1);
    close(fd);
    CHECK_ERRNO(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
}

CASE(path_descriptor_only_names) {
    close(file_with("f", "text"));
    int fd = open("f", O_PATH);
    CHECK(fd >= 0);
    char byte;
    CHECK_ERRNO(read(fd, &byte, 1), EBADF);
    CHECK_ERRNO(write(fd, "x", 1), EBADF);
    CHECK_ERRNO(fchmod(fd, 0600), EBADF);
    CHECK_ERRNO(ftruncate(fd, 0), EBADF);
    CHECK_ERRNO(lseek(fd, 0, SEEK_SET), EBADF);
    CHECK_EQ(size_of(fd), 4);
    CHECK(fcntl(fd, F_GETFL) & O_PATH);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = open(path, O_RDONLY);
    CHECK(again >= 0);
    CHECK_EQ(read(again, &byte, 1), 1);
    CHECK_EQ(byte, 't');
    close(again);
    close(fd);
    fd = open(".", O_PATH | O_DIRECTORY);
    again = openat(fd, "f", O_RDONLY);
    CHECK(again >= 0);
    close(again);
    CHECK_EQ(fchdir(fd), 0);
    close(fd);
}

CASE(nofollow_and_directory) {
    close(file_with("f", ""));
    unlink("link");
    CHECK_EQ(symlink("f", "link"), 0);
    CHECK_ERRNO(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_ERRNO(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
    int fd = open("link", O_PATH | O_NOFOLLOW);
    CHECK(fd >= 0);
    struct stat now;
    CHECK_EQ(fstat(fd, &now), 0);
    CHECK(S_ISLNK(now.st_mode));
    char target[8] = "";
    CHECK_EQ(readlinkat(fd, "", target, sizeof target), 1);
    CHECK_EQ(target[0], 'f');
    close(fd);
}

CASE(close_on_exec) {
    int kept = open(".", O_RDONLY), closed = open(".", O_RDONLY | O_CLOEXEC);
    CHECK_EQ(fcntl(kept, F_GETFD), 0);
    CHECK_EQ(fcntl(closed, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(closed, F_GETFL) & O_CLOEXEC, 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char command[128];
        snprintf(command, sizeof command, "test -e /proc/self/fd/%d && ! test -e /proc/self/fd/%d", kept, closed);
        execl("/bin/sh", "sh", "-c", command, (char*)NULL);
        _exit(9);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(kept);
    close(closed);
}

CASE(reads_end_at_the_end) {
    int fd = file_with("f", "0123456789");
    char text[32];
    CHECK_EQ(read(fd, text, 0), 0);
    CHECK_EQ(read(fd, text, 4), 4);
    CHECK_EQ(read(fd, text, sizeof text), 6);
    CHECK_EQ(read(fd, text, sizeof text), 0);
    CHECK_EQ(pread(fd, text, sizeof text, 8), 2);
    CHECK_EQ(pread(fd, text, sizeof text, 100), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
    CHECK_ERRNO(pread(fd, text, 1, -1), EINVAL);
    CHECK_ERRNO(pwrite(fd, text, 1, -1), EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_ERRNO(syscall(SYS_read, fd, 8, 1), EFAULT);
    close(fd);
    CHECK_ERRNO(read(fd, text, 1), EBADF);
    fd = open(".", O_RDONLY);
    CHECK_ERRNO(read(fd, text, 1), EISDIR);
    CHECK_ERRNO(pread(fd, text, 1, 0), EISDIR);
    close(fd);
}

CASE(large_transfers_are_whole) {
    enum { kSize = 3 << 20 };
    char* data = malloc(kSize);
    for (int i = 0; i < kSize; i++)
        data[i] = (char)(i * 7 + (i >> 12));
    int fd = file_with("large", "");
    CHECK_EQ(write(fd, data, kSize), kSize);
    CHECK_EQ(size_of(fd), kSize);
    char* back = malloc(kSize);
    CHECK_EQ(pread(fd, back, kSize, 0), kSize);
    CHECK_EQ(memcmp(data, back, kSize), 0);
    CHECK_EQ(pread(fd, back, kSize, kSize - 100001), 100001);
    CHECK_EQ(memcmp(data + kSize - 100001, back, 100001), 0);
    free(data);
    free(back);
    close(fd);
}

CASE(the_first_transfer_of_a_file_is_whole) {
    static unsigned char out[60000], in[60000];
    for (unsigned i = 0; i < sizeof out; i++)
        out[i] = (unsigned char)(i * 13 + (i >> 8));
    int fd = open("first", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK_EQ(write(fd, out, sizeof out), sizeof out);
    close(fd);
    fd = open("first", O_RDONLY);
    CHECK_EQ(pread(fd, in, sizeof in, 0), sizeof in);
    CHECK(memcmp(in, out, sizeof out) == 0);
    close(fd);
    fd = open("first", O_RDWR);
    CHECK_EQ(pwrite(fd, out, sizeof out, 1), sizeof out);
    close(fd);
    fd = open("first", O_RDONLY);
    CHECK_EQ(read(fd, in, 1), 1);
    CHECK_EQ(read(fd, in, sizeof in), sizeof in);
    CHECK(memcmp(in, out, sizeof out) == 0);
    close(fd);
    unlink("first");
}

CASE(vectors) {
    int fd = file_with("f", "");
    struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};
    CHECK_EQ(writev(fd, out, 3), 5);
    char a[2], b[8];
    struct iovec in[2] = {{a, 2}, {b, 8}};
    CHECK_EQ(preadv(fd, in, 2, 0), 5);
    CHECK(memcmp(a, "ab", 2) == 0 && memcmp(b, "cde", 3) == 0);
    CHECK_EQ(pwritev(fd, out, 1, 3), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(readv(fd, in, 2), 5);
    CHECK(memcmp(b, "cab", 3) == 0);
    CHECK_ERRNO(syscall(SYS_readv, fd, in, -1), EINVAL);
    CHECK_ERRNO(syscall(SYS_readv, fd, in, 1025), EINVAL);
    CHECK_EQ(readv(fd, in, 0), 0);
    CHECK_ERRNO(preadv(fd, in, 2, -5), EINVAL);
    close(fd);
}

CASE(vectors_with_flags) {
    int fd = file_with("f", "0123");
    char text[8];
    struct iovec vector = {text, 2};
    CHECK_EQ(preadv2(fd, &vector, 1, 1, 0), 2);
    CHECK(memcmp(text, "12", 2) == 0);
    // Offset -1 is the position.
    CHECK_EQ(preadv2(fd, &vector, 1, -1, 0), 2);
    CHECK(memcmp(text, "01", 2) == 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 2);
    vector = (struct iovec){"xy", 2};
    CHECK_EQ(pwritev2(fd, &vector, 1, 0, RWF_APPEND), 2);
    CHECK_EQ(size_of(fd), 6);
    CHECK_EQ(pwritev2(fd, &vector, 1, 0, RWF_DSYNC | RWF_SYNC), 2);
    CHECK_EQ(pread(fd, text, 6, 0), 6);
    CHECK(memcmp(text, "xy23xy", 6) == 0);
    CHECK_ERRNO(pwritev2(fd, &vector, 1, 0, 0x40000000), EOPNOTSUPP);
    CHECK_ERRNO(preadv2(fd, &vector, 1, -2, 0), EINVAL);
    close(fd);
}

CASE(seeking) {
    int fd = file_with("f", "0123456789");
    CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
    CHECK_EQ(lseek(fd, -2, SEEK_CUR), 2);
    CHECK_EQ(lseek(fd, -1, SEEK_END), 9);
    CHECK_EQ(lseek(fd, 90, SEEK_CUR), 99);
    CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERRNO(lseek(fd, 0, 99), EINVAL);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(size_of(fd), 100);
    char text[2];
    CHECK_EQ(pread(fd, text, 2, 50), 2);
    CHECK(text[0] == 0 && text[1] == 0);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_ERRNO(lseek(ends[0], 0, SEEK_CUR), ESPIPE);
    CHECK_ERRNO(pread(ends[0], text, 1, 0), ESPIPE);
    CHECK_ERRNO(pwrite(ends[1], text, 1, 0), ESPIPE);
    close(ends[0]);
    close(ends[1]);
    close(fd);
}

CASE(position_is_shared_by_duplicates_and_children) {
    int fd = file_with("f", "0123456789"), copy = dup(fd), other = open("f", O_RDONLY);
    char byte;
    CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK_EQ(read(copy, &byte, 1), 1);
    CHECK_EQ(byte, '1');
    CHECK_EQ(read(other, &byte, 1), 1);
    CHECK_EQ(byte, '0');
    pid_t child = fork();
    if (child == 0)
        _exit(read(fd, &byte, 1) == 1 && byte == '2' ? 0 : 1);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(lseek(copy, 0, SEEK_CUR), 3);
    close(fd), close(copy), close(other);
}

CASE(holes_are_found) {
    int fd = file_with("sparse", "");
    CHECK_EQ(pwrite(fd, "x", 1, 1 << 20), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_DATA), 1 << 20);
    CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
    CHECK_EQ(lseek(fd, 1 << 20, SEEK_HOLE), (1 << 20) + 1);
    CHECK_ERRNO(lseek(fd, 2 << 20, SEEK_DATA), ENXIO);
    CHECK_ERRNO(lseek(fd, 2 << 20, SEEK_HOLE), ENXIO);
    struct stat now;
    CHECK_EQ(fstat(fd, &now), 0);
    CHECK(now.st_blocks * 512 < 1 << 20);
    close(fd);
}

CASE(truncate_grows_and_shrinks) {
    int fd = file_with("f", "0123456789");
    CHECK_EQ(ftruncate(fd, 4), 0);
    CHECK_EQ(ftruncate(fd, 8), 0);
    char text[8];
    CHECK_EQ(pread(fd, text, 8, 0), 8);
    CHECK_EQ(memcmp(text, "0123\0\0\0\0", 8), 0);
    CHECK_EQ(truncate("f", 2), 0);
    CHECK_EQ(size_of(fd), 2);
    CHECK_ERRNO(ftruncate(fd, -1), EINVAL);
    CHECK_ERRNO(truncate("f", -1), EINVAL);
    CHECK_ERRNO(truncate(".", 0), EISDIR);
    CHECK_ERRNO(truncate("absent", 0), ENOENT);
    close(fd);
    fd = open("f", O_RDONLY);
    CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
    close(fd);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_ERRNO(ftruncate(ends[1], 0), EINVAL);
    close(ends[0]);
    close(ends[1]);
}

CASE(fallocate_modes) {
    int fd = file_with("f", "abcd");
    CHECK_EQ(fallocate(fd, 0, 0, 8192), 0);
    CHECK_EQ(size_of(fd), 8192);
    CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1 << 20), 0);
    CHECK_EQ(size_of(fd), 8192);
    CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 2), 0);
    char text[4];
    CHECK_EQ(pread(fd, text, 4, 0), 4);
    CHECK_EQ(memcmp(text, "a\0\0d", 4), 0);
    CHECK_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
    CHECK_ERRNO(fallocate(fd, 0, -1, 10), EINVAL);
    CHECK_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10), EOPNOTSUPP);
    CHECK_EQ(posix_fallocate(fd, 0, 16384), 0);
    CHECK_EQ(size_of(fd), 16384);
    close(fd);
    fd = open("f", O_RDONLY);
    CHECK_ERRNO(fallocate(fd, 0, 0, 1), EBADF);
    close(fd);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_ERRNO(fallocate(ends[1], 0, 0, 1), ESPIPE);
    close(ends[0]);
    close(ends[1]);
}

static volatile sig_atomic_t xfsz;
static void on_xfsz(int signal) { xfsz = signal; }
CASE(file_size_limit) {
    int fd = file_with("f", "");
    struct rlimit was, small;
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &was), 0);
    small = was;
    small.rlim_cur = 6;
    signal(SIGXFSZ, on_xfsz);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    long first = write(fd, "0123456789", 10);
    errno = 0;
    long second = write(fd, "x", 1);
    int error = errno;
    errno = 0;
    int third = ftruncate(fd, 100), third_error = errno;
    long inside = pwrite(fd, "y", 1, 2);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &was), 0);
    signal(SIGXFSZ, SIG_DFL);
    CHECK_EQ(first, 6);
    CHECK_EQ(second, -1);
    CHECK_EQ(error, EFBIG);
    CHECK_EQ(third, -1);
    CHECK_EQ(third_error, EFBIG);
    CHECK_EQ(inside, 1);
    CHECK_EQ(xfsz, SIGXFSZ);
    close(fd);
}

CASE(duplicates_and_flags) {
    int fd = file_with("f", "");
    int high = fcntl(fd, F_DUPFD, 100);
    CHECK_EQ(high, 100);
    CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 100), 101);
    CHECK_EQ(fcntl(101, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(101, F_SETFD, 0), 0);
    CHECK_EQ(fcntl(101, F_GETFD), 0);
    CHECK_EQ(dup2(fd, 100), 100);
    CHECK_EQ(dup2(fd, fd), fd);
    CHECK_ERRNO(dup2(-1, 100), EBADF);
    CHECK_ERRNO(dup2(fd, -1), EBADF);
    CHECK_ERRNO(syscall(SYS_dup3, fd, fd, 0), EINVAL);
    CHECK_EQ(syscall(SYS_dup3, fd, 101, O_CLOEXEC), 101);
    CHECK_EQ(fcntl(101, F_GETFD), FD_CLOEXEC);
    CHECK_ERRNO(fcntl(fd, F_DUPFD, -1), EINVAL);
    CHECK_ERRNO(fcntl(fd, 9999), EINVAL);
    CHECK_ERRNO(fcntl(999, F_GETFD), EBADF);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
    // The access mode cannot be changed.
    CHECK_EQ(fcntl(fd, F_SETFL, O_WRONLY), 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
    CHECK_EQ(fcntl(fd, F_SETOWN, getpid()), 0);
    CHECK_EQ(fcntl(fd, F_GETOWN), getpid());
    CHECK_ERRNO(fcntl(fd, F_GETPIPE_SZ), EBADF);
    struct rlimit was, few;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &was), 0);
    few = was;
    few.rlim_cur = 50;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    CHECK_ERRNO(fcntl(fd, F_DUPFD, 50), EINVAL);
    CHECK_ERRNO(dup2(fd, 50), EBADF);
    CHECK_ERRNO(fcntl(fd, F_DUPFD, 49) == 49 ? fcntl(fd, F_DUPFD, 49) : 0, EMFILE);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &was), 0);
    CHECK_EQ(close(100), 0);
    CHECK_ERRNO(close(100), EBADF);
    CHECK_EQ(syscall(SYS_close_range, 49, 200, 0), 0);
    CHECK_ERRNO(fcntl(101, F_GETFD), EBADF);
    CHECK_EQ(syscall(SYS_close_range, fd, fd, CLOSE_RANGE_CLOEXEC), 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_ERRNO(syscall(SYS_close_range, 5, 4, 0), EINVAL);
    close(fd);
}

CASE(synchronisation) {
    int fd = file_with("f", "x");
    CHECK_EQ(fsync(fd), 0);
    CHECK_EQ(fdatasync(fd), 0);
    CHECK_EQ(syncfs(fd), 0);
    CHECK_EQ(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE), 0);
    sync();
    CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
    CHECK_EQ(readahead(fd, 0, 4096), 0);
    CHECK_ERRNO(fsync(999), EBADF);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_ERRNO(fsync(ends[0]), EINVAL);
    CHECK_EQ(posix_fadvise(ends[0], 0, 0, 0), ESPIPE);
    close(ends[0]), close(ends[1]), close(fd);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
