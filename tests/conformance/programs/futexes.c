// futex(2) without a C library between.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static long futex(int* word, int operation, int value, const void* timeout, int* other, int last) {
    return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, timeout, other, last);
}
static void short_sleep(int ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&time, &time) != 0) {
    }
}
static struct timespec in_ms(clockid_t clock, long ms) {
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}
static int word, second;
static volatile int woken, waiting;

static void* wait_once(void* argument) {
    (void)argument;
    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    long result = futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0);
    __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
    return (void*)result;
}
static void start_waiters(pthread_t* threads, int count, void* (*run)(void*)) {
    woken = waiting = word = second = 0;
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, run, NULL);
    while (waiting < count)
        short_sleep(1);
    short_sleep(20);
}
// A waiter may be late: wakes until `count` were woken in all.
static void wake_all(int* address, int count) {
    for (int done = 0; done < count;)
        done += (int)futex(address, FUTEX_WAKE, count, NULL, NULL, 0);
}

CASE(wrong_value_and_bad_arguments) {
    word = 1;
    CHECK_ERRNO(futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0), EAGAIN);
    CHECK_ERRNO(futex((int*)((char*)&word + 1), FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
    CHECK_ERRNO(futex((int*)4096, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 1, NULL, NULL, 0), EINVAL);
    CHECK_ERRNO(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
    CHECK_ERRNO(futex(&word, 99, 0, NULL, NULL, 0), ENOSYS);
    struct timespec bad = {0, 1000000000}, negative = {-1, 0};
    CHECK_ERRNO(futex(&word, FUTEX_WAIT, 1, &bad, NULL, 0), EINVAL);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT, 1, &negative, NULL, 0), EINVAL);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
}

CASE(relative_and_absolute_timeouts) {
    word = 0;
    struct timespec time = {0, 20000000};
    CHECK_ERRNO(futex(&word, FUTEX_WAIT, 0, &time, NULL, 0), ETIMEDOUT);
    time = in_ms(CLOCK_MONOTONIC, 20);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 0, &time, NULL, -1), ETIMEDOUT);
    time = in_ms(CLOCK_REALTIME, 20);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &time, NULL, -1),
                ETIMEDOUT);
    time.tv_sec = 1, time.tv_nsec = 0;
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 0, &time, NULL, -1), ETIMEDOUT);
    time.tv_sec = time.tv_nsec = 0;
    CHECK_ERRNO(futex(&word, FUTEX_WAIT, 0, &time, NULL, 0), ETIMEDOUT);
}

CASE(wake_counts) {
    pthread_t threads[4];
    start_waiters(threads, 4, wait_once);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 2, NULL, NULL, 0), 2);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 0x7fffffff, NULL, NULL, 0), 2);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(woken, 4);
}

static volatile int bits_woken;
static void* wait_bit(void* argument) {
    (void)argument;
    int mine = __atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
    futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 1 << mine);
    __atomic_or_fetch(&bits_woken, 1 << mine, __ATOMIC_SEQ_CST);
    return NULL;
}
CASE(bitsets_choose_the_waiters) {
    pthread_t threads[3];
    bits_woken = 0;
    start_waiters(threads, 3, wait_bit);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 8), 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 5), 2);
    while (__builtin_popcount((unsigned)bits_woken) < 2)
        short_sleep(1);
    CHECK_EQ(bits_woken, 5);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0), 1);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

CASE(requeue_moves_waiters) {
    pthread_t threads[4];
    start_waiters(threads, 4, wait_once);
    CHECK_ERRNO(futex(&word, FUTEX_CMP_REQUEUE, 1, (void*)10, &second, 5), EAGAIN);
    CHECK_EQ(futex(&word, FUTEX_CMP_REQUEUE, 1, (void*)2, &second, 0), 3);
    CHECK_EQ(futex(&word, FUTEX_REQUEUE, 0, (void*)10, &second, 0), 1);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0), 0);
    CHECK_EQ(futex(&second, FUTEX_WAKE, 10, NULL, NULL, 0), 3);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_ERRNO(futex(&word, FUTEX_CMP_REQUEUE, -1, (void*)1, &second, 0), EINVAL);
}

