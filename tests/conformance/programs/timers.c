// Timers and clocks.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static void short_sleep(int ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&time, &time) != 0) {
    }
}
static void burn(long ms) {
    struct timespec start, now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
}
static sigset_t block(int number) {
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return set;
}
static timer_t make(clockid_t clock, int notify, int number, int value) {
    struct sigevent event = {.sigev_notify = notify, .sigev_signo = number};
    event.sigev_value.sival_int = value;
    timer_t timer = NULL;
    CHECK_EQ(timer_create(clock, &event, &timer), 0);
    return timer;
}
static void set(timer_t timer, long ms, long interval_ms) {
    struct itimerspec when = {{interval_ms / 1000, interval_ms % 1000 * 1000000},
                              {ms / 1000, ms % 1000 * 1000000}};
    CHECK_EQ(timer_settime(timer, 0, &when, NULL), 0);
}

CASE(timer_signal_has_its_value) {
    sigset_t signals = block(SIGRTMIN + 1);
    timer_t timer = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 4711);
    set(timer, 5, 0);
    siginfo_t info;
    CHECK_EQ(sigwaitinfo(&signals, &info), SIGRTMIN + 1);
    CHECK_EQ(info.si_code, SI_TIMER);
    CHECK_EQ(info.si_value.sival_int, 4711);
    CHECK_EQ(info.si_overrun, 0);
    CHECK_EQ(timer_getoverrun(timer), 0);
    CHECK_EQ(timer_delete(timer), 0);
    CHECK_ERRNO(syscall(SYS_timer_delete, 12345), EINVAL);
    CHECK_ERRNO(syscall(SYS_timer_settime, 12345, 0, &info, NULL), EINVAL);
}

CASE(missed_expiries_count_as_overrun) {
    sigset_t signals = block(SIGRTMIN + 1);
    timer_t timer = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 1);
    set(timer, 2, 2);
    short_sleep(60);
    struct itimerspec off = {{0, 0}, {0, 0}};
    siginfo_t info;
    CHECK_EQ(sigwaitinfo(&signals, &info), SIGRTMIN + 1);
    CHECK(timer_getoverrun(timer) >= 10);
    CHECK_EQ(timer_settime(timer, 0, &off, NULL), 0);
    struct timespec none = {0, 0};
    while (sigtimedwait(&signals, &info, &none) > 0) {
    }
    CHECK_EQ(timer_delete(timer), 0);
}

CASE(gettime_and_old_value_tell_what_is_left) {
    timer_t timer = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 0);
    set(timer, 100000, 7000);
    struct itimerspec now, old, off = {{0, 0}, {0, 0}};
    CHECK_EQ(timer_gettime(timer, &now), 0);
    CHECK(now.it_value.tv_sec >= 90 && now.it_value.tv_sec <= 100);
    CHECK_EQ(now.it_interval.tv_sec, 7);
    CHECK_EQ(timer_settime(timer, 0, &off, &old), 0);
    CHECK(old.it_value.tv_sec >= 90 && old.it_value.tv_sec <= 100);
    CHECK_EQ(timer_gettime(timer, &now), 0);
    CHECK_EQ(now.it_value.tv_nsec, 0);
    off.it_value.tv_nsec = 1000000000;
    CHECK_ERRNO(timer_settime(timer, 0, &off, NULL), EINVAL);
    CHECK_EQ(timer_delete(timer), 0);
}

static volatile pid_t ran_on, wanted_tid;
static void note_thread(int number) {
    (void)number;
    ran_on = gettid();
}
static void* own_timer(void* argument) {
    wanted_tid = gettid();
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 2};
    event._sigev_un._tid = gettid();
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
        return argument;
    for (int i = 0; i < 5; i++) {
        ran_on = 0;
        struct itimerspec when = {{0, 0}, {0, 1000000}};
        timer_settime(timer, 0, &when, NULL);
        while (ran_on == 0)
            usleep(1000);
        if (ran_on != wanted_tid)
            return argument;
    }
    timer_delete(timer);
    return NULL;
}
CASE(thread_timer_signals_exactly_its_thread) {
    struct sigaction action = {.sa_handler = note_thread};
    sigaction(SIGRTMIN + 2, &action, NULL);
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        void* result;
        pthread_create(&thread, NULL, own_timer, (void*)1);
        pthread_join(thread, &result);
        CHECK(result == NULL);
    }
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 2};
    event._sigev_un._tid = 0x3ffffff;
    timer_t timer;
    CHECK_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
    event.sigev_notify = 77;
    CHECK_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
    CHECK_ERRNO(timer_create(99, NULL, &timer), EINVAL);
}

