// Named pipes and the other nodes that mknod makes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

CASE(two_processes_meet) {
    CHECK_EQ(mkfifo("p", 0644), 0);
    CHECK_ERRNO(mkfifo("p", 0644), EEXIST);
    struct stat now;
    CHECK_EQ(stat("p", &now), 0);
    CHECK(S_ISFIFO(now.st_mode));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        int out = open("p", O_WRONLY);
        _exit(out >= 0 && write(out, "hello", 5) == 5 ? 0 : 1);
    }
    int in = open("p", O_RDONLY);
    CHECK(in >= 0);
    char text[8];
    CHECK_EQ(read(in, text, 5), 5);
    CHECK_EQ(memcmp(text, "hello", 5), 0);
    CHECK_EQ(read(in, text, 5), 0);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(in), unlink("p");
}

CASE(opening_without_waiting) {
    CHECK_EQ(mknod("p", S_IFIFO | 0600, 0), 0);
    CHECK_ERRNO(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
    int in = open("p", O_RDONLY | O_NONBLOCK);
    CHECK(in >= 0);
    char byte;
    CHECK_EQ(read(in, &byte, 1), 0);
    int out = open("p", O_WRONLY | O_NONBLOCK);
    CHECK(out >= 0);
    CHECK_ERRNO(read(in, &byte, 1), EAGAIN);
    struct pollfd ready = {in, POLLIN, 0};
    CHECK_EQ(poll(&ready, 1, 0), 0);
    CHECK_EQ(write(out, "x", 1), 1);
    CHECK_EQ(poll(&ready, 1, 1000), 1);
    CHECK_EQ(read(in, &byte, 1), 1);
    signal(SIGPIPE, SIG_IGN);
    close(in);
    CHECK_ERRNO(write(out, "x", 1), EPIPE);
    close(out);
    int both = open("p", O_RDWR);
    CHECK(both >= 0);
    CHECK_EQ(write(both, "y", 1), 1);
    CHECK_EQ(read(both, &byte, 1), 1);
    CHECK_ERRNO(lseek(both, 0, SEEK_SET), ESPIPE);
    close(both), unlink("p");
}

static void on_alarm(int signal) { (void)signal; }
CASE(a_signal_ends_the_wait_for_the_other_end) {
    CHECK_EQ(mkfifo("p", 0644), 0);
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    ualarm(50000, 0);
    CHECK_ERRNO(open("p", O_RDONLY), EINTR);
    unlink("p");
}

CASE(other_nodes) {
    CHECK_EQ(mknod("f", S_IFREG | 0600, 0), 0);
    CHECK_EQ(mknod("g", 0600, 0), 0);
    struct stat now;
    CHECK_EQ(stat("g", &now), 0);
    CHECK(S_ISREG(now.st_mode) && now.st_size == 0);
    CHECK_ERRNO(mknod("f", S_IFREG | 0600, 0), EEXIST);
    CHECK_ERRNO(mknod("d", S_IFDIR | 0700, 0), EPERM);
    CHECK_ERRNO(mknod("absent/f", S_IFREG | 0600, 0), ENOENT);
    unlink("f"), unlink("g");
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
