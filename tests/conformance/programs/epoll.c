// epoll: level, edge, one-shot, nesting, closing while registered, changes while waiting.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int add(int ep, int fd, unsigned events, unsigned long long data) {
    struct epoll_event e = {.events = events, .data.u64 = data};
    return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}
static int change(int ep, int fd, unsigned events, unsigned long long data) {
    struct epoll_event e = {.events = events, .data.u64 = data};
    return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}
static volatile int minus_one = -1;

static int next(int ep, struct epoll_event* e) {
    return epoll_wait(ep, e, 1, 0);
}

CASE(level_repeats_until_read) {
    int p[2], ep = epoll_create1(0);
    struct epoll_event e;
    char b;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(add(ep, p[0], EPOLLIN, 0x123456789abcdefull), 0);
    CHECK_EQ(next(ep, &e), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(next(ep, &e), 1);
        CHECK_EQ(e.events, EPOLLIN);
        CHECK(e.data.u64 == 0x123456789abcdefull);
    }
    CHECK_EQ(read(p[0], &b, 1), 1);
    CHECK_EQ(next(ep, &e), 0);
    close(p[1]);
    CHECK_EQ(next(ep, &e), 1);
    CHECK_EQ(e.events, EPOLLHUP);
    close(p[0]), close(ep);
}

CASE(edge_comes_once_per_write) {
    int p[2], ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e;
    CHECK_EQ(fcntl(ep, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(add(ep, p[0], EPOLLIN | EPOLLET, 1), 0);
    CHECK_EQ(next(ep, &e), 1);
    CHECK_EQ(next(ep, &e), 0);
    CHECK_EQ(write(p[1], "y", 1), 1);
    CHECK_EQ(next(ep, &e), 1);
    CHECK_EQ(next(ep, &e), 0);
    CHECK_EQ(change(ep, p[0], EPOLLIN | EPOLLET, 1), 0);
    CHECK_EQ(next(ep, &e), 1);
    close(p[0]), close(p[1]), close(ep);
}

CASE(one_shot_needs_rearming) {
    int p[2], ep = epoll_create1(0);
    struct epoll_event e;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(add(ep, p[0], EPOLLIN | EPOLLONESHOT, 1), 0);
    CHECK_EQ(next(ep, &e), 1);
    CHECK_EQ(next(ep, &e), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(next(ep, &e), 0);
    CHECK_EQ(change(ep, p[0], EPOLLIN | EPOLLONESHOT, 2), 0);
    CHECK_EQ(next(ep, &e), 1);
    CHECK_EQ(e.data.u64, 2);
    close(p[0]), close(p[1]), close(ep);
}

CASE(errors_of_epoll_ctl) {
    int p[2], ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN};
    CHECK_EQ(pipe(p), 0);
    CHECK_ERRNO(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e), ENOENT);
    CHECK_ERRNO(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], &e), ENOENT);
    CHECK_EQ(add(ep, p[0], EPOLLIN, 1), 0);
    CHECK_ERRNO(add(ep, p[0], EPOLLIN, 1), EEXIST);
    CHECK_ERRNO(add(ep, 999, EPOLLIN, 1), EBADF);
    CHECK_ERRNO(add(999, p[0], EPOLLIN, 1), EBADF);
    CHECK_ERRNO(add(p[0], p[1], EPOLLIN, 1), EINVAL);
    CHECK_ERRNO(add(ep, ep, EPOLLIN, 1), EINVAL);
    CHECK_ERRNO(epoll_ctl(ep, 7, p[0], &e), EINVAL);
    CHECK_ERRNO(epoll_wait(ep, &e, 0, 0), EINVAL);
    CHECK_ERRNO(epoll_wait(ep, &e, minus_one, 0), EINVAL);
    CHECK_ERRNO(epoll_wait(p[0], &e, 1, 0), EINVAL);
    CHECK_ERRNO(epoll_create1(1), EINVAL);
    CHECK_ERRNO(epoll_create(0), EINVAL);
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), 0);
    int file = open("/proc/self/exe", O_RDONLY);
    CHECK_ERRNO(add(ep, file, EPOLLIN, 1), EPERM);
    close(file), close(p[0]), close(p[1]), close(ep);
}