static volatile int called;
static void callback(union sigval value) {
    __atomic_add_fetch(&called, value.sival_int, __ATOMIC_SEQ_CST);
}
CASE(thread_callbacks_run) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = callback};
    event.sigev_value.sival_int = 1;
    called = 0;
    timer_t timer;
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    set(timer, 2, 2);
    for (int i = 0; i < 2000 && called < 3; i++)
        short_sleep(2);
    CHECK(called >= 3);
    CHECK_EQ(timer_delete(timer), 0);
}

CASE(absolute_timer_in_the_past_expires_at_once) {
    sigset_t signals = block(SIGRTMIN + 1);
    timer_t timer = make(CLOCK_REALTIME, SIGEV_SIGNAL, SIGRTMIN + 1, 3);
    struct itimerspec when = {{0, 0}, {1, 0}};
    CHECK_EQ(timer_settime(timer, TIMER_ABSTIME, &when, NULL), 0);
    siginfo_t info;
    CHECK_EQ(sigwaitinfo(&signals, &info), SIGRTMIN + 1);
    CHECK_EQ(info.si_value.sival_int, 3);
    CHECK_EQ(timer_delete(timer), 0);
}

CASE(processor_time_timer_counts_work_only) {
    sigset_t signals = block(SIGRTMIN + 1);
    timer_t timer = make(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN + 1, 9);
    set(timer, 30, 0);
    struct timespec none = {0, 0};
    siginfo_t info;
    CHECK_ERRNO(sigtimedwait(&signals, &info, &none), EAGAIN);
    burn(60);
    CHECK_EQ(sigwaitinfo(&signals, &info), SIGRTMIN + 1);
    CHECK_EQ(timer_delete(timer), 0);
    sigset_t virtual = block(SIGVTALRM);
    struct itimerval used = {{0, 0}, {0, 10000}};
    CHECK_EQ(setitimer(ITIMER_VIRTUAL, &used, NULL), 0);
    volatile long work = 0;
    do
        for (int i = 0; i < 100000; i++)
            work++;
    while (sigtimedwait(&virtual, NULL, &none) < 0);
}

CASE(interval_timer_replaces_and_reports_the_old_one) {
    struct itimerval timer = {{5, 0}, {200, 0}}, old, now;
    CHECK_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
    CHECK_EQ(getitimer(ITIMER_REAL, &now), 0);
    CHECK(now.it_value.tv_sec >= 190 && now.it_interval.tv_sec == 5);
    memset(&timer, 0, sizeof timer);
    CHECK_EQ(setitimer(ITIMER_REAL, &timer, &old), 0);
    CHECK(old.it_value.tv_sec >= 190 && old.it_interval.tv_sec == 5);
    CHECK_EQ(alarm(100), 0);
    CHECK(alarm(0) >= 90);
    CHECK_EQ(alarm(0), 0);
    CHECK_ERRNO(setitimer(9, &timer, NULL), EINVAL);
    timer.it_value.tv_usec = 1000000;
    CHECK_ERRNO(setitimer(ITIMER_REAL, &timer, NULL), EINVAL);
}

