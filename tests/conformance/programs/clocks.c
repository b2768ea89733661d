// The time as C libraries ask for it, through the vDSO where there is one, and by system call.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

static int64_t ns_of(struct timespec t) {
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
static int64_t library_time(clockid_t clock) {
    struct timespec t;
    CHECK_EQ(clock_gettime(clock, &t), 0);
    CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
    return ns_of(t);
}
static int64_t kernel_time(clockid_t clock) {
    struct timespec t;
    CHECK_EQ(syscall(SYS_clock_gettime, clock, &t), 0);
    return ns_of(t);
}
static void sleep_ms(int ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&t, &t) != 0) {
    }
}

// Each answer lies between those of system calls around it: within the host's own steps for the
// time of day, exactly for the monotonic clock.
CASE(library_and_system_call_agree) {
    for (int i = 0; i < 2000; i++) {
        int64_t before = kernel_time(CLOCK_MONOTONIC), at = library_time(CLOCK_MONOTONIC);
        CHECK(before <= at);
        CHECK(at <= kernel_time(CLOCK_MONOTONIC));
    }
    for (int coarse = 0; coarse < 2; coarse++) {
        int64_t far = library_time(coarse ? CLOCK_REALTIME_COARSE : CLOCK_REALTIME) -
                      kernel_time(CLOCK_REALTIME);
        CHECK(far > -1000000000 && far < 1000000000);
        far = library_time(coarse ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC) -
              kernel_time(CLOCK_MONOTONIC);
        CHECK(far > -1000000000 && far < 1000000000);
    }
}

CASE(other_forms_give_the_same_time) {
    struct timeval day;
    CHECK_EQ(gettimeofday(&day, NULL), 0);
    CHECK(day.tv_usec >= 0 && day.tv_usec < 1000000);
    time_t seconds = 0;
    CHECK_EQ(time(&seconds), seconds);
    CHECK(seconds >= day.tv_sec - 1 && seconds - day.tv_sec < 60);
    int64_t now = library_time(CLOCK_REALTIME) / 1000000000;
    CHECK(now >= day.tv_sec - 1 && now - day.tv_sec < 60);
}

CASE(clocks_without_a_fast_way) {
    CHECK(library_time(CLOCK_BOOTTIME) > 0);
    CHECK(library_time(CLOCK_MONOTONIC_RAW) > 0);
    CHECK(library_time(CLOCK_PROCESS_CPUTIME_ID) > 0);
    CHECK(library_time(CLOCK_THREAD_CPUTIME_ID) > 0);
    struct timespec t;
    CHECK_ERRNO(clock_gettime(77, &t), EINVAL);
    CHECK_ERRNO(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_gettimeofday, 8, NULL), EFAULT);
}

// Small structures that lie over two pages, the second of which comes by a fault or never.
CASE(results_over_the_end_of_a_page) {
    char* memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    for (int offset = 4096 - 15; offset < 4096; offset++) {
        struct timespec t = {-1, -1};
        CHECK_EQ(syscall(SYS_clock_gettime, CLOCK_REALTIME, memory + offset), 0);
        memcpy(&t, memory + offset, sizeof t);
        CHECK(t.tv_sec > 1600000000 && t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
        CHECK_EQ(madvise(memory, 8192, MADV_DONTNEED), 0);
    }
    CHECK_EQ(mprotect(memory + 4096, 4096, PROT_NONE), 0);
    for (int offset = 4096 - 15; offset < 4096; offset++)
        CHECK_ERRNO(syscall(SYS_clock_gettime, CLOCK_REALTIME, memory + offset), EFAULT);
    CHECK_EQ(syscall(SYS_clock_gettime, CLOCK_REALTIME, memory + 4096 - 16), 0);
}

static _Atomic int64_t latest;
static atomic_int backward, stop;
static void* look_at_the_clock(void* unused) {
    struct timespec t;
    while (!stop) {
        int64_t before = latest;
        clock_gettime(CLOCK_MONOTONIC, &t);
        int64_t now = ns_of(t);
        if (now < before)
            backward++;
        while (before < now && !atomic_compare_exchange_weak(&latest, &before, now)) {
        }
    }
    return unused;
}
// Through several samples of the host's clock.
CASE(the_clock_goes_back_for_no_thread) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, look_at_the_clock, NULL), 0);
    sleep_ms(700);
    stop = 1;
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(backward, 0);
    int64_t at = library_time(CLOCK_MONOTONIC);
    pid_t child = fork();
    if (child == 0)
        _exit(kernel_time(CLOCK_MONOTONIC) < at || library_time(CLOCK_MONOTONIC) < at);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

static volatile sig_atomic_t handled;
static void count(int number) {
    struct timespec t;
    handled += number == SIGALRM && clock_gettime(CLOCK_MONOTONIC, &t) == 0;
}
CASE(signals_come_while_the_time_is_asked_for) {
    struct sigaction action = {.sa_handler = count};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    struct itimerval often = {{0, 2000}, {0, 2000}};
    CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
    int64_t last = 0;
    while (handled < 40) {
        int64_t now = library_time(CLOCK_MONOTONIC);
        CHECK(now >= last);
        last = now;
    }
    CHECK_EQ(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL), 0);
}

// Without rewriting every system call traps, the time is one of them.
CASE(the_vdso_is_an_elf_file) {
    const char* image = (const char*)getauxval(AT_SYSINFO_EHDR);
    const char* mode = getenv("SCONE_REWRITE");
    if (mode != NULL && strcmp(mode, "0") == 0)
        CHECK(image == NULL);
    else
        CHECK(image != NULL && memcmp(image, "\177ELF", 4) == 0);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
