// poll, ppoll, select, pselect: sets, time, masks.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t got_signal;
static void on_signal(int number) {
    got_signal = number;
}

CASE(poll_of_several_kinds) {
    int p[2], s[2], e = eventfd(0, 0), file = open("/proc/self/exe", O_RDONLY);
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    struct pollfd f[6] = {{p[0], POLLIN, 0}, {-1, POLLIN, 7}, {s[0], POLLIN | POLLOUT, 0},
                          {e, POLLIN, 0},    {999, 0, 0},     {file, POLLIN | POLLOUT, 0}};
    CHECK_EQ(poll(f, 6, 0), 3);
    CHECK_EQ(f[0].revents, 0);
    CHECK_EQ(f[1].revents, 0);
    CHECK_EQ(f[2].revents, POLLOUT);
    CHECK_EQ(f[3].revents, 0);
    CHECK_EQ(f[4].revents, POLLNVAL);
    CHECK_EQ(f[5].revents, POLLIN | POLLOUT);
    close(p[0]), close(p[1]), close(s[0]), close(s[1]), close(e), close(file);
}

CASE(poll_without_descriptors_is_a_sleep) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    CHECK_EQ(poll(NULL, 0, 30), 0);
    clock_gettime(CLOCK_MONOTONIC, &b);
    CHECK((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 29);
}

CASE(normal_and_band_events) {
    int p[2];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    struct pollfd f[2] = {{p[0], POLLRDNORM | POLLIN, 0}, {p[1], POLLWRNORM | POLLOUT, 0}};
    CHECK_EQ(poll(f, 2, 0), 2);
    CHECK_EQ(f[0].revents, POLLIN | POLLRDNORM);
    CHECK_EQ(f[1].revents, POLLOUT | POLLWRNORM);
    close(p[0]), close(p[1]);
}

static void* write_later(void* argument) {
    usleep(30000);
    return (void*)write(*(int*)argument, "x", 1);
}
CASE(poll_wakes_for_a_thread) {
    int p[2], q[2];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(pipe(q), 0);
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, write_later, &q[1]), 0);
    struct pollfd f[2] = {{p[0], POLLIN, 0}, {q[0], POLLIN, 0}};
    CHECK_EQ(poll(f, 2, -1), 1);
    CHECK_EQ(f[1].revents, POLLIN);
    pthread_join(t, NULL);
    close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}
static void* read_later(void* argument) {
    static char b[65536];
    usleep(30000);
    return (void*)read(*(int*)argument, b, sizeof b);
}
CASE(poll_wakes_when_a_pipe_has_room) {
    int p[2];
    static char b[65536];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], b, sizeof b), sizeof b);
    pthread_t t;
    struct pollfd f = {p[1], POLLOUT, 0};
    CHECK_EQ(poll(&f, 1, 0), 0);
    CHECK_EQ(pthread_create(&t, NULL, read_later, &p[0]), 0);
    CHECK_EQ(poll(&f, 1, 10000), 1);
    CHECK_EQ(f.revents, POLLOUT);
    pthread_join(t, NULL);
    close(p[0]), close(p[1]);
}
static void* close_later(void* argument) {
    usleep(30000);
    close(*(int*)argument);
    return NULL;
}
CASE(poll_wakes_when_the_last_writer_closes) {
    int p[2];
    CHECK_EQ(pipe(p), 0);
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, close_later, &p[1]), 0);
    struct pollfd f = {p[0], POLLIN, 0};
    CHECK_EQ(poll(&f, 1, 10000), 1);
    CHECK_EQ(f.revents, POLLHUP);
    pthread_join(t, NULL);
    close(p[0]);
}
CASE(a_sleeping_reader_sees_the_last_writer_close) {
    int p[2];
    char b;
    CHECK_EQ(pipe(p), 0);
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, close_later, &p[1]), 0);
    CHECK_EQ(read(p[0], &b, 1), 0);
    pthread_join(t, NULL);
    close(p[0]);
}

