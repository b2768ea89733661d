// Scheduling, priorities, names, limits and other attributes of processes and threads.
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

CASE(affinity_is_a_set_of_processors_and_can_shrink) {
    cpu_set_t was, one, now;
    CPU_ZERO(&was);
    CHECK_EQ(sched_getaffinity(0, sizeof was, &was), 0);
    CHECK(CPU_COUNT(&was) >= 1);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &was) && CPU_COUNT(&one) == 0)
            CPU_SET(i, &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    CHECK_EQ(sched_getaffinity(0, sizeof now, &now), 0);
    CHECK(CPU_EQUAL(&one, &now));
    CHECK_EQ(pthread_setaffinity_np(pthread_self(), sizeof was, &was), 0);
    CHECK_EQ(sched_getaffinity(gettid(), sizeof now, &now), 0);
    CHECK(CPU_EQUAL(&was, &now));
    CPU_ZERO(&one);
    CHECK_ERRNO(sched_setaffinity(0, sizeof one, &one), EINVAL);
    CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, 4, &now), EINVAL);
    CHECK_ERRNO(sched_getaffinity(0x3ffffff, sizeof now, &now), ESRCH);
}

static void* check_thread(void* argument) {
    (void)argument;
    struct sched_param parameters = {7};
    int policy = -1;
    if (pthread_getschedparam(pthread_self(), &policy, &parameters) != 0)
        return (void*)1;
    return policy == SCHED_OTHER && parameters.sched_priority == 0 ? NULL : (void*)2;
}
CASE(policies_are_told_and_checked) {
    struct sched_param parameters = {0};
    CHECK_EQ(sched_getscheduler(0), SCHED_OTHER);
    CHECK_EQ(sched_getparam(0, &parameters), 0);
    CHECK_EQ(parameters.sched_priority, 0);
    parameters.sched_priority = 5;
    CHECK_ERRNO(sched_setscheduler(0, SCHED_OTHER, &parameters), EINVAL);
    CHECK_ERRNO(sched_setscheduler(0, 99, &parameters), EINVAL);
    parameters.sched_priority = 0;
    CHECK_EQ(sched_setscheduler(0, SCHED_BATCH, &parameters), 0);
    CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
    CHECK_EQ(sched_setscheduler(0, SCHED_OTHER, &parameters), 0);
    CHECK_EQ(sched_setparam(0, &parameters), 0);
    CHECK_EQ(sched_get_priority_max(SCHED_FIFO), 99);
    CHECK_EQ(sched_get_priority_min(SCHED_FIFO), 1);
    CHECK_EQ(sched_get_priority_max(SCHED_OTHER), 0);
    CHECK_ERRNO(sched_get_priority_max(77), EINVAL);
    pthread_t thread;
    void* result;
    pthread_create(&thread, NULL, check_thread, NULL);
    pthread_join(thread, &result);
    CHECK(result == NULL);
    CHECK_EQ(sched_yield(), 0);
    CHECK(sched_getcpu() >= 0);
}

CASE(niceness_goes_to_children) {
    pid_t pid = fork();
    if (pid == 0) {
        errno = 0;
        int was = getpriority(PRIO_PROCESS, 0);
        if (errno != 0 || setpriority(PRIO_PROCESS, 0, was + 1) != 0)
            _exit(1);
        if (getpriority(PRIO_PROCESS, 0) != was + 1 ||
            getpriority(PRIO_PROCESS, getpid()) != was + 1)
            _exit(2);
        if (nice(1) != was + 2)
            _exit(3);
        pid_t child = fork();
        if (child == 0)
            _exit(getpriority(PRIO_PROCESS, 0) == was + 2 ? 0 : 4);
        int status;
        waitpid(child, &status, 0);
        _exit(WEXITSTATUS(status));
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_ERRNO(getpriority(77, 0), EINVAL);
    CHECK_ERRNO(getpriority(PRIO_PROCESS, 0x3ffffff), ESRCH);
}

CASE(names_are_cut_to_fifteen_characters) {
    char name[16];
    CHECK_EQ(prctl(PR_SET_NAME, "a-rather-long-name-of-a-thread"), 0);
    CHECK_EQ(prctl(PR_GET_NAME, name), 0);
    CHECK(strcmp(name, "a-rather-long-n") == 0);
    CHECK_ERRNO(prctl(PR_SET_NAME, 8), EFAULT);
    CHECK_EQ(pthread_setname_np(pthread_self(), "short"), 0);
    CHECK_EQ(pthread_getname_np(pthread_self(), name, sizeof name), 0);
    CHECK(strcmp(name, "short") == 0);
    CHECK_ERRNO(prctl(12345, 0), EINVAL);
}

CASE(attributes_are_kept) {
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
    CHECK_EQ(prctl(PR_SET_DUMPABLE, 0), 0);
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
    CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
    CHECK_ERRNO(prctl(PR_SET_DUMPABLE, 5), EINVAL);
    CHECK_EQ(prctl(PR_GET_KEEPCAPS), 0);
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    CHECK_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                      prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
                  ? 0
                  : 1);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    int was = personality(0xffffffff);
    CHECK(was >= 0);
    CHECK_EQ(personality((unsigned long)was | ADDR_NO_RANDOMIZE), was);
    CHECK_EQ(personality(0xffffffff), was | ADDR_NO_RANDOMIZE);
    CHECK(personality((unsigned long)was) >= 0);
}

