// inotify on files of the host: names, renames, ends, waiting.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char buffer[4096] __attribute__((aligned(8)));
static struct inotify_event* next(int fd) {
    long n = read(fd, buffer, sizeof buffer);
    return n < (long)sizeof(struct inotify_event) ? NULL : (void*)buffer;
}

CASE(a_file_is_made_written_and_removed) {
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(mkdir("watched", 0700), 0);
    int wd = inotify_add_watch(fd, "watched", IN_CREATE | IN_DELETE | IN_CLOSE_WRITE);
    CHECK(wd > 0);
    CHECK(next(fd) == NULL);
    CHECK_EQ(errno, EAGAIN);
    int file = open("watched/file", O_CREAT | O_WRONLY, 0600);
    close(file);
    CHECK_EQ(unlink("watched/file"), 0);
    int waiting = 0;
    CHECK_EQ(ioctl(fd, FIONREAD, &waiting), 0);
    CHECK_EQ(waiting, 96);
    long n = read(fd, buffer, sizeof buffer);
    unsigned seen = 0;
    for (long at = 0; at < n;) {
        struct inotify_event* e = (void*)(buffer + at);
        CHECK_EQ(e->wd, wd);
        CHECK(strcmp(e->name, "file") == 0);
        seen |= e->mask;
        at += (long)sizeof *e + e->len;
    }
    CHECK_EQ(seen, IN_CREATE | IN_DELETE | IN_CLOSE_WRITE);
    CHECK_EQ(inotify_rm_watch(fd, wd), 0);
    struct inotify_event* e = next(fd);
    CHECK(e != NULL && (e->mask & IN_IGNORED));
    CHECK_ERRNO(inotify_rm_watch(fd, wd), EINVAL);
    CHECK_EQ(rmdir("watched"), 0);
    close(fd);
}

CASE(poll_waits_for_a_change) {
    int fd = inotify_init();
    int file = open("touched", O_CREAT | O_WRONLY, 0600);
    CHECK(inotify_add_watch(fd, "touched", IN_MODIFY) > 0);
    struct pollfd p = {fd, POLLIN, 0};
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_EQ(write(file, "x", 1), 1);
    CHECK_EQ(poll(&p, 1, 10000), 1);
    struct inotify_event* e = next(fd);
    CHECK(e != NULL && e->mask == IN_MODIFY && e->len == 0);
    close(file), close(fd);
    unlink("touched");
}

CASE(errors) {
    int fd = inotify_init1(0);
    CHECK_ERRNO(inotify_init1(1), EINVAL);
    CHECK_ERRNO(inotify_add_watch(fd, "no-such-file", IN_MODIFY), ENOENT);
    CHECK_ERRNO(inotify_add_watch(fd, ".", 0), EINVAL);
    CHECK_ERRNO(inotify_add_watch(999, ".", IN_MODIFY), EBADF);
    CHECK_ERRNO(inotify_add_watch(1, ".", IN_MODIFY), EINVAL);
    CHECK_ERRNO(inotify_rm_watch(fd, 77), EINVAL);
    close(fd);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
