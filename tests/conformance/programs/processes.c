// Children: fork, exit status, the wait family, SIGCHLD, groups, sessions, orphans.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t count, last_code, last_status, last_pid;
static void on_info(int number, siginfo_t* info, void* context) {
    (void)number, (void)context;
    last_code = info->si_code, last_status = info->si_status, last_pid = info->si_pid;
    count = count + 1;
}
static void on_child(int flags) {
    struct sigaction action = {.sa_sigaction = on_info, .sa_flags = flags | SA_SIGINFO};
    count = 0, last_code = 0, last_status = -1, last_pid = 0;
    CHECK_EQ(sigaction(SIGCHLD, &action, NULL), 0);
}
static int default_child(void) {
    signal(SIGCHLD, SIG_DFL);
    return 0;
}
static void short_sleep(int ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&time, &time) != 0) {
    }
}
static pid_t exits_with(int status) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(status);
    return pid;
}
static pid_t sleeps(void) {
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause();
    }
    return pid;
}

CASE(exit_status_is_the_low_byte) {
    default_child();
    int status;
    static const int codes[] = {0, 1, 42, 255, 256, 511, -1};
    for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++) {
        pid_t pid = exits_with(codes[i]);
        CHECK(pid > 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFEXITED(status));
        CHECK_EQ(WEXITSTATUS(status), codes[i] & 255);
    }
    CHECK_ERRNO(wait(NULL), ECHILD);
}

CASE(signals_show_as_the_cause_of_death) {
    static const int numbers[] = {SIGTERM, SIGKILL, SIGUSR1, SIGABRT,
                                  SIGSEGV, SIGALRM, SIGPIPE, SIGHUP};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            struct rlimit none = {0, 0};
            setrlimit(RLIMIT_CORE, &none);
            signal(numbers[i], SIG_DFL);
            raise(numbers[i]);
            _exit(1);
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFSIGNALED(status));
        CHECK_EQ(WTERMSIG(status), numbers[i]);
        pid = sleeps();
        CHECK_EQ(kill(pid, numbers[i]), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFSIGNALED(status));
        CHECK_EQ(WTERMSIG(status), numbers[i]);
    }
}

CASE(wait_with_nohang_and_bad_arguments) {
    int status;
    CHECK_ERRNO(waitpid(-1, &status, WNOHANG), ECHILD);
    CHECK_ERRNO(waitpid(getpid(), &status, 0), ECHILD);
    pid_t pid = sleeps();
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    CHECK_EQ(waitpid(-1, &status, WNOHANG), 0);
    CHECK_ERRNO(waitpid(pid, &status, 0x10000000 | 0x100), EINVAL);
    CHECK_ERRNO(waitid(P_ALL, 0, NULL, 0), EINVAL);
    CHECK_ERRNO(waitid(99, 0, NULL, WEXITED), EINVAL);
    CHECK_ERRNO(waitpid(pid + 100000, &status, 0), ECHILD);
    siginfo_t info;
    memset(&info, 0xff, sizeof info);
    CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG), 0);
    CHECK_EQ(info.si_pid, 0);
    CHECK_EQ(info.si_signo, 0);
    kill(pid, SIGKILL);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_ERRNO(waitpid(pid, &status, 0), ECHILD);
}

CASE(waitid_tells_how_and_nowait_leaves_the_child) {
    pid_t pid = exits_with(7);
    siginfo_t info;
    for (int i = 0; i < 2; i++) {
        memset(&info, 0, sizeof info);
        CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | (i == 0 ? WNOWAIT : 0)), 0);
        CHECK_EQ(info.si_signo, SIGCHLD);
        CHECK_EQ(info.si_code, CLD_EXITED);
        CHECK_EQ(info.si_status, 7);
        CHECK_EQ(info.si_pid, pid);
        CHECK_EQ(info.si_uid, getuid());
    }
    CHECK_ERRNO(waitid(P_PID, (id_t)pid, &info, WEXITED), ECHILD);
    pid = sleeps();
    kill(pid, SIGTERM);
    CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
    CHECK_EQ(info.si_code, CLD_KILLED);
    CHECK_EQ(info.si_status, SIGTERM);
}

