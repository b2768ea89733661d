// Record locks, locks of open file descriptions, flock: between processes and within one.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static const char* path = "f";
static int open_file(void) {
    int fd = open(path, O_RDWR | O_CREAT, 0644);
    CHECK(fd >= 0);
    return fd;
}
static struct flock range(int type, long start, long length) {
    struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return lock;
}
// Runs `body` in a child and gives its exit status.
#define IN_CHILD(body)                              \
    ({                                              \
        pid_t child_ = fork();                      \
        CHECK(child_ >= 0);                         \
        if (child_ == 0) {                          \
            body;                                   \
        }                                           \
        int status_;                                \
        CHECK_EQ(waitpid(child_, &status_, 0), child_); \
        status_;                                    \
    })

CASE(record_locks_exclude_other_processes) {
    int fd = open_file();
    struct flock lock = range(F_WRLCK, 10, 10);
    CHECK_EQ(fcntl(fd, F_SETLK, &lock), 0);
    pid_t parent = getpid();
    CHECK_EQ(IN_CHILD({
                 struct flock want = range(F_WRLCK, 15, 1);
                 if (fcntl(fd, F_SETLK, &want) == 0 || (errno != EAGAIN && errno != EACCES))
                     _exit(1);
                 if (fcntl(fd, F_GETLK, &want) != 0 || want.l_type != F_WRLCK || want.l_start != 10 ||
                     want.l_len != 10 || want.l_pid != parent)
                     _exit(2);
                 want = range(F_WRLCK, 20, 1);
                 if (fcntl(fd, F_SETLK, &want) != 0)
                     _exit(3);
                 want = range(F_WRLCK, 0, 5);
                 _exit(fcntl(fd, F_GETLK, &want) == 0 && want.l_type == F_UNLCK ? 0 : 4);
             }),
             0);
    // The own lock does not stand in the way, and a part of it can be given back.
    CHECK_EQ(fcntl(fd, F_GETLK, &lock), 0);
    CHECK_EQ(lock.l_type, F_UNLCK);
    lock = range(F_UNLCK, 12, 2);
    CHECK_EQ(fcntl(fd, F_SETLK, &lock), 0);
    CHECK_EQ(IN_CHILD({
                 struct flock want = range(F_WRLCK, 12, 2);
                 _exit(fcntl(fd, F_SETLK, &want) == 0 ? 0 : 1);
             }),
             0);
    close(fd);
}

CASE(closing_any_descriptor_gives_record_locks_back) {
    int fd = open_file(), other = open_file();
    struct flock lock = range(F_WRLCK, 0, 0);
    CHECK_EQ(fcntl(fd, F_SETLK, &lock), 0);
    close(other);
    CHECK_EQ(IN_CHILD({
                 struct flock want = range(F_WRLCK, 0, 0);
                 _exit(fcntl(fd, F_SETLK, &want) == 0 ? 0 : 1);
             }),
             0);
    close(fd);
}

CASE(read_locks_are_shared) {
    int fd = open_file();
    struct flock lock = range(F_RDLCK, 0, 0);
    CHECK_EQ(fcntl(fd, F_SETLK, &lock), 0);
    CHECK_EQ(IN_CHILD({
                 struct flock want = range(F_RDLCK, 5, 5);
                 if (fcntl(fd, F_SETLK, &want) != 0)
                     _exit(1);
                 want.l_type = F_WRLCK;
                 _exit(fcntl(fd, F_SETLK, &want) == 0 ? 2 : 0);
             }),
             0);
    close(fd);
    fd = open(path, O_RDONLY);
    lock = range(F_WRLCK, 0, 0);
    CHECK_ERRNO(fcntl(fd, F_SETLK, &lock), EBADF);
    lock = range(9, 0, 0);
    CHECK_ERRNO(fcntl(fd, F_SETLK, &lock), EINVAL);
    close(fd);
}

CASE(waiting_for_a_record_lock) {
    int fd = open_file(), ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct flock lock = range(F_WRLCK, 0, 0);
        if (fcntl(fd, F_SETLK, &lock) != 0 || write(ends[1], "x", 1) != 1)
            _exit(1);
        usleep(100000);
        _exit(0);  // which gives the lock back
    }
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    struct flock lock = range(F_WRLCK, 0, 0);
    CHECK_EQ(fcntl(fd, F_SETLKW, &lock), 0);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(fd), close(ends[0]), close(ends[1]);
}