CASE(a_closed_descriptor_is_forgotten) {
    int p[2], ep = epoll_create1(0);
    struct epoll_event e;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(add(ep, p[0], EPOLLIN, 1), 0);
    int was = p[0];
    close(p[0]);
    CHECK_EQ(next(ep, &e), 0);
    int q[2];
    CHECK_EQ(pipe(q), 0);
    CHECK_EQ(q[0], was);
    CHECK_ERRNO(change(ep, q[0], EPOLLIN, 2), ENOENT);
    CHECK_EQ(add(ep, q[0], EPOLLIN, 2), 0);
    CHECK_EQ(write(q[1], "x", 1), 1);
    CHECK_EQ(next(ep, &e), 1);
    CHECK_EQ(e.data.u64, 2);
    close(q[0]), close(q[1]), close(p[1]), close(ep);
}

CASE(a_duplicate_keeps_the_registration) {
    int p[2], ep = epoll_create1(0);
    struct epoll_event e;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(add(ep, p[0], EPOLLIN, 1), 0);
    int copy = dup(p[0]);
    close(p[0]);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(next(ep, &e), 1);
    CHECK_EQ(e.data.u64, 1);
    CHECK_EQ(add(ep, copy, EPOLLIN, 2), 0);
    struct epoll_event two[2];
    CHECK_EQ(epoll_wait(ep, two, 2, 0), 2);
    close(copy), close(p[1]), close(ep);
}

CASE(both_descriptors_of_one_description) {
    int p[2], ep = epoll_create1(0);
    struct epoll_event two[2];
    CHECK_EQ(pipe(p), 0);
    int copy = dup(p[0]);
    CHECK_EQ(add(ep, p[0], EPOLLIN, 1), 0);
    CHECK_EQ(add(ep, copy, EPOLLIN, 2), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(epoll_wait(ep, two, 2, 0), 2);
    CHECK_EQ(two[0].data.u64 + two[1].data.u64, 3);
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), 0);
    CHECK_EQ(epoll_wait(ep, two, 2, 0), 1);
    CHECK_EQ(two[0].data.u64, 2);
    close(copy), close(p[0]), close(p[1]), close(ep);
}

CASE(epoll_of_epoll) {
    int p[2], inner = epoll_create1(0), outer = epoll_create1(0);
    struct epoll_event e;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(add(inner, p[0], EPOLLIN, 1), 0);
    CHECK_EQ(add(outer, inner, EPOLLIN, 2), 0);
    CHECK_ERRNO(add(inner, outer, EPOLLIN, 3), ELOOP);
    CHECK_EQ(next(outer, &e), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(next(outer, &e), 1);
    CHECK_EQ(e.data.u64, 2);
    struct pollfd q = {outer, POLLIN, 0};
    CHECK_EQ(poll(&q, 1, 0), 1);
    CHECK_EQ(q.revents, POLLIN);
    close(p[0]), close(p[1]), close(inner), close(outer);
}

struct later {
    int ep, fd, other;
};
static void* add_later(void* argument) {
    struct later* l = argument;
    usleep(30000);
    return (void*)(long)add(l->ep, l->fd, EPOLLIN, 5);
}
CASE(an_addition_wakes_a_waiting_thread) {
    int p[2], ep = epoll_create1(0);
    struct epoll_event e;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    struct later l = {ep, p[0], 0};
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, add_later, &l), 0);
    CHECK_EQ(epoll_wait(ep, &e, 1, 10000), 1);
    CHECK_EQ(e.data.u64, 5);
    pthread_join(t, NULL);
    close(p[0]), close(p[1]), close(ep);
}
static void* change_and_write_later(void* argument) {
    struct later* l = argument;
    usleep(30000);
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.u64 = 6};
    return (void*)(long)epoll_ctl(l->ep, EPOLL_CTL_MOD, l->fd, &e);
}
CASE(a_change_wakes_a_waiting_thread) {
    int s[2], ep = epoll_create1(0);
    struct epoll_event e;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(add(ep, s[0], EPOLLIN, 1), 0);
    struct later l = {ep, s[0], 0};
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, change_and_write_later, &l), 0);
    CHECK_EQ(epoll_wait(ep, &e, 1, 10000), 1);
    CHECK_EQ(e.events, EPOLLOUT);
    CHECK_EQ(e.data.u64, 6);
    pthread_join(t, NULL);
    close(s[0]), close(s[1]), close(ep);
}
static void* write_later(void* argument) {
    usleep(30000);
    return (void*)write(*(int*)argument, "x", 1);
}
CASE(a_thread_wakes_a_waiting_thread) {
    int p[2], ep = epoll_create1(0);
    struct epoll_event e;
    pthread_t t;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(add(ep, p[0], EPOLLIN, 1), 0);
    CHECK_EQ(pthread_create(&t, NULL, write_later, &p[1]), 0);
    CHECK_EQ(epoll_wait(ep, &e, 1, 10000), 1);
    pthread_join(t, NULL);
    close(p[0]), close(p[1]), close(ep);
}