CASE(stop_and_continue_are_reported) {
    int status;
    pid_t pid = sleeps();
    // SIGTSTP stops nobody in an orphaned group: the child gets one of its own.
    CHECK_EQ(setpgid(pid, pid), 0);
    for (int i = 0; i < 2; i++) {
        int stop = i == 0 ? SIGSTOP : SIGTSTP;
        CHECK_EQ(kill(pid, stop), 0);
        CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
        CHECK(WIFSTOPPED(status));
        CHECK_EQ(WSTOPSIG(status), stop);
        CHECK_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
        CHECK_EQ(kill(pid, SIGCONT), 0);
        CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
        CHECK(WIFCONTINUED(status));
    }
    siginfo_t info;
    kill(pid, SIGSTOP);
    CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WSTOPPED), 0);
    CHECK_EQ(info.si_code, CLD_STOPPED);
    CHECK_EQ(info.si_status, SIGSTOP);
    kill(pid, SIGCONT);
    CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WCONTINUED), 0);
    CHECK_EQ(info.si_code, CLD_CONTINUED);
    kill(pid, SIGKILL);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WTERMSIG(status), SIGKILL);
}

CASE(a_process_that_stops_itself_shows_which_signal) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        raise(SIGTSTP);
        raise(SIGSTOP);
        _exit(3);
    }
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status));
    CHECK_EQ(WSTOPSIG(status), SIGTSTP);
    kill(pid, SIGCONT);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status));
    CHECK_EQ(WSTOPSIG(status), SIGSTOP);
    kill(pid, SIGCONT);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 3);
}

CASE(sigchld_tells_who_and_why) {
    on_child(SA_RESTART);
    pid_t pid = exits_with(9);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    for (int i = 0; i < 1000 && count == 0; i++)
        short_sleep(5);
    CHECK_EQ(count, 1);
    CHECK_EQ(last_code, CLD_EXITED);
    CHECK_EQ(last_status, 9);
    CHECK_EQ(last_pid, pid);
    pid = sleeps();
    kill(pid, SIGSTOP);
    for (int i = 0; i < 1000 && count < 2; i++)
        short_sleep(5);
    CHECK_EQ(last_code, CLD_STOPPED);
    CHECK_EQ(last_status, SIGSTOP);
    kill(pid, SIGCONT);
    for (int i = 0; i < 1000 && count < 3; i++)
        short_sleep(5);
    CHECK_EQ(last_code, CLD_CONTINUED);
    kill(pid, SIGKILL);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    for (int i = 0; i < 1000 && count < 4; i++)
        short_sleep(5);
    CHECK_EQ(last_code, CLD_KILLED);
    CHECK_EQ(last_status, SIGKILL);
    default_child();
}

CASE(nocldstop_silences_stops_only) {
    on_child(SA_NOCLDSTOP);
    pid_t pid = sleeps();
    int status;
    kill(pid, SIGSTOP);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    kill(pid, SIGCONT);
    CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
    short_sleep(30);
    CHECK_EQ(count, 0);
    kill(pid, SIGKILL);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    for (int i = 0; i < 1000 && count == 0; i++)
        short_sleep(5);
    CHECK_EQ(count, 1);
    CHECK_EQ(last_code, CLD_KILLED);
    default_child();
}

CASE(ignored_sigchld_reaps_children) {
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 3; i++)
        CHECK(exits_with(i) > 0);
    CHECK_ERRNO(wait(NULL), ECHILD);
    default_child();
    pid_t pid = exits_with(5);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 5);
}

CASE(nocldwait_reaps_children_and_still_signals) {
    on_child(SA_NOCLDWAIT);
    pid_t pid = exits_with(4);
    int result;
    while ((result = waitpid(pid, NULL, 0)) < 0 && errno == EINTR) {
    }
    CHECK_EQ(result, -1);
    CHECK_EQ(errno, ECHILD);
    for (int i = 0; i < 1000 && count == 0; i++)
        short_sleep(5);
    CHECK_EQ(count, 1);
    default_child();
}

