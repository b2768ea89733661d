// Costs of operations: the median of several rounds, one line "NAME NANOSECONDS" each. Who wants
// another number of rounds defines ROUNDS before.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef ROUNDS
#define ROUNDS 15
#endif
enum { kRounds = ROUNDS };

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
static int compare_numbers(const void* a, const void* b) {
    double x = *(const double*)a, y = *(const double*)b;
    return x < y ? -1 : x > y;
}
static inline double median(double* values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare_numbers);
    return values[count / 2];
}
static inline void report(const char* name, double* rounds) {
    printf("%s %.1f\n", name, median(rounds, kRounds));
}
// Calls `call` `count` times in each round.
static inline void measure(const char* name, long count, void (*call)(void)) {
    double rounds[kRounds];
    for (int i = 0; i < kRounds; i++) {
        double start = now_ns();
        for (long j = 0; j < count; j++)
            call();
        rounds[i] = (now_ns() - start) / (double)count;
    }
    report(name, rounds);
}
// The same where `run` does all `count` of a round itself.
static inline void measure_runs(const char* name, long count, void (*run)(long count)) {
    double rounds[kRounds];
    for (int i = 0; i < kRounds; i++) {
        double start = now_ns();
        run(count);
        rounds[i] = (now_ns() - start) / (double)count;
    }
    report(name, rounds);
}