CASE(exclusive_is_taken_but_not_changed) {
    int p[2], ep = epoll_create1(0);
    struct epoll_event e;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE, 1), 0);
    CHECK_ERRNO(change(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE, 1), EINVAL);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(next(ep, &e), 1);
    close(p[0]), close(p[1]), close(ep);
}

CASE(rdhup_of_a_socket) {
    int s[2], ep = epoll_create1(0);
    struct epoll_event e;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(add(ep, s[0], EPOLLIN | EPOLLRDHUP, 1), 0);
    CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
    CHECK_EQ(next(ep, &e), 1);
    CHECK_EQ(e.events, EPOLLIN | EPOLLRDHUP);
    CHECK_EQ(change(ep, s[0], EPOLLIN, 1), 0);
    CHECK_EQ(next(ep, &e), 1);
    CHECK_EQ(e.events, EPOLLIN);
    close(s[1]);
    CHECK_EQ(next(ep, &e), 1);
    CHECK_EQ(e.events, EPOLLIN | EPOLLHUP);
    close(s[0]), close(ep);
}

CASE(many_events_at_once) {
    enum { kCount = 100 };
    int fd[kCount], ep = epoll_create1(0);
    struct epoll_event e[kCount];
    unsigned long long sum = 0;
    for (int i = 0; i < kCount; i++) {
        fd[i] = eventfd(1, 0);
        CHECK_EQ(add(ep, fd[i], EPOLLIN, (unsigned)i), 0);
    }
    CHECK_EQ(epoll_wait(ep, e, 60, 0), 60);
    CHECK_EQ(epoll_wait(ep, e, kCount, 0), kCount);
    for (int i = 0; i < kCount; i++)
        sum += e[i].data.u64;
    CHECK_EQ(sum, kCount * (kCount - 1) / 2);
    for (int i = 0; i < kCount; i++)
        close(fd[i]);
    CHECK_EQ(epoll_wait(ep, e, kCount, 0), 0);
    close(ep);
}

static volatile sig_atomic_t got_signal;
static void on_signal(int number) {
    got_signal = number;
}
CASE(pwait_lets_a_signal_through) {
    int ep = epoll_create1(0);
    struct epoll_event e;
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigset_t block, none, now;
    sigemptyset(&none), sigemptyset(&block), sigaddset(&block, SIGUSR1);
    sigaction(SIGUSR1, &act, NULL);
    sigprocmask(SIG_BLOCK, &block, NULL);
    got_signal = 0;
    kill(getpid(), SIGUSR1);
    CHECK_EQ(got_signal, 0);
    CHECK_ERRNO(epoll_pwait(ep, &e, 1, 10000, &none), EINTR);
    CHECK_EQ(got_signal, SIGUSR1);
    sigprocmask(SIG_SETMASK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    signal(SIGUSR1, SIG_DFL);
    close(ep);
}

CASE(an_epoll_is_shared_with_a_child) {
    int p[2], ep = epoll_create1(0);
    struct epoll_event e;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(add(ep, p[0], EPOLLIN, 3), 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(epoll_wait(ep, &e, 1, 10000) != 1 || e.data.u64 != 3);
    }
    CHECK_EQ(write(p[1], "x", 1), 1);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(next(ep, &e), 1);
    close(p[0]), close(p[1]), close(ep);
}

CASE(a_wait_for_less_than_a_millisecond) {
    int ep = epoll_create1(0);
    struct epoll_event e;
    struct timespec t = {0, 300000};
    CHECK_EQ(epoll_pwait2(ep, &e, 1, &t, NULL), 0);
    CHECK_EQ(epoll_wait(ep, &e, 1, 1), 0);
    close(ep);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