CASE(wake_op_changes_the_word_and_wakes_both) {
    pthread_t threads[2];
    start_waiters(threads, 2, wait_once);
    second = 5;
    CHECK_EQ(futex(&second, FUTEX_WAKE_OP, 1, (void*)10, &word,
                   FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 0)),
             2);
    CHECK_EQ(word, 3);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(futex(&second, FUTEX_WAKE_OP, 1, (void*)1, &word,
                   FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_LT, 0)),
             0);
    CHECK_EQ(word, 9);
    CHECK_EQ(futex(&second, FUTEX_WAKE_OP, 1, (void*)1, &word,
                   FUTEX_OP(FUTEX_OP_ANDN, 1, FUTEX_OP_CMP_GT, 0)),
             0);
    CHECK_EQ(word, 8);
    CHECK_EQ(futex(&second, FUTEX_WAKE_OP, 1, (void*)1, &word,
                   FUTEX_OP((FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT), 4, FUTEX_OP_CMP_GT, 0)),
             0);
    CHECK_EQ(word, 24);
    CHECK_EQ(futex(&second, FUTEX_WAKE_OP, 1, (void*)1, &word,
                   FUTEX_OP(FUTEX_OP_XOR, 8, FUTEX_OP_CMP_NE, 0)),
             0);
    CHECK_EQ(word, 16);
}

static void on_signal(int number) {
    (void)number;
}
static volatile pid_t waiter_tid;
static void* wait_with_limit(void* argument) {
    (void)argument;
    waiter_tid = gettid();
    struct timespec limit = {20, 0};
    waiting = 1;
    errno = 0;
    long result = futex(&word, FUTEX_WAIT, 0, &limit, NULL, 0);
    woken = 1;
    return (void*)(result == 0 ? 0 : (long)errno);
}
CASE(restart_after_a_handler_keeps_the_wait) {
    for (int restart = 0; restart < 2; restart++) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = restart ? SA_RESTART : 0};
        sigaction(SIGUSR1, &action, NULL);
        pthread_t thread;
        void* result;
        start_waiters(&thread, 1, wait_once);
        pthread_kill(thread, SIGUSR1);
        short_sleep(20);
        if (restart) {
            CHECK_EQ(woken, 0);
            wake_all(&word, 1);
            pthread_join(thread, &result);
            CHECK_EQ((long)result, 0);
        } else {
            pthread_join(thread, &result);
            CHECK_EQ((long)result, -1);
        }
    }
    // With a timeout a handler ends the wait all the same.
    pthread_t thread;
    void* result;
    start_waiters(&thread, 1, wait_with_limit);
    for (int i = 0; i < 2000 && !woken; i++) {
        pthread_kill(thread, SIGUSR1);
        short_sleep(5);
    }
    pthread_join(thread, &result);
    CHECK_EQ((long)result, EINTR);
}