CASE(timers_end_with_exec_and_do_not_go_to_children) {
    timer_t timer = make(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct itimerspec now;
        _exit(timer_gettime(timer, &now) == -1 && errno == EINVAL ? 0 : 1);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_EQ(timer_delete(timer), 0);
}

CASE(clocks_move_forward_and_agree) {
    static const clockid_t clocks[] = {
        CLOCK_REALTIME,          CLOCK_MONOTONIC,     CLOCK_PROCESS_CPUTIME_ID,
        CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
        CLOCK_MONOTONIC_COARSE,  CLOCK_BOOTTIME,      CLOCK_TAI};
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        struct timespec a, b, resolution;
        CHECK_EQ(clock_gettime(clocks[i], &a), 0);
        CHECK_EQ(clock_gettime(clocks[i], &b), 0);
        CHECK(b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
        CHECK_EQ(clock_getres(clocks[i], &resolution), 0);
        CHECK(resolution.tv_sec == 0 && resolution.tv_nsec >= 1 && resolution.tv_nsec <= 10000000);
    }
    struct timespec at;
    CHECK_ERRNO(clock_gettime(10, &at), EINVAL);
    CHECK_ERRNO(clock_gettime(16, &at), EINVAL);
    CHECK_ERRNO(clock_getres(77, NULL), EINVAL);
    CHECK_ERRNO(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), EFAULT);
    struct timeval tv;
    CHECK_EQ(gettimeofday(&tv, NULL), 0);
    CHECK_EQ(clock_gettime(CLOCK_REALTIME, &at), 0);
    CHECK(at.tv_sec - tv.tv_sec <= 5);
    CHECK(time(NULL) - at.tv_sec <= 5);
}

static volatile int go_on;
static void* busy(void* argument) {
    while (!go_on) {
    }
    return argument;
}
CASE(clocks_of_a_process_and_a_thread) {
    clockid_t own, of_thread;
    struct timespec a, b;
    CHECK_EQ(clock_getcpuclockid(0, &own), 0);
    burn(20);
    CHECK_EQ(clock_gettime(own, &a), 0);
    CHECK(a.tv_sec > 0 || a.tv_nsec >= 15000000);
    CHECK_EQ(clock_getcpuclockid(getpid(), &own), 0);
    CHECK_EQ(clock_gettime(own, &b), 0);
    CHECK(clock_getcpuclockid(0x3ffffff, &own) != 0);
    pthread_t thread;
    go_on = 0;
    pthread_create(&thread, NULL, busy, NULL);
    CHECK_EQ(pthread_getcpuclockid(thread, &of_thread), 0);
    do {
        CHECK_EQ(clock_gettime(of_thread, &a), 0);
        short_sleep(2);
    } while (a.tv_sec == 0 && a.tv_nsec < 5000000);
    go_on = 1;
    pthread_join(thread, NULL);
    // The kernel wakes who joins before the thread is gone.
    while (clock_gettime(of_thread, &a) == 0)
        short_sleep(1);
    CHECK_ERRNO(clock_gettime(of_thread, &a), EINVAL);
}

CASE(absolute_sleeps) {
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        struct timespec until, now;
        clock_gettime(clocks[i], &until);
        until.tv_nsec += 20000000;
        if (until.tv_nsec >= 1000000000)
            until.tv_nsec -= 1000000000, until.tv_sec++;
        CHECK_EQ(clock_nanosleep(clocks[i], TIMER_ABSTIME, &until, NULL), 0);
        clock_gettime(clocks[i], &now);
        CHECK(now.tv_sec > until.tv_sec ||
              (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
        until.tv_sec = 1;
        CHECK_EQ(clock_nanosleep(clocks[i], TIMER_ABSTIME, &until, NULL), 0);
    }
    struct timespec bad = {0, 1000000000}, none = {0, 0};
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL);
    CHECK_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &none, NULL), EINVAL);
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, &none, NULL), ENOTSUP);
    CHECK_EQ(clock_nanosleep(99, 0, &none, NULL), EINVAL);
    CHECK_ERRNO(nanosleep(&bad, NULL), EINVAL);
}

CASE(used_time_is_reported) {
    struct rusage usage;
    struct tms used;
    burn(30);
    CHECK_EQ(getrusage(RUSAGE_SELF, &usage), 0);
    CHECK(usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec +
              usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec >=
          20000);
    CHECK_EQ(getrusage(RUSAGE_THREAD, &usage), 0);
    CHECK(times(&used) != (clock_t)-1);
    CHECK(used.tms_utime + used.tms_stime >= 1);
    CHECK(clock() > 0);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
