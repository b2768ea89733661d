// Descriptors that stand for processes: pidfd_open, pidfd_send_signal, waiting by them.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int pidfd_open_(pid_t pid, unsigned flags) {
    return (int)syscall(SYS_pidfd_open, pid, flags);
}
static int send_signal(int fd, int number, siginfo_t* info) {
    return (int)syscall(SYS_pidfd_send_signal, fd, number, info, 0);
}
static int is_ready(int fd, int timeout_ms) {
    struct pollfd entry = {fd, POLLIN, 0};
    return poll(&entry, 1, timeout_ms);
}
static pid_t start_child(void) {
    pid_t child = fork();
    if (child == 0) {
        for (;;)
            pause();
    }
    return child;
}

CASE(ends_a_child_and_is_ready_then) {
    pid_t child = start_child();
    int fd = pidfd_open_(child, 0);
    CHECK(fd >= 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(is_ready(fd, 0), 0);
    CHECK_EQ(send_signal(fd, 0, NULL), 0);
    CHECK_EQ(send_signal(fd, SIGTERM, NULL), 0);
    CHECK_EQ(is_ready(fd, 20000), 1);
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, SIGTERM);
    CHECK_ERRNO(send_signal(fd, 0, NULL), ESRCH);
    close(fd);
}

CASE(waits_by_descriptor) {
    pid_t child = start_child();
    int fd = pidfd_open_(child, 0);
    CHECK(fd >= 0);
    siginfo_t info = {0};
    CHECK_EQ(waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG), 0);
    CHECK_EQ(info.si_pid, 0);
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, child);
    CHECK_EQ(info.si_code, CLD_KILLED);
    CHECK_ERRNO(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), ECHILD);
    CHECK_ERRNO(waitid(P_PIDFD, 1000, &info, WEXITED), EBADF);
    close(fd);
}

static volatile sig_atomic_t seen_signal;
static void note_signal(int number) {
    seen_signal = number;
}
CASE(takes_a_directory_of_proc) {
    signal(SIGUSR2, note_signal);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d", getpid());
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0);
    CHECK_EQ(send_signal(fd, 0, NULL), 0);
    CHECK_EQ(send_signal(fd, SIGUSR2, NULL), 0);
    CHECK_EQ(seen_signal, SIGUSR2);
    close(fd);
}

static volatile sig_atomic_t seen_value;
static void note_value(int number, siginfo_t* info, void* context) {
    (void)number, (void)context;
    seen_value = info->si_value.sival_int;
}
CASE(carries_a_value_to_the_own_process) {
    struct sigaction action = {.sa_sigaction = note_value, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    int fd = pidfd_open_(getpid(), 0);
    CHECK(fd >= 0);
    siginfo_t info = {0};
    info.si_signo = SIGUSR1, info.si_code = SI_QUEUE, info.si_value.sival_int = 42;
    CHECK_EQ(send_signal(fd, SIGUSR1, &info), 0);
    CHECK_EQ(seen_value, 42);
    info.si_signo = SIGUSR2;
    CHECK_ERRNO(send_signal(fd, SIGUSR1, &info), EINVAL);
    close(fd);
}

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
CASE(comes_with_the_child) {
    int fd = -1;
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL, 0);
    CHECK(pid >= 0);
    if (pid == 0)
        // It is the parent's only.
        _exit(fd == -1 && fcntl(3, F_GETFD) == -1 ? 5 : 6);
    CHECK(fd >= 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(is_ready(fd, 10000), 1);
    siginfo_t info = {0};
    CHECK_EQ(waitid(3 /* P_PIDFD */, (id_t)fd, &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, pid);
    CHECK_EQ(info.si_status, 5);
    close(fd);
    // What fails fails before there is a child.
    CHECK_ERRNO(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, 8, NULL, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, NULL, &fd, NULL, 0),
                EINVAL);
    CHECK_ERRNO(waitpid(-1, NULL, 0), ECHILD);
}

struct vfork_child {
    const char* program;
    int seen;
};
static int runs(void* argument) {
    struct vfork_child* child = argument;
    child->seen = 1;
    execl(child->program, child->program, "-c", "exit 3", NULL);
    _exit(4);
}
static void starts(const char* program, int wanted) {
    static char stack[65536];
    struct vfork_child child = {program, 0};
    int fd = -1;
    pid_t pid = clone(runs, stack + sizeof stack, CLONE_PIDFD | CLONE_VM | CLONE_VFORK | SIGCHLD,
                      &child, &fd);
    CHECK(pid > 0 && fd >= 0);
    CHECK_EQ(child.seen, 1);
    CHECK_EQ(is_ready(fd, 10000), 1);
    siginfo_t info = {0};
    CHECK_EQ(waitid(3, (id_t)fd, &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, pid);
    CHECK_EQ(info.si_status, wanted);
    close(fd);
}
CASE(comes_with_a_vfork_child) {
    starts("/bin/sh", 3);
    starts("/does/not/exist", 4);
}

CASE(refuses_what_linux_refuses) {
    CHECK_ERRNO(pidfd_open_(0, 0), EINVAL);
    CHECK_ERRNO(pidfd_open_(getpid(), 1), EINVAL);
    CHECK_ERRNO(pidfd_open_(4194303, 0), ESRCH);
    int file = open("/dev/null", O_RDONLY);
    CHECK_ERRNO(send_signal(file, SIGTERM, NULL), EBADF);
    int fd = pidfd_open_(getpid(), 0);
    char byte;
    CHECK_ERRNO(read(fd, &byte, 1), EINVAL);
    CHECK_ERRNO(send_signal(fd, 65, NULL), EINVAL);
    close(file);
    close(fd);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