// Priority inheritance: the word holds the owner's id.
static volatile int pi_locked;
static int pi;
static void* lock_pi(void* argument) {
    waiting = 1;
    long result = futex(&pi, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
    pi_locked = (pi & FUTEX_TID_MASK) == gettid();
    if (argument == NULL)
        futex(&pi, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
    return (void*)result;
}
CASE(lock_pi_hands_over) {
    pi = gettid(), pi_locked = 0;
    CHECK_ERRNO(futex(&pi, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK);
    pthread_t thread;
    void* result;
    waiting = 0;
    pthread_create(&thread, NULL, lock_pi, NULL);
    while (!(__atomic_load_n(&pi, __ATOMIC_SEQ_CST) & (int)FUTEX_WAITERS))
        short_sleep(1);
    CHECK_EQ(pi_locked, 0);
    CHECK_EQ(futex(&pi, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
    pthread_join(thread, &result);
    CHECK_EQ((long)result, 0);
    CHECK_EQ(pi_locked, 1);
    CHECK_EQ(pi & FUTEX_TID_MASK, 0);
    CHECK_ERRNO(futex(&pi, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM);
}
CASE(trylock_pi_and_dead_owner) {
    pi = gettid();
    CHECK_ERRNO(futex(&pi, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EDEADLK);
    pi = 0;
    CHECK_EQ(futex(&pi, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), 0);
    CHECK_EQ(pi & FUTEX_TID_MASK, gettid());
    CHECK_EQ(futex(&pi, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
    pi = 0x2ffffff;
    CHECK_ERRNO(futex(&pi, FUTEX_LOCK_PI, 0, NULL, NULL, 0), ESRCH);
}
static void* lock_pi_with_limit(void* argument) {
    (void)argument;
    struct timespec limit = in_ms(CLOCK_REALTIME, 30);
    errno = 0;
    long result = futex(&pi, FUTEX_LOCK_PI, 0, &limit, NULL, 0);
    return (void*)(result == 0 ? 0 : (long)errno);
}
CASE(lock_pi_times_out) {
    pi = gettid();
    pthread_t thread;
    void* result;
    pthread_create(&thread, NULL, lock_pi_with_limit, NULL);
    pthread_join(thread, &result);
    CHECK_EQ((long)result, ETIMEDOUT);
    CHECK_EQ(futex(&pi, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
    CHECK_EQ(pi, 0);
}

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
struct waiter {
    unsigned long value, address;
    unsigned flags, reserved;
};
static void* wait_for_either(void* argument) {
    (void)argument;
    struct waiter both[2] = {{0, (unsigned long)&word, 2 | 128, 0},
                             {0, (unsigned long)&second, 2 | 128, 0}};
    waiting = 1;
    return (void*)syscall(SYS_futex_waitv, both, 2, 0, NULL, CLOCK_MONOTONIC);
}
CASE(waitv_tells_which_one) {
    pthread_t thread;
    void* result;
    for (int i = 0; i < 2; i++) {
        start_waiters(&thread, 1, wait_for_either);
        wake_all(i == 0 ? &word : &second, 1);
        pthread_join(thread, &result);
        CHECK_EQ((long)result, i);
    }
    struct waiter one = {1, (unsigned long)&word, 2 | 128, 0};
    CHECK_ERRNO(syscall(SYS_futex_waitv, &one, 1, 0, NULL, CLOCK_MONOTONIC), EAGAIN);
    one.value = 0;
    struct timespec limit = in_ms(CLOCK_MONOTONIC, 20);
    CHECK_ERRNO(syscall(SYS_futex_waitv, &one, 1, 0, &limit, CLOCK_MONOTONIC), ETIMEDOUT);
    CHECK_ERRNO(syscall(SYS_futex_waitv, &one, 0, 0, NULL, CLOCK_MONOTONIC), EINVAL);
    CHECK_ERRNO(syscall(SYS_futex_waitv, &one, 1, 1, NULL, CLOCK_MONOTONIC), EINVAL);
}

static int turns[2], rounds;
static void* answer(void* argument) {
    (void)argument;
    for (int i = 0; i < rounds; i++) {
        while (__atomic_load_n(&turns[0], __ATOMIC_SEQ_CST) != i + 1)
            futex(&turns[0], FUTEX_WAIT, i, NULL, NULL, 0);
        __atomic_store_n(&turns[1], i + 1, __ATOMIC_SEQ_CST);
        futex(&turns[1], FUTEX_WAKE, 1, NULL, NULL, 0);
    }
    return NULL;
}
CASE(no_wake_up_is_lost_in_a_ping_pong) {
    rounds = 3000, turns[0] = turns[1] = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, answer, NULL);
    for (int i = 0; i < rounds; i++) {
        __atomic_store_n(&turns[0], i + 1, __ATOMIC_SEQ_CST);
        futex(&turns[0], FUTEX_WAKE, 1, NULL, NULL, 0);
        while (__atomic_load_n(&turns[1], __ATOMIC_SEQ_CST) != i + 1)
            futex(&turns[1], FUTEX_WAIT, i, NULL, NULL, 0);
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
