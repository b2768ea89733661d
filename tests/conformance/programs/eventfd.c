// eventfd: counting, semaphores, limits, waiting.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

typedef unsigned long long u64;

static short events_of(int fd) {
    struct pollfd p = {fd, POLLIN | POLLOUT, 0};
    return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

CASE(counts_and_resets) {
    int fd = eventfd(3, 0);
    u64 v = 4;
    CHECK_EQ(write(fd, &v, 8), 8);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 7);
    CHECK_EQ(events_of(fd), POLLOUT);
    close(fd);
}

CASE(semaphore_gives_ones) {
    int fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    u64 v = 0;
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 1);
    CHECK_EQ(events_of(fd), POLLIN | POLLOUT);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 1);
    CHECK_ERRNO(read(fd, &v, 8), EAGAIN);
    close(fd);
}

CASE(sizes_and_values_are_checked) {
    int fd = eventfd(0, EFD_NONBLOCK);
    u64 v[2] = {~0ull, 0};
    CHECK_ERRNO(write(fd, v, 8), EINVAL);
    CHECK_ERRNO(write(fd, v, 4), EINVAL);
    CHECK_ERRNO(read(fd, v, 7), EINVAL);
    v[0] = 5;
    CHECK_EQ(write(fd, v, 8), 8);
    CHECK_EQ(read(fd, v, 16), 8);
    CHECK_EQ(v[0], 5);
    CHECK_ERRNO(eventfd(0, 0x10), EINVAL);
    close(fd);
}

CASE(full_counter_refuses_or_waits) {
    int fd = eventfd(0, EFD_NONBLOCK);
    u64 v = ~0ull - 1;
    CHECK_EQ(write(fd, &v, 8), 8);
    CHECK_EQ(events_of(fd), POLLIN);
    v = 1;
    CHECK_ERRNO(write(fd, &v, 8), EAGAIN);
    v = 0;
    CHECK_EQ(write(fd, &v, 8), 8);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK(v == ~0ull - 1);
    close(fd);
}

static void* add_later(void* argument) {
    usleep(20000);
    u64 v = 9;
    return (void*)(long)write(*(int*)argument, &v, 8);
}
CASE(a_reader_sleeps_until_a_thread_adds) {
    int fd = eventfd(0, 0);
    pthread_t t;
    u64 v = 0;
    CHECK_EQ(pthread_create(&t, NULL, add_later, &fd), 0);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 9);
    pthread_join(t, NULL);
    close(fd);
}

static void* take_later(void* argument) {
    usleep(20000);
    u64 v;
    return (void*)(long)read(*(int*)argument, &v, 8);
}
CASE(a_writer_sleeps_until_a_thread_takes) {
    int fd = eventfd(0, 0);
    pthread_t t;
    u64 v = ~0ull - 1;
    CHECK_EQ(write(fd, &v, 8), 8);
    CHECK_EQ(pthread_create(&t, NULL, take_later, &fd), 0);
    v = 2;
    CHECK_EQ(write(fd, &v, 8), 8);
    pthread_join(t, NULL);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 2);
    close(fd);
}

CASE(poll_sleeps_until_a_thread_adds) {
    int fd = eventfd(0, 0);
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, add_later, &fd), 0);
    struct pollfd p = {fd, POLLIN, 0};
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_EQ(p.revents, POLLIN);
    pthread_join(t, NULL);
    u64 v;
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 9);
    close(fd);
}

CASE(edge_comes_with_every_write) {
    int fd = eventfd(0, EFD_NONBLOCK), ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u64 = 77}, got;
    u64 v = 1;
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), 0);
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
    CHECK_EQ(write(fd, &v, 8), 8);
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 1);
    CHECK_EQ(got.data.u64, 77);
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
    CHECK_EQ(write(fd, &v, 8), 8);
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 1);
    close(fd), close(ep);
}

CASE(the_counter_is_one_in_parent_and_child) {
    int fd = eventfd(5, 0), answer = eventfd(0, 0);
    u64 v;
    pid_t child = fork();
    if (child == 0) {
        if (read(fd, &v, 8) != 8 || v != 5)
            _exit(1);
        v = 11;
        _exit(write(answer, &v, 8) != 8);
    }
    CHECK_EQ(read(answer, &v, 8), 8);
    CHECK_EQ(v, 11);
    struct pollfd p = {fd, POLLIN, 0};
    CHECK_EQ(poll(&p, 1, 0), 0);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    close(fd), close(answer);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
