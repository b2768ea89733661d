// What a conformance program is made of: cases that check, and a main that runs them.
//
//     CASE(eventfd_counts) { int fd = eventfd(0, 0); CHECK(fd >= 0); ... }
//     int main(int argc, char** argv) { return run_cases(argc, argv); }
//
// Each case runs in this process; it prints one line "ok NAME" or "FAILED NAME: FILE:LINE: TEXT",
// and the rest of a failed case is left out. With arguments only the named cases run. Output must
// not depend on time, addresses or pids: it is compared between Linux and the enclave.
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct test_case {
    const char* name;
    void (*run)(void);
    struct test_case* next;
};
static struct test_case* first_case;
static struct test_case** last_case = &first_case;
static jmp_buf failed_case;
static const char* current_case;

#define CASE(name)                                                      \
    static void case_##name(void);                                      \
    static struct test_case record_##name = {#name, case_##name, NULL}; \
    __attribute__((constructor)) static void add_##name(void) {         \
        *last_case = &record_##name, last_case = &record_##name.next;   \
    }                                                                   \
    static void case_##name(void)

#define FAIL(...)                                                                             \
    do {                                                                                      \
        printf("FAILED %s: %s:%d: ", current_case, strrchr("/" __FILE__, '/') + 1, __LINE__); \
        printf(__VA_ARGS__);                                                                  \
        putchar('\n');                                                                        \
        longjmp(failed_case, 1);                                                              \
    } while (0)
#define CHECK(condition)                                                   \
    do {                                                                   \
        if (!(condition))                                                  \
            FAIL("%s (errno %d, %s)", #condition, errno, strerror(errno)); \
    } while (0)
#define CHECK_EQ(a, b)                                                  \
    do {                                                                \
        long long a_ = (long long)(a), b_ = (long long)(b);             \
        if (a_ != b_)                                                   \
            FAIL("%s is %lld, not %lld (errno %d)", #a, a_, b_, errno); \
    } while (0)
// The call fails with this errno.
#define CHECK_ERRNO(call, wanted)                                               \
    do {                                                                        \
        errno = 0;                                                              \
        long long r_ = (long long)(call);                                       \
        if (r_ != -1 || errno != (wanted))                                      \
            FAIL("%s gave %lld, errno %d, not %d", #call, r_, errno, (wanted)); \
    } while (0)

// The -1 of a fork that failed is everybody to kill(): a case fails there, unless it asks for that.
static inline pid_t fork_that_may_fail(void) {
    return fork();
}
static inline pid_t fork_or_fail(void) {
    pid_t child = fork();
    if (child < 0)
        FAIL("fork (errno %d, %s)", errno, strerror(errno));
    return child;
}
#define fork fork_or_fail

static inline int run_cases(int argc, char** argv) {
    volatile int failures = 0;
    setvbuf(stdout, NULL, _IONBF, 0);
    for (struct test_case* volatile at = first_case; at != NULL; at = at->next) {
        int wanted = argc < 2;
        for (int i = 1; i < argc; i++)
            wanted |= strcmp(argv[i], at->name) == 0;
        if (!wanted)
            continue;
        current_case = at->name;
        if (setjmp(failed_case) == 0) {
            at->run();
            printf("ok %s\n", at->name);
        } else {
            failures = failures + 1;
        }
    }
    return failures != 0;
}
