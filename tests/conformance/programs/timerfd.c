// timerfd: relative and absolute times, repetition, waiting, change while armed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

typedef unsigned long long u64;

static struct itimerspec after_ms(long first, long interval) {
    struct itimerspec t = {{interval / 1000, interval % 1000 * 1000000},
                           {first / 1000, first % 1000 * 1000000}};
    return t;
}

CASE(expires_once) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec t = after_ms(20, 0), left;
    u64 v = 0;
    CHECK_ERRNO(read(fd, &v, 8), EAGAIN);
    CHECK_EQ(timerfd_settime(fd, 0, &t, NULL), 0);
    struct pollfd p = {fd, POLLIN, 0};
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 1);
    CHECK_ERRNO(read(fd, &v, 8), EAGAIN);
    CHECK_EQ(timerfd_gettime(fd, &left), 0);
    CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    close(fd);
}

CASE(counts_what_was_missed) {
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec t = after_ms(5, 5);
    u64 v = 0;
    CHECK_EQ(timerfd_settime(fd, 0, &t, NULL), 0);
    usleep(60000);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK(v >= 10);
    CHECK_ERRNO(read(fd, &v, 4), EINVAL);
    CHECK_ERRNO(write(fd, &v, 8), EINVAL);
    close(fd);
}

CASE(absolute_time_in_the_past_is_over) {
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    struct itimerspec t = {{0, 0}, {1, 0}};
    u64 v = 0;
    CHECK_EQ(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL), 0);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 1);
    close(fd);
}

CASE(absolute_time_ahead) {
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec t = {{0, 0}, {0, 0}};
    struct timespec before, now;
    u64 v;
    clock_gettime(CLOCK_MONOTONIC, &before);
    t.it_value = before;
    t.it_value.tv_nsec += 30000000;
    if (t.it_value.tv_nsec >= 1000000000)
        t.it_value.tv_sec++, t.it_value.tv_nsec -= 1000000000;
    CHECK_EQ(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL), 0);
    CHECK_EQ(read(fd, &v, 8), 8);
    clock_gettime(CLOCK_MONOTONIC, &now);
    CHECK(now.tv_sec > t.it_value.tv_sec ||
          (now.tv_sec == t.it_value.tv_sec && now.tv_nsec >= t.it_value.tv_nsec));
    close(fd);
}

CASE(old_value_and_disarming) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec t = after_ms(5000, 7000), zero = {{0, 0}, {0, 0}}, old;
    CHECK_EQ(timerfd_settime(fd, 0, &t, &old), 0);
    CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_nsec == 0);
    CHECK_EQ(timerfd_settime(fd, 0, &zero, &old), 0);
    CHECK(old.it_interval.tv_sec == 7);
    CHECK(old.it_value.tv_sec == 4);
    CHECK_EQ(timerfd_gettime(fd, &old), 0);
    CHECK(old.it_value.tv_sec == 0);
    close(fd);
}

CASE(wrong_arguments) {
    struct itimerspec t = {{0, 0}, {0, 2000000000}}, ok = {{0, 0}, {1, 0}};
    CHECK_ERRNO(timerfd_create(99, 0), EINVAL);
    CHECK_ERRNO(timerfd_create(CLOCK_MONOTONIC, 0x1), EINVAL);
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    CHECK_ERRNO(timerfd_settime(fd, 0, &t, NULL), EINVAL);
    CHECK_ERRNO(timerfd_settime(fd, 0x80, &ok, NULL), EINVAL);
    CHECK_ERRNO(timerfd_settime(-1, 0, &ok, NULL), EBADF);
    CHECK_ERRNO(timerfd_settime(1, 0, &ok, NULL), EINVAL);
    CHECK_ERRNO(timerfd_settime(fd, 0, (void*)8, NULL), EFAULT);
    close(fd);
}

CASE(cancel_on_set_is_taken) {
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    struct itimerspec t = {{0, 0}, {0x7fffffff, 0}};
    CHECK_EQ(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL), 0);
    u64 v;
    CHECK_ERRNO(read(fd, &v, 8), EAGAIN);
    close(fd);
}

CASE(one_timer_in_parent_and_child) {
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec t = after_ms(20, 0);
    u64 v;
    pid_t child = fork();
    if (child == 0)
        _exit(timerfd_settime(fd, 0, &t, NULL) != 0);
    CHECK_EQ(read(fd, &v, 8), 8);
    CHECK_EQ(v, 1);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    close(fd);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