CASE(wait_is_interrupted_by_a_handler) {
    struct sigaction action = {.sa_sigaction = on_info};
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGALRM, &action, NULL);
    pid_t pid = sleeps();
    struct itimerval timer = {{0, 20000}, {0, 20000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    CHECK_ERRNO(waitpid(pid, NULL, 0), EINTR);
    CHECK_ERRNO(waitid(P_PID, (id_t)pid, NULL, WEXITED), EINTR);
    memset(&timer, 0, sizeof timer);
    setitimer(ITIMER_REAL, &timer, NULL);
    kill(pid, SIGKILL);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

CASE(wait_by_group) {
    pid_t a = sleeps(), b = exits_with(1);
    CHECK_EQ(setpgid(a, a), 0);
    CHECK_EQ(getpgid(a), a);
    CHECK_EQ(waitpid(0, NULL, 0), b);
    CHECK_EQ(kill(-a, SIGTERM), 0);
    int status;
    CHECK_ERRNO(waitpid(-getpid() - 1000000, &status, 0), ECHILD);
    CHECK_EQ(waitpid(-a, &status, 0), a);
    CHECK_EQ(WTERMSIG(status), SIGTERM);
    CHECK_ERRNO(kill(-a, 0), ESRCH);
    CHECK_ERRNO(setpgid(a, a), ESRCH);
    CHECK_ERRNO(setpgid(0, -1), EINVAL);
}

CASE(usage_of_children_comes_with_wait) {
    pid_t pid = fork();
    if (pid == 0) {
        struct timespec at;
        do
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
        while (at.tv_sec == 0 && at.tv_nsec < 40000000);
        _exit(0);
    }
    struct rusage usage, all;
    int status;
    CHECK_EQ(wait4(pid, &status, 0, &usage), pid);
    long ms = usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 +
              usage.ru_stime.tv_sec * 1000 + usage.ru_stime.tv_usec / 1000;
    CHECK(ms >= 30);
    CHECK_EQ(getrusage(RUSAGE_CHILDREN, &all), 0);
    CHECK(all.ru_utime.tv_sec * 1000000 + all.ru_utime.tv_usec + all.ru_stime.tv_sec * 1000000 +
              all.ru_stime.tv_usec >=
          30000);
    CHECK_ERRNO(getrusage(99, &all), EINVAL);
}

CASE(child_is_a_copy_with_ids_of_its_own) {
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    static volatile int variable;
    variable = 1;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        variable = 2;
        struct {
            pid_t pid, ppid, tid, group;
            int variable;
        } out = {getpid(), getppid(), gettid(), getpgrp(), variable};
        sigset_t pending;
        sigpending(&pending);
        (void)!write(ends[1], &out, sizeof out);
        _exit(0);
    }
    struct {
        pid_t pid, ppid, tid, group;
        int variable;
    } in;
    CHECK_EQ(read(ends[0], &in, sizeof in), sizeof in);
    CHECK_EQ(in.pid, pid);
    CHECK_EQ(in.tid, pid);
    CHECK_EQ(in.ppid, parent);
    CHECK_EQ(in.group, getpgrp());
    CHECK_EQ(in.variable, 2);
    CHECK_EQ(variable, 1);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    close(ends[0]), close(ends[1]);
}

CASE(pending_signals_and_timers_are_not_inherited) {
    sigset_t set, was;
    sigemptyset(&set), sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &was);
    raise(SIGUSR1);
    struct itimerval timer = {{0, 0}, {100, 0}}, now;
    setitimer(ITIMER_REAL, &timer, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t pending, mask;
        sigpending(&pending);
        sigprocmask(SIG_BLOCK, NULL, &mask);
        getitimer(ITIMER_REAL, &now);
        _exit(sigismember(&pending, SIGUSR1) | !sigismember(&mask, SIGUSR1) << 1 |
              (now.it_value.tv_sec != 0) << 2);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    memset(&timer, 0, sizeof timer);
    setitimer(ITIMER_REAL, &timer, NULL);
    struct timespec none = {0, 0};
    CHECK_EQ(sigtimedwait(&set, NULL, &none), SIGUSR1);
    sigprocmask(SIG_SETMASK, &was, NULL);
    CHECK_EQ(status, 0);
}

CASE(sigqueue_between_processes_keeps_order_and_values) {
    sigset_t set, was;
    sigemptyset(&set), sigaddset(&set, SIGRTMIN + 3), sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &was);
    pid_t parent = getpid();
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[1]);
        char byte;
        (void)!read(ends[0], &byte, 1);
        for (int i = 0; i < 200; i++) {
            siginfo_t info;
            if (sigwaitinfo(&set, &info) != SIGRTMIN + 3)
                _exit(1);
            if (info.si_code != SI_QUEUE || info.si_value.sival_int != i)
                _exit(2);
            if (info.si_pid != parent)
                _exit(3);
        }
        struct timespec none = {0, 0};
        _exit(sigtimedwait(&set, NULL, &none) == -1 ? 0 : 4);
    }
    close(ends[0]);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(sigqueue(pid, SIGRTMIN + 3, (union sigval){.sival_int = i}), 0);
    close(ends[1]);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    sigprocmask(SIG_SETMASK, &was, NULL);
}

