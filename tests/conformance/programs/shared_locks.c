// Locks in memory that processes share: their owners' ends, priority inheritance, waits for several
// words; threads have numbers that no other process has.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

struct shared {
    pthread_mutex_t mutex;
    volatile int step, count;
    volatile pid_t tid;
    uint32_t words[3];
};

static struct shared* shared_with(int robust, int protocol) {
    struct shared* shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    CHECK_EQ(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_mutexattr_setrobust(&attributes, robust), 0);
    CHECK_EQ(pthread_mutexattr_setprotocol(&attributes, protocol), 0);
    CHECK_EQ(pthread_mutex_init(&shared->mutex, &attributes), 0);
    return shared;
}
static void wait_for(volatile int* step, int value) {
    while (*step < value)
        usleep(1000);
}
static int ended(pid_t child) {
    int status = -1;
    while (waitpid(child, &status, 0) != child)
        if (errno != EINTR)
            return -1;
    return status;
}

static void* lock_and_stay(void* argument) {
    struct shared* shared = argument;
    shared->tid = gettid();
    if (pthread_mutex_lock(&shared->mutex) != 0)
        _exit(1);
    shared->step = 1;
    for (;;)
        pause();
    return NULL;
}
enum owner { FIRST_THREAD, OTHER_THREAD };
static pid_t child_that_owns(struct shared* shared, enum owner owner) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (owner == OTHER_THREAD) {
            pthread_t thread;
            if (pthread_create(&thread, NULL, lock_and_stay, shared) != 0)
                _exit(2);
            pthread_join(thread, NULL);
        }
        lock_and_stay(shared);
    }
    wait_for(&shared->step, 1);
    return pid;
}

static void takes_over(int protocol, enum owner owner) {
    struct shared* shared = shared_with(PTHREAD_MUTEX_ROBUST, protocol);
    pid_t pid = child_that_owns(shared, owner);
    CHECK_EQ(pthread_mutex_trylock(&shared->mutex), EBUSY);
    kill(pid, SIGKILL);
    // Not waited for yet: its number is still taken.
    CHECK_EQ(pthread_mutex_lock(&shared->mutex), EOWNERDEAD);
    CHECK_EQ(ended(pid), SIGKILL);
    CHECK_EQ(pthread_mutex_consistent(&shared->mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(&shared->mutex), 0);
    CHECK_EQ(pthread_mutex_lock(&shared->mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(&shared->mutex), 0);
}
CASE(robust_mutex_of_a_killed_process) {
    takes_over(PTHREAD_PRIO_NONE, FIRST_THREAD);
}
CASE(robust_mutex_of_a_thread_of_a_killed_process) {
    takes_over(PTHREAD_PRIO_NONE, OTHER_THREAD);
}
CASE(robust_inheriting_mutex_of_a_killed_process) {
    takes_over(PTHREAD_PRIO_INHERIT, FIRST_THREAD);
}
CASE(robust_inheriting_mutex_of_a_thread_of_a_killed_process) {
    takes_over(PTHREAD_PRIO_INHERIT, OTHER_THREAD);
}

static void waiter_takes_over(int protocol) {
    struct shared* shared = shared_with(PTHREAD_MUTEX_ROBUST, protocol);
    pid_t owner = child_that_owns(shared, FIRST_THREAD);
    pid_t waiter = fork();
    CHECK(waiter >= 0);
    if (waiter == 0) {
        shared->step = 2;
        _exit(pthread_mutex_lock(&shared->mutex) == EOWNERDEAD &&
                      pthread_mutex_consistent(&shared->mutex) == 0 &&
                      pthread_mutex_unlock(&shared->mutex) == 0
                  ? 0
                  : 1);
    }
    wait_for(&shared->step, 2);
    usleep(100000);
    kill(owner, SIGKILL);
    CHECK_EQ(ended(waiter), 0);
    CHECK_EQ(ended(owner), SIGKILL);
}
CASE(a_waiter_gets_the_robust_mutex_of_a_killed_process) {
    waiter_takes_over(PTHREAD_PRIO_NONE);
}
CASE(a_waiter_gets_the_robust_inheriting_mutex_of_a_killed_process) {
    waiter_takes_over(PTHREAD_PRIO_INHERIT);
}

CASE(a_living_owner_keeps_its_robust_mutex) {
    struct shared* shared = shared_with(PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE);
    pid_t pid = child_that_owns(shared, OTHER_THREAD);
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_nsec += 300000000;
    limit.tv_sec += limit.tv_nsec / 1000000000;
    limit.tv_nsec %= 1000000000;
    CHECK_EQ(pthread_mutex_timedlock(&shared->mutex, &limit), ETIMEDOUT);
    kill(pid, SIGKILL);
    CHECK_EQ(ended(pid), SIGKILL);
}

static void* count_up(void* argument) {
    struct shared* shared = argument;
    for (int i = 0; i < 2000; i++) {
        if (pthread_mutex_lock(&shared->mutex) != 0)
            _exit(1);
        int count = shared->count;
        if (i % 100 == 0)
            sched_yield();
        shared->count = count + 1;
        if (pthread_mutex_unlock(&shared->mutex) != 0)
            _exit(2);
    }
    return NULL;
}
static void excludes(int robust, int protocol) {
    struct shared* shared = shared_with(robust, protocol);
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0) {
            pthread_t threads[2];
            for (int j = 0; j < 2; j++)
                if (pthread_create(&threads[j], NULL, count_up, shared) != 0)
                    _exit(3);
            for (int j = 0; j < 2; j++)
                pthread_join(threads[j], NULL);
            _exit(0);
        }
    }
    count_up(shared);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(ended(children[i]), 0);
    CHECK_EQ(shared->count, 10000);
}
CASE(a_robust_mutex_excludes) {
    excludes(PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE);
}
CASE(an_inheriting_mutex_excludes) {
    excludes(PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT);
}

