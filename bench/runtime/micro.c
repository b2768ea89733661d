// Costs of single calls, in nanoseconds: the median of 15 rounds. One row: NAME and the number.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kRounds = 15 };
static int file = -1;
static char buffer[4096];

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
static int compare(const void* a, const void* b) {
    double x = *(const double*)a, y = *(const double*)b;
    return x < y ? -1 : x > y;
}
static void measure(const char* name, long count, void (*call)(void)) {
    double rounds[kRounds];
    for (int i = 0; i < kRounds; i++) {
        double start = now_ns();
        for (long j = 0; j < count; j++)
            call();
        rounds[i] = (now_ns() - start) / (double)count;
    }
    qsort(rounds, kRounds, sizeof *rounds, compare);
    printf("%s %.1f\n", name, rounds[kRounds / 2]);
}

static void call_getpid(void) { (void)getpid(); }
static void call_getppid(void) { (void)getppid(); }
static void call_bare(void) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_getppid) : "rcx", "r11", "memory");
}
static void call_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
}
static void call_pread(void) {
    if (pread(file, buffer, sizeof buffer, 0) < 0)
        exit(1);
}

int main(int argc, char** argv) {
    file = open(argc > 1 ? argv[1] : argv[0], O_RDONLY);
    if (file < 0)
        return 1;
    measure("getpid", 20000, call_getpid);
    measure("getppid", 20000, call_getppid);
    measure("bare_syscall", 20000, call_bare);
    measure("clock_gettime", 20000, call_clock);
    measure("pread_4k", 20000, call_pread);
    return 0;
}
