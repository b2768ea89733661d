// signalfd: blocked signals read as records, polled, of the own process and of children.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static sigset_t set_of(int a, int b) {
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, a);
    if (b)
        sigaddset(&s, b);
    return s;
}
static int blocked_signalfd(int a, int b, int flags) {
    sigset_t s = set_of(a, b);
    sigprocmask(SIG_BLOCK, &s, NULL);
    return signalfd(-1, &s, flags);
}
static void end(int fd, int a, int b) {
    close(fd);
    sigset_t s = set_of(a, b);
    sigprocmask(SIG_UNBLOCK, &s, NULL);
}

CASE(reads_a_signal_of_the_process) {
    int fd = blocked_signalfd(SIGUSR1, 0, SFD_NONBLOCK);
    struct signalfd_siginfo i;
    CHECK(fd >= 0);
    CHECK_ERRNO(read(fd, &i, sizeof i), EAGAIN);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(read(fd, &i, sizeof i), sizeof i);
    CHECK_EQ(i.ssi_signo, SIGUSR1);
    CHECK_EQ(i.ssi_pid, getpid());
    CHECK_EQ(i.ssi_code, SI_USER);
    CHECK_ERRNO(read(fd, &i, sizeof i), EAGAIN);
    end(fd, SIGUSR1, 0);
}

CASE(reads_several_and_carries_values) {
    int fd = blocked_signalfd(SIGRTMIN + 1, SIGUSR2, 0);
    struct signalfd_siginfo i[4];
    union sigval v = {.sival_int = 42};
    CHECK_EQ(sigqueue(getpid(), SIGRTMIN + 1, v), 0);
    v.sival_int = 43;
    CHECK_EQ(sigqueue(getpid(), SIGRTMIN + 1, v), 0);
    kill(getpid(), SIGUSR2);
    CHECK_EQ(read(fd, i, sizeof i), 3 * sizeof *i);
    CHECK_EQ(i[0].ssi_signo, SIGUSR2);
    CHECK_EQ(i[1].ssi_signo, SIGRTMIN + 1);
    CHECK_EQ(i[1].ssi_int, 42);
    CHECK_EQ(i[2].ssi_int, 43);
    CHECK_EQ(i[1].ssi_code, SI_QUEUE);
    end(fd, SIGRTMIN + 1, SIGUSR2);
}

CASE(signals_of_the_thread_itself) {
    int fd = blocked_signalfd(SIGUSR1, 0, 0);
    struct signalfd_siginfo i;
    pthread_kill(pthread_self(), SIGUSR1);
    CHECK_EQ(read(fd, &i, sizeof i), sizeof i);
    CHECK_EQ(i.ssi_code, SI_TKILL);
    end(fd, SIGUSR1, 0);
}

static void* send_later(void* argument) {
    (void)argument;
    usleep(30000);
    kill(getpid(), SIGUSR1);
    return NULL;
}
CASE(read_sleeps_until_a_signal) {
    int fd = blocked_signalfd(SIGUSR1, 0, 0);
    pthread_t t;
    struct signalfd_siginfo i;
    CHECK_EQ(pthread_create(&t, NULL, send_later, NULL), 0);
    CHECK_EQ(read(fd, &i, sizeof i), sizeof i);
    CHECK_EQ(i.ssi_signo, SIGUSR1);
    pthread_join(t, NULL);
    end(fd, SIGUSR1, 0);
}

CASE(poll_and_epoll_sleep_until_a_signal) {
    int fd = blocked_signalfd(SIGUSR1, 0, SFD_CLOEXEC), ep = epoll_create1(0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    struct signalfd_siginfo i;
    struct pollfd p = {fd, POLLIN, 0};
    pthread_t t;
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_EQ(pthread_create(&t, NULL, send_later, NULL), 0);
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_EQ(p.revents, POLLIN);
    CHECK_EQ(read(fd, &i, sizeof i), sizeof i);
    CHECK_EQ(poll(&p, 1, 0), 0);
    pthread_join(t, NULL);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd}, got;
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), 0);
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
    CHECK_EQ(pthread_create(&t, NULL, send_later, NULL), 0);
    CHECK_EQ(epoll_wait(ep, &got, 1, 10000), 1);
    CHECK_EQ(read(fd, &i, sizeof i), sizeof i);
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
    pthread_join(t, NULL);
    close(ep);
    end(fd, SIGUSR1, 0);
}

CASE(a_child_that_ends) {
    int fd = blocked_signalfd(SIGCHLD, 0, 0);
    struct signalfd_siginfo i;
    struct pollfd p = {fd, POLLIN, 0};
    pid_t child = fork();
    if (child == 0)
        _exit(5);
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_EQ(read(fd, &i, sizeof i), sizeof i);
    CHECK_EQ(i.ssi_signo, SIGCHLD);
    CHECK_EQ(i.ssi_pid, child);
    CHECK_EQ(i.ssi_status, 5);
    CHECK_EQ(i.ssi_code, CLD_EXITED);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    end(fd, SIGCHLD, 0);
}

CASE(the_mask_can_be_changed) {
    int fd = blocked_signalfd(SIGUSR1, SIGUSR2, SFD_NONBLOCK);
    struct signalfd_siginfo i;
    sigset_t only = set_of(SIGUSR2, 0);
    CHECK_EQ(signalfd(fd, &only, 0), fd);
    kill(getpid(), SIGUSR1);
    CHECK_ERRNO(read(fd, &i, sizeof i), EAGAIN);
    sigset_t both = set_of(SIGUSR1, SIGUSR2);
    CHECK_EQ(signalfd(fd, &both, 0), fd);
    CHECK_EQ(read(fd, &i, sizeof i), sizeof i);
    CHECK_EQ(i.ssi_signo, SIGUSR1);
    end(fd, SIGUSR1, SIGUSR2);
}

CASE(a_child_reads_its_own_signals) {
    int fd = blocked_signalfd(SIGUSR1, 0, 0);
    pid_t child = fork();
    if (child == 0) {
        struct signalfd_siginfo i;
        kill(getpid(), SIGUSR1);
        _exit(read(fd, &i, sizeof i) != sizeof i || i.ssi_pid != (unsigned)getpid());
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    struct pollfd p = {fd, POLLIN, 0};
    CHECK_EQ(poll(&p, 1, 0), 0);
    end(fd, SIGUSR1, 0);
}

CASE(wrong_arguments) {
    sigset_t s = set_of(SIGUSR1, 0);
    struct signalfd_siginfo i;
    CHECK_ERRNO(signalfd(-1, &s, 0x1), EINVAL);
    CHECK_ERRNO(signalfd(1, &s, 0), EINVAL);
    CHECK_ERRNO(signalfd(99, &s, 0), EBADF);
    int fd = signalfd(-1, &s, 0);
    CHECK_ERRNO(read(fd, &i, 10), EINVAL);
    CHECK_ERRNO(write(fd, &i, sizeof i), EINVAL);
    close(fd);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