static void on_alarm(int signal) { (void)signal; }
CASE(a_signal_ends_the_wait) {
    int fd = open_file(), ends[2];
    CHECK_EQ(pipe(ends), 0);
    struct flock lock = range(F_WRLCK, 0, 0);
    CHECK_EQ(fcntl(fd, F_SETLK, &lock), 0);
    CHECK_EQ(IN_CHILD({
                 struct sigaction action = {.sa_handler = on_alarm};
                 sigaction(SIGALRM, &action, NULL);
                 ualarm(50000, 50000);
                 struct flock want = range(F_WRLCK, 0, 0);
                 _exit(fcntl(fd, F_SETLKW, &want) == -1 && errno == EINTR ? 0 : 1);
             }),
             0);
    close(fd), close(ends[0]), close(ends[1]);
}

CASE(locks_of_a_description) {
    int a = open_file(), b = open_file(), copy = dup(a);
    struct flock lock = range(F_WRLCK, 0, 10);
    CHECK_EQ(fcntl(a, F_OFD_SETLK, &lock), 0);
    lock = range(F_WRLCK, 0, 10);
    CHECK_EQ(fcntl(copy, F_OFD_SETLK, &lock), 0);
    lock = range(F_WRLCK, 5, 1);
    CHECK_ERRNO(fcntl(b, F_OFD_SETLK, &lock), EAGAIN);
    CHECK_EQ(fcntl(b, F_OFD_GETLK, &lock), 0);
    CHECK_EQ(lock.l_type, F_WRLCK);
    CHECK_EQ(lock.l_pid, -1);
    lock = range(F_WRLCK, 0, 1);
    lock.l_pid = 1;
    CHECK_ERRNO(fcntl(b, F_OFD_SETLK, &lock), EINVAL);
    close(a);
    lock = range(F_WRLCK, 5, 1);
    CHECK_ERRNO(fcntl(b, F_OFD_SETLK, &lock), EAGAIN);
    close(copy);
    CHECK_EQ(fcntl(b, F_OFD_SETLK, &lock), 0);
    close(b);
}

CASE(flock_is_of_the_description) {
    int a = open_file(), b = open_file();
    CHECK_EQ(flock(a, LOCK_EX), 0);
    CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK_EQ(flock(a, LOCK_SH), 0);
    CHECK_EQ(flock(b, LOCK_SH | LOCK_NB), 0);
    CHECK_EQ(flock(b, LOCK_UN), 0);
    // A child holds what its parent locked.
    CHECK_EQ(flock(a, LOCK_EX), 0);
    CHECK_EQ(IN_CHILD({ _exit(flock(a, LOCK_EX | LOCK_NB) == 0 ? 0 : 1); }), 0);
    CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    close(a);
    CHECK_EQ(flock(b, LOCK_EX | LOCK_NB), 0);
    CHECK_ERRNO(flock(b, 0), EINVAL);
    CHECK_ERRNO(flock(999, LOCK_EX), EBADF);
    close(b);
}

CASE(ranges_are_told_as_they_are) {
    int fd = open_file();
    struct flock lock = range(F_WRLCK, 100, -40), want;
    CHECK_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
    int other = open_file();
    want = range(F_RDLCK, 0, 0);
    CHECK_EQ(fcntl(other, F_OFD_GETLK, &want), 0);
    CHECK_EQ(want.l_start, 60);
    CHECK_EQ(want.l_len, 40);
    lock = range(F_WRLCK, 1000, 0);
    CHECK_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
    want = range(F_RDLCK, 100, 0);
    CHECK_EQ(fcntl(other, F_OFD_GETLK, &want), 0);
    CHECK_EQ(want.l_start, 1000);
    CHECK_EQ(want.l_len, 0);
    want = range(F_RDLCK, 100, 900);
    CHECK_EQ(fcntl(other, F_OFD_GETLK, &want), 0);
    CHECK_EQ(want.l_type, F_UNLCK);
    lock = range(F_WRLCK, -1, 1);
    CHECK_ERRNO(fcntl(fd, F_OFD_SETLK, &lock), EINVAL);
    lock = range(F_WRLCK, 10, -20);
    CHECK_ERRNO(fcntl(fd, F_OFD_SETLK, &lock), EINVAL);
    close(fd), close(other);
}

// All of these again on a file that lives in the enclave there.
CASE(files_without_a_host_exclude_too) {
    path = "/dev/full";
    for (struct test_case* at = first_case; at->next != NULL; at = at->next)
        at->run();
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
