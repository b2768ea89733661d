// exec in a program with threads: whatever they do, they end, and the new program runs.
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static int never[2];
static volatile unsigned long counter;

static void* computes(void* unused) {
    while (counter != ~0ul)
        counter++;
    return unused;
}
static void* sleeps(void* unused) {
    while (counter != ~0ul)
        nanosleep(&(struct timespec){1000, 0}, NULL);
    return unused;
}
static void* reads(void* unused) {
    char byte;
    (void)unused;
    while (read(never[0], &byte, 1) != 0) {
    }
    return NULL;
}
static void* waits(void* unused) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    while (counter != ~0ul)
        pthread_cond_wait(&condition, &mutex);
    return unused;
}
static void* calls(void* unused) {
    while (counter != ~0ul)
        syscall(SYS_getppid);
    return unused;
}
static void* executes(void* unused) {
    execl("/proc/self/exe", "exec_threads", "replaced", (char*)NULL);
    return unused;
}

// The status of a child that has four threads of one kind and whose main or other thread calls exec.
static int exec_beside(void* (*kind)(void*), int by_other_thread) {
    if (pipe(never) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 4; i++)
            pthread_create(&thread, NULL, kind, NULL);
        nanosleep(&(struct timespec){0, 20000000}, NULL);
        if (by_other_thread) {
            pthread_create(&thread, NULL, executes, NULL);
            pthread_join(thread, NULL);
        }
        executes(NULL);
        _exit(1);
    }
    close(never[0]);
    close(never[1]);
    int status = -1;
    return waitpid(child, &status, 0) == child ? status : -1;
}

CASE(exec_beside_computing) {
    CHECK_EQ(exec_beside(computes, 0), 7 << 8);
}
CASE(exec_beside_sleeping) {
    CHECK_EQ(exec_beside(sleeps, 0), 7 << 8);
}
CASE(exec_beside_reading) {
    CHECK_EQ(exec_beside(reads, 0), 7 << 8);
}
CASE(exec_beside_futex_waiters) {
    CHECK_EQ(exec_beside(waits, 0), 7 << 8);
}
CASE(exec_beside_calls) {
    CHECK_EQ(exec_beside(calls, 0), 7 << 8);
}
CASE(exec_by_another_thread) {
    CHECK_EQ(exec_beside(waits, 1), 7 << 8);
}

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "replaced") == 0)
        return 7;
    return run_cases(argc, argv);
}