CASE(limits_keep_their_order) {
    struct rlimit limit, now;
    CHECK_EQ(getrlimit(RLIMIT_CORE, &limit), 0);
    limit.rlim_cur = 0;
    CHECK_EQ(setrlimit(RLIMIT_CORE, &limit), 0);
    CHECK_EQ(prlimit(0, RLIMIT_CORE, NULL, &now), 0);
    CHECK_EQ(now.rlim_cur, 0);
    CHECK_EQ(prlimit(getpid(), RLIMIT_CORE, NULL, &now), 0);
    struct rlimit wrong = {5, 4};
    CHECK_ERRNO(setrlimit(RLIMIT_CORE, &wrong), EINVAL);
    CHECK_ERRNO(getrlimit(99, &now), EINVAL);
    CHECK_ERRNO(prlimit(0x3ffffff, RLIMIT_CORE, NULL, &now), ESRCH);
    CHECK_ERRNO(syscall(SYS_getrlimit, RLIMIT_CORE, 8), EFAULT);
}

static int status_of_child(void (*run)(void)) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        run();
        _exit(99);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}
static volatile int exceeded;
static void note_excess(int number) {
    (void)number;
    exceeded = 1;
}
static void work_until_told(void) {
    signal(SIGXCPU, note_excess);
    struct rlimit limit = {1, 60};
    setrlimit(RLIMIT_CPU, &limit);
    while (!exceeded) {
    }
    _exit(7);
}
static void work_until_the_end(void) {
    signal(SIGXCPU, SIG_IGN);
    struct rlimit limit = {1, 1};
    setrlimit(RLIMIT_CPU, &limit);
    for (;;) {
    }
}
CASE(time_beyond_the_limit_is_signalled_and_ended) {
    CHECK_EQ(status_of_child(work_until_told), 7 << 8);
    CHECK_EQ(status_of_child(work_until_the_end), SIGKILL);
}

static void fork_beyond_the_limit(void) {
    struct rlimit limit = {1, 1};
    if (setrlimit(RLIMIT_NPROC, &limit) != 0 || (getuid() == 0 && setuid(65534) != 0))
        _exit(1);
    // The limit counts all of the user's, this process too.
    pid_t pid = fork_that_may_fail();
    if (pid == 0)
        _exit(0);
    _exit(pid < 0 && errno == EAGAIN ? 0 : 2);
}
CASE(processes_beyond_the_limit_are_refused) {
    CHECK_EQ(status_of_child(fork_beyond_the_limit), 0);
}

static int barrier(int command) {
    return (int)syscall(SYS_membarrier, command, 0, 0);
}
static volatile int stop, turns;
static void* spin(void* argument) {
    while (!stop)
        turns++;
    return argument;
}
CASE(barriers_that_are_offered_work) {
    int offered = barrier(MEMBARRIER_CMD_QUERY);
    CHECK(offered & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    CHECK_ERRNO(barrier(1 << 30), EINVAL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == -1 && errno == EPERM ? 0 : 1);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_EQ(barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), 0);
    pthread_t thread;
    pthread_create(&thread, NULL, spin, NULL);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), 0);
    CHECK_EQ(barrier(MEMBARRIER_CMD_GLOBAL), 0);
    stop = 1;
    pthread_join(thread, NULL);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
