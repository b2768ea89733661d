// Costs of threads and processes, in nanoseconds: the median of the rounds. One row: NAME and the
// number.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#include "rounds.h"

static int turns[2];
static long exchanges;
static void give(int* word, int value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
static void take(int* word, int value) {
    int now;
    while ((now = __atomic_load_n(word, __ATOMIC_SEQ_CST)) != value)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}
static void* answer(void* argument) {
    for (int i = 1; i <= exchanges; i++)
        take(&turns[0], i), give(&turns[1], i);
    return argument;
}
static void futex_ping_pong(long count) {
    pthread_t thread;
    turns[0] = turns[1] = 0, exchanges = count;
    pthread_create(&thread, NULL, answer, NULL);
    for (int i = 1; i <= count; i++)
        give(&turns[0], i), take(&turns[1], i);
    pthread_join(thread, NULL);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turn;
static void take_turns(int mine) {
    pthread_mutex_lock(&mutex);
    for (long i = 0; i < exchanges; i++) {
        while (turn != mine)
            pthread_cond_wait(&condition, &mutex);
        turn = !mine;
        pthread_cond_signal(&condition);
    }
    pthread_mutex_unlock(&mutex);
}
static void* second_turn(void* argument) {
    take_turns(1);
    return argument;
}
static void condition_handover(long count) {
    pthread_t thread;
    turn = 0, exchanges = count;
    pthread_create(&thread, NULL, second_turn, NULL);
    take_turns(0);
    pthread_join(thread, NULL);
}

static void* nothing(void* argument) { return argument; }
static void create_and_join(long count) {
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, nothing, NULL) != 0)
            exit(1);
        pthread_join(thread, NULL);
    }
}
static void fork_and_exit(long count) {
    for (long i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid < 0 || waitpid(pid, NULL, 0) != pid)
            exit(1);
    }
}
static void vfork_and_exit(long count) {
    for (long i = 0; i < count; i++) {
        pid_t pid = vfork();
        if (pid == 0)
            _exit(0);
        if (waitpid(pid, NULL, 0) != pid)
            exit(1);
    }
}
static void on_signal(int number) { (void)number; }
static void signal_oneself(long count) {
    for (long i = 0; i < count; i++)
        raise(SIGUSR1);
}

int main(void) {
    signal(SIGUSR1, on_signal);
    measure_runs("futex_ping_pong", 2000, futex_ping_pong);
    measure_runs("condition_handover", 2000, condition_handover);
    measure_runs("pthread_create_join", 200, create_and_join);
    measure_runs("fork_exit", 20, fork_and_exit);
    measure_runs("vfork_exit", 50, vfork_and_exit);
    measure_runs("signal_to_oneself", 5000, signal_oneself);
    return 0;
}