CASE(select_of_three_sets) {
    int p[2];
    CHECK_EQ(pipe(p), 0);
    fd_set r, w, x;
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_ZERO(&x);
    FD_SET(p[0], &r), FD_SET(p[1], &w), FD_SET(p[0], &x);
    struct timeval zero = {0, 0};
    CHECK_EQ(select(p[1] + 1, &r, &w, &x, &zero), 1);
    CHECK(!FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w) && !FD_ISSET(p[0], &x));
    CHECK_EQ(write(p[1], "x", 1), 1);
    FD_SET(p[0], &r), FD_SET(p[1], &w);
    CHECK_EQ(select(p[1] + 1, &r, &w, NULL, NULL), 2);
    CHECK(FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w));
    close(p[0]), close(p[1]);
}

CASE(select_tells_what_time_is_left) {
    int p[2];
    CHECK_EQ(pipe(p), 0);
    fd_set r;
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    struct timeval t = {0, 20000};
    CHECK_EQ(select(p[0] + 1, &r, NULL, NULL, &t), 0);
    CHECK(t.tv_sec == 0 && t.tv_usec == 0);
    CHECK(!FD_ISSET(p[0], &r));
    CHECK_EQ(write(p[1], "x", 1), 1);
    FD_SET(p[0], &r);
    t.tv_sec = 100;
    CHECK_EQ(select(p[0] + 1, &r, NULL, NULL, &t), 1);
    CHECK(t.tv_sec >= 90 && t.tv_sec < 100);
    close(p[0]), close(p[1]);
}

CASE(ppoll_tells_what_time_is_left) {
    int p[2];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    struct pollfd f = {p[0], POLLIN, 0};
    struct timespec t = {100, 0};
    CHECK_EQ(syscall(SYS_ppoll, &f, 1L, &t, NULL, 8L), 1);
    CHECK(t.tv_sec >= 90 && t.tv_sec < 100);
    close(p[0]), close(p[1]);
}

CASE(errors) {
    fd_set r;
    struct timeval bad = {-1, 0};
    struct timespec wrong = {0, 2000000000};
    FD_ZERO(&r);
    FD_SET(60, &r);
    CHECK_ERRNO(select(61, &r, NULL, NULL, NULL), EBADF);
    FD_ZERO(&r);
    CHECK_ERRNO(select(-1, &r, NULL, NULL, NULL), EINVAL);
    CHECK_ERRNO(select(0, NULL, NULL, NULL, &bad), EINVAL);
    CHECK_ERRNO(ppoll(NULL, 0, &wrong, NULL), EINVAL);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    struct rlimit small = {64, limit.rlim_max};
    struct pollfd f[65];
    memset(f, 0xff, sizeof f);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &small), 0);
    CHECK_EQ(poll(f, 64, 0), 0);
    CHECK_ERRNO(poll(f, 65, 0), EINVAL);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

CASE(ppoll_and_pselect_let_a_signal_through) {
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigset_t block, none, now;
    sigemptyset(&none), sigemptyset(&block), sigaddset(&block, SIGUSR1);
    sigaction(SIGUSR1, &act, NULL);
    sigprocmask(SIG_BLOCK, &block, NULL);
    for (int i = 0; i < 2; i++) {
        got_signal = 0;
        kill(getpid(), SIGUSR1);
        CHECK_EQ(got_signal, 0);
        if (i == 0)
            CHECK_ERRNO(ppoll(NULL, 0, NULL, &none), EINTR);
        else
            CHECK_ERRNO(pselect(0, NULL, NULL, NULL, NULL, &none), EINTR);
        CHECK_EQ(got_signal, SIGUSR1);
        sigprocmask(SIG_SETMASK, NULL, &now);
        CHECK(sigismember(&now, SIGUSR1));
    }
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    signal(SIGUSR1, SIG_DFL);
}

CASE(poll_is_interrupted_even_with_restart) {
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &act, NULL);
    ualarm(20000, 0);
    CHECK_ERRNO(poll(NULL, 0, 10000), EINTR);
    ualarm(20000, 0);
    struct timeval t = {10, 0};
    CHECK_ERRNO(select(0, NULL, NULL, NULL, &t), EINTR);
    signal(SIGALRM, SIG_DFL);
}

CASE(a_large_descriptor_in_select) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 1024)
        return;
    int p[2];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(dup2(p[0], 1023), 1023);
    CHECK_EQ(write(p[1], "x", 1), 1);
    fd_set r;
    FD_ZERO(&r);
    FD_SET(1023, &r);
    CHECK_EQ(select(1024, &r, NULL, NULL, NULL), 1);
    CHECK(FD_ISSET(1023, &r));
    close(1023), close(p[0]), close(p[1]);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
