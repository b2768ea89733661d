// RLIMIT_NOFILE: the limit that the program was started with, raised to the hard one.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"

CASE(raised_limit_is_usable) {
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK(limit.rlim_cur <= limit.rlim_max);
    struct rlimit raised = {limit.rlim_max, limit.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &raised), 0);
    // Each is a file of its own, not a duplicate.
    int wanted = limit.rlim_max < 5000 ? (int)limit.rlim_max - 100 : 5000;
    int last = -1;
    for (int i = 0; i < wanted; i++)
        CHECK((last = eventfd(0, 0)) >= 0);
    close_range(3, ~0u, 0);
    CHECK(last >= wanted);
}

CASE(lowered_limit_is_kept) {
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit lowered = {20, limit.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    CHECK_ERRNO(fcntl(0, F_DUPFD, 20), EINVAL);
    CHECK_EQ(fcntl(0, F_DUPFD, 19), 19);
    CHECK_ERRNO(fcntl(0, F_DUPFD, 19), EMFILE);
    close(19);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
