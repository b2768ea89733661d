// getpid and friends, uname, limits: what a process knows of itself.
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "check.h"

CASE(process_and_thread_id_agree_in_the_first_thread) {
    CHECK_EQ(syscall(SYS_gettid), getpid());
    CHECK(getppid() >= 0);
}

CASE(the_group_and_session_are_the_starters) {
    CHECK_EQ(getpgrp(), getpgid(getppid()));
    CHECK_EQ(getsid(0), getsid(getppid()));
}
CASE(uname_says_linux) {
    struct utsname name;
    CHECK_EQ(uname(&name), 0);
    CHECK(strcmp(name.sysname, "Linux") == 0);
    CHECK(strcmp(name.machine, "x86_64") == 0);
}

CASE(soft_limit_may_sink_and_rise_to_the_hard_one) {
    struct rlimit was, now;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &was), 0);
    now = was;
    now.rlim_cur = 100;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &now), 0);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &now), 0);
    CHECK_EQ(now.rlim_cur, 100);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &was), 0);
}

CASE(unknown_call_is_not_implemented) {
    CHECK_ERRNO(syscall(1000), ENOSYS);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