CASE(group_signals_reach_every_member) {
    pid_t leader = fork();
    if (leader == 0) {
        setpgid(0, 0);
        if (getpgrp() != getpid())
            _exit(1);
        signal(SIGTERM, SIG_IGN);
        pid_t members[3];
        for (int i = 0; i < 3; i++) {
            members[i] = fork();
            if (members[i] == 0) {
                signal(SIGTERM, SIG_DFL);
                for (;;)
                    pause();
            }
        }
        short_sleep(20);
        // A member may not have its default action yet: send again.
        for (int i = 0; i < 3; i++) {
            int status, result;
            while ((result = waitpid(members[i], &status, WNOHANG)) == 0) {
                kill(0, SIGTERM);
                short_sleep(5);
            }
            if (result != members[i] || WTERMSIG(status) != SIGTERM)
                _exit(2);
        }
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(leader, &status, 0), leader);
    CHECK_EQ(status, 0);
}

CASE(setsid_makes_a_session_without_terminal) {
    pid_t pid = fork();
    if (pid == 0) {
        if (setsid() != getpid() || getsid(0) != getpid() || getpgrp() != getpid())
            _exit(1);
        if (setsid() != -1 || errno != EPERM)
            _exit(2);
        if (open("/dev/tty", O_RDWR) >= 0)
            _exit(3);
        if (setpgid(0, 0) != -1 || errno != EPERM)
            _exit(4);
        pid_t child = fork();
        if (child == 0)
            _exit(getsid(0) == getppid() && getpgrp() == getppid() ? 0 : 5);
        int status;
        waitpid(child, &status, 0);
        _exit(status ? 6 : 0);
    }
    CHECK_EQ(getpgid(pid) >= 0, 1);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_ERRNO(getsid(0x3ffffff), ESRCH);
    CHECK_ERRNO(getpgid(0x3ffffff), ESRCH);
}

CASE(orphans_go_to_the_subreaper_and_see_it) {
    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    int on = 0;
    CHECK_EQ(prctl(PR_GET_CHILD_SUBREAPER, &on), 0);
    CHECK_EQ(on, 1);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t self = getpid(), middle = fork();
    if (middle == 0) {
        pid_t orphan = fork();
        if (orphan == 0) {
            pid_t first = getppid();
            for (int i = 0; i < 4000 && getppid() == first; i++)
                short_sleep(1);
            pid_t me = getpid();
            (void)!write(ends[1], &me, sizeof me);
            _exit(getppid() == self ? 11 : 12);
        }
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(middle, &status, 0), middle);
    CHECK_EQ(status, 0);
    pid_t orphan;
    CHECK_EQ(read(ends[0], &orphan, sizeof orphan), sizeof orphan);
    CHECK_EQ(waitpid(-1, &status, 0), orphan);
    CHECK_EQ(WEXITSTATUS(status), 11);
    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
    close(ends[0]), close(ends[1]);
}