// struct futex_waitv
struct wait {
    uint64_t value, address;
    uint32_t flags, reserved;
};
static long wait_any(struct wait* waits, unsigned count, struct timespec* until) {
    return syscall(449, waits, count, 0, until, CLOCK_MONOTONIC);
}
CASE(waiting_for_several_words) {
    struct shared* shared = shared_with(PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
    struct wait waits[3];
    for (int i = 0; i < 3; i++)
        waits[i] = (struct wait){7, (uint64_t)&shared->words[i], 2, 0}, shared->words[i] = 7;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    CHECK_ERRNO(wait_any(waits, 3, &until), ETIMEDOUT);
    waits[1].value = 8;
    CHECK_ERRNO(wait_any(waits, 3, &until), EAGAIN);
    waits[1].value = 7;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        while (syscall(SYS_futex, &shared->words[2], FUTEX_WAKE, 1) != 1)
            usleep(1000);
        _exit(0);
    }
    CHECK_EQ(wait_any(waits, 3, NULL), 2);
    CHECK_EQ(ended(pid), 0);
}

static volatile pid_t handled_in;
static void note_thread(int number) {
    (void)number;
    handled_in = gettid();
}
static void* wait_for_signal(void* argument) {
    struct shared* shared = argument;
    shared->tid = gettid();
    shared->step++;
    while (handled_in == 0)
        usleep(1000);
    return NULL;
}
static pid_t child_with_thread(struct shared* shared) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        signal(SIGUSR1, note_thread);
        pthread_t thread;
        if (pthread_create(&thread, NULL, wait_for_signal, shared) != 0)
            _exit(1);
        pthread_join(thread, NULL);
        _exit(handled_in == shared->tid ? 0 : 2);
    }
    return pid;
}
CASE(threads_of_other_processes_have_numbers_of_their_own) {
    struct shared* one = shared_with(PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
    struct shared* two = shared_with(PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
    pid_t first = child_with_thread(one), second = child_with_thread(two);
    wait_for(&one->step, 1), wait_for(&two->step, 1);
    CHECK(one->tid != two->tid && one->tid != first && two->tid != second);
    // And a signal reaches the one that is meant.
    CHECK_EQ(syscall(SYS_tgkill, first, one->tid, SIGUSR1), 0);
    CHECK_EQ(syscall(SYS_tgkill, second, two->tid, SIGUSR1), 0);
    CHECK_EQ(ended(first), 0);
    CHECK_EQ(ended(second), 0);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