CASE(death_of_the_parent_is_signalled) {
    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t middle = fork();
    if (middle == 0) {
        int ready[2];
        (void)!pipe(ready);
        pid_t orphan = fork();
        if (orphan == 0) {
            sigset_t set;
            sigemptyset(&set), sigaddset(&set, SIGUSR2);
            sigprocmask(SIG_BLOCK, &set, NULL);
            prctl(PR_SET_PDEATHSIG, SIGUSR2);
            int number = 0;
            prctl(PR_GET_PDEATHSIG, &number);
            (void)!write(ready[1], "x", 1);
            struct timespec limit = {10, 0};
            char result =
                number == SIGUSR2 && sigtimedwait(&set, NULL, &limit) == SIGUSR2 ? 'y' : 'n';
            (void)!write(ends[1], &result, 1);
            _exit(0);
        }
        char byte;
        (void)!read(ready[0], &byte, 1);
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(middle, &status, 0), middle);
    char result;
    CHECK_EQ(read(ends[0], &result, 1), 1);
    CHECK_EQ(result, 'y');
    CHECK(wait(&status) > 0);
    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
    CHECK_ERRNO(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
    close(ends[0]), close(ends[1]);
}

static volatile sig_atomic_t forked;
static void fork_in_handler(int number) {
    (void)number;
    pid_t pid = fork();
    if (pid == 0)
        _exit(8);
    forked = pid;
}
CASE(fork_in_a_signal_handler) {
    signal(SIGUSR1, fork_in_handler);
    for (int i = 0; i < 5; i++) {
        raise(SIGUSR1);
        int status;
        CHECK_EQ(waitpid(forked, &status, 0), forked);
        CHECK_EQ(WEXITSTATUS(status), 8);
    }
    signal(SIGUSR1, SIG_DFL);
}

static char steps[16];
static void before(void) {
    strcat(steps, "p");
}
static void after_parent(void) {
    strcat(steps, "P");
}
static void after_child(void) {
    strcat(steps, "C");
}
CASE(atfork_handlers_run_on_both_sides) {
    CHECK_EQ(pthread_atfork(before, after_parent, after_child), 0);
    steps[0] = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(strcmp(steps, "pC") != 0);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK(strcmp(steps, "pP") == 0);
}

CASE(exit_runs_atexit_but_quick_death_does_not) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        kill(getpid(), SIGKILL);
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, SIGKILL);
}

CASE(many_children_at_once) {
    enum { kCount = 30 };
    pid_t pids[kCount];
    for (int i = 0; i < kCount; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(i);
        CHECK(pids[i] > 0);
    }
    int seen[kCount] = {0};
    for (int i = 0; i < kCount; i++) {
        int status;
        pid_t pid = wait(&status);
        CHECK(pid > 0 && WIFEXITED(status));
        CHECK_EQ(pids[WEXITSTATUS(status)], pid);
        seen[WEXITSTATUS(status)]++;
    }
    for (int i = 0; i < kCount; i++)
        CHECK_EQ(seen[i], 1);
    CHECK_ERRNO(wait(NULL), ECHILD);
}

static void ignore_none(int number) {
    (void)number;
}
// The child dies while more of the same come than can be queued.
CASE(a_storm_of_a_signal_still_ends_by_that_signal) {
    signal(SIGUSR1, ignore_none);
    for (int i = 0; i < 200; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            signal(SIGUSR1, SIG_DFL);
            for (;;)
                pause();
        }
        int status = -1;
        do {
            for (int k = 0; k < 20; k++)
                kill(pid, SIGUSR1);
        } while (waitpid(pid, &status, WNOHANG) == 0);
        CHECK_EQ(status & ~0x80, SIGUSR1);
    }
    signal(SIGUSR1, SIG_DFL);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
