// Handlers, masks, interruption and restart, within one process.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t count, last_number, last_code, last_value;
static volatile sig_atomic_t order[16];

static void on_signal(int number) {
    if (count < 16)
        order[count] = number;
    count = count + 1;
    last_number = number;
}
static void on_info(int number, siginfo_t* info, void* context) {
    (void)context;
    if (count < 16)
        order[count] = number;
    count = count + 1;
    last_number = number, last_code = info->si_code, last_value = info->si_value.sival_int;
}
static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    count = 0, last_number = 0;
    CHECK_EQ(sigaction(number, &action, NULL), 0);
}
static void handle_info(int number, int flags) {
    struct sigaction action = {.sa_sigaction = on_info, .sa_flags = flags | SA_SIGINFO};
    count = 0, last_number = 0, last_code = 0, last_value = 0;
    CHECK_EQ(sigaction(number, &action, NULL), 0);
}
static sigset_t only(int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    return set;
}
static void alarm_in_ms(int ms, int interval_ms) {
    struct itimerval timer = {{0, interval_ms * 1000}, {0, ms * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}
static void no_alarm(void) {
    struct itimerval timer = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

CASE(raise_runs_the_handler_before_it_returns) {
    handle(SIGUSR1, on_signal, 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(count, 1);
}

CASE(kill_of_oneself_is_delivered_at_once_and_says_who) {
    handle_info(SIGUSR1, 0);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    CHECK_EQ(count, 1);
    CHECK_EQ(last_code, SI_USER);
    CHECK_EQ(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1), 0);
    CHECK_EQ(last_code, SI_TKILL);
}

CASE(numbers_out_of_range_are_refused) {
    struct sigaction action = {.sa_handler = on_signal};
    CHECK_ERRNO(sigaction(0, &action, NULL), EINVAL);
    CHECK_ERRNO(sigaction(65, &action, NULL), EINVAL);
    CHECK_ERRNO(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK_ERRNO(sigaction(SIGSTOP, &action, NULL), EINVAL);
    CHECK_EQ(sigaction(SIGKILL, NULL, &action), 0);
    CHECK_ERRNO(kill(getpid(), 65), EINVAL);
    CHECK_ERRNO(kill(getpid(), -1), EINVAL);
    CHECK_EQ(kill(getpid(), 0), 0);
    CHECK_ERRNO(kill(0x3ffffff, 0), ESRCH);
    CHECK_ERRNO(syscall(SYS_tgkill, getpid(), 0x3ffffff, 0), ESRCH);
    CHECK_ERRNO(syscall(SYS_tgkill, getpid(), -1, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_tkill, 0, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 16), EINVAL);
    sigset_t set = only(SIGUSR1);
    CHECK_ERRNO(syscall(SYS_rt_sigprocmask, 9, &set, NULL, 8), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, NULL, 8), EFAULT);
}

CASE(sigaction_gives_back_what_was_set) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NODEFER}, old;
    action.sa_mask = only(SIGUSR2);
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR1, NULL, &old), 0);
    CHECK(old.sa_handler == on_signal);
    CHECK_EQ(old.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO), SA_RESTART | SA_NODEFER);
    CHECK(sigismember(&old.sa_mask, SIGUSR2) && !sigismember(&old.sa_mask, SIGUSR1));
}

CASE(blocked_signal_waits_and_standard_ones_merge) {
    handle(SIGUSR1, on_signal, 0);
    sigset_t set = only(SIGUSR1), was, pending;
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, &was), 0);
    for (int i = 0; i < 5; i++)
        kill(getpid(), SIGUSR1);
    CHECK_EQ(count, 0);
    CHECK_EQ(sigpending(&pending), 0);
    CHECK(sigismember(&pending, SIGUSR1));
    CHECK_EQ(sigprocmask(SIG_SETMASK, &was, NULL), 0);
    CHECK_EQ(count, 1);
    CHECK_EQ(sigpending(&pending), 0);
    CHECK(!sigismember(&pending, SIGUSR1));
}

CASE(kill_and_stop_cannot_be_blocked) {
    sigset_t all, was, now;
    sigfillset(&all);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &all, &was), 0);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &was, &now), 0);
    CHECK(!sigismember(&now, SIGKILL) && !sigismember(&now, SIGSTOP));
    CHECK(sigismember(&now, SIGTERM) && sigismember(&now, SIGRTMAX));
}

CASE(ignoring_discards_what_is_pending) {
    handle(SIGUSR1, on_signal, 0);
    sigset_t set = only(SIGUSR1), was;
    sigprocmask(SIG_BLOCK, &set, &was);
    kill(getpid(), SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    handle(SIGUSR1, on_signal, 0);
    sigprocmask(SIG_SETMASK, &was, NULL);
    CHECK_EQ(count, 0);
}

CASE(blocked_and_ignored_signal_still_becomes_pending) {
    signal(SIGUSR1, SIG_IGN);
    sigset_t set = only(SIGUSR1), was, pending;
    sigprocmask(SIG_BLOCK, &set, &was);
    kill(getpid(), SIGUSR1);
    sigpending(&pending);
    int is_pending = sigismember(&pending, SIGUSR1);
    handle(SIGUSR1, on_signal, 0);
    sigprocmask(SIG_SETMASK, &was, NULL);
    CHECK_EQ(is_pending, 1);
    CHECK_EQ(count, 1);
}

static volatile sig_atomic_t depth, deepest;
static void nested(int number) {
    depth = depth + 1;
    if (depth > deepest)
        deepest = depth;
    count = count + 1;
    if (count < 3)
        raise(number);
    depth = depth - 1;
}
CASE(a_handler_is_not_entered_twice_unless_nodefer) {
    deepest = depth = 0;
    struct sigaction action = {.sa_handler = nested};
    sigaction(SIGUSR1, &action, NULL);
    count = 0;
    raise(SIGUSR1);
    CHECK_EQ(deepest, 1);
    deepest = 0, count = 0;
    action.sa_flags = SA_NODEFER;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    CHECK_EQ(deepest, 3);
    CHECK_EQ(count, 3);
}

CASE(resethand_acts_once) {
    handle(SIGUSR1, on_signal, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    CHECK_EQ(count, 1);
    CHECK(now.sa_handler == SIG_DFL);
}

static sigset_t mask_in_handler;
static void note_mask(int number) {
    (void)number;
    sigprocmask(SIG_BLOCK, NULL, &mask_in_handler);
}
CASE(mask_of_the_action_holds_in_the_handler_only) {
    struct sigaction action = {.sa_handler = note_mask};
    action.sa_mask = only(SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    CHECK(sigismember(&mask_in_handler, SIGUSR1) && sigismember(&mask_in_handler, SIGUSR2));
    sigset_t after;
    sigprocmask(SIG_BLOCK, NULL, &after);
    CHECK(!sigismember(&after, SIGUSR1) && !sigismember(&after, SIGUSR2));
}

CASE(real_time_signals_queue_in_order_with_their_values) {
    static int values[8];
    handle_info(SIGRTMIN, 0);
    sigset_t set, was;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN), sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, &was);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 100 + i}), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i}), 0);
    for (int i = 0; i < 6; i++) {
        siginfo_t info;
        struct timespec none = {0, 0};
        int number = sigtimedwait(&set, &info, &none);
        values[i] = info.si_value.sival_int;
        CHECK_EQ(number, i < 3 ? SIGRTMIN : SIGRTMIN + 1);
        CHECK_EQ(info.si_code, SI_QUEUE);
        CHECK_EQ(info.si_pid, getpid());
        CHECK_EQ(info.si_uid, getuid());
        CHECK_EQ(values[i], i < 3 ? i : 97 + i);
    }
    sigprocmask(SIG_SETMASK, &was, NULL);
    CHECK_EQ(count, 0);
}

CASE(sigtimedwait_times_out_and_is_interrupted) {
    sigset_t set = only(SIGUSR2), was;
    sigprocmask(SIG_BLOCK, &set, &was);
    struct timespec short_time = {0, 20000000}, bad = {0, 1000000000};
    CHECK_ERRNO(sigtimedwait(&set, NULL, &short_time), EAGAIN);
    CHECK_ERRNO(sigtimedwait(&set, NULL, &bad), EINVAL);
    handle(SIGALRM, on_signal, SA_RESTART);
    alarm_in_ms(20, 20);
    CHECK_ERRNO(sigwaitinfo(&set, NULL), EINTR);
    no_alarm();
    CHECK(count >= 1);
    sigprocmask(SIG_SETMASK, &was, NULL);
}

CASE(sigwaitinfo_takes_a_signal_that_comes_later) {
    sigset_t set = only(SIGALRM), was;
    sigprocmask(SIG_BLOCK, &set, &was);
    alarm_in_ms(20, 0);
    siginfo_t info;
    CHECK_EQ(sigwaitinfo(&set, &info), SIGALRM);
    CHECK_EQ(info.si_code, SI_KERNEL);
    sigprocmask(SIG_SETMASK, &was, NULL);
}

CASE(sigsuspend_swaps_the_mask_and_puts_it_back) {
    handle(SIGUSR1, on_signal, SA_RESTART);
    sigset_t set = only(SIGUSR1), was, empty, after;
    sigemptyset(&empty);
    sigprocmask(SIG_BLOCK, &set, &was);
    raise(SIGUSR1);
    CHECK_EQ(count, 0);
    CHECK_ERRNO(sigsuspend(&empty), EINTR);
    CHECK_EQ(count, 1);
    sigprocmask(SIG_SETMASK, &was, &after);
    CHECK(sigismember(&after, SIGUSR1));
}

CASE(pause_returns_after_a_handler) {
    handle(SIGALRM, on_signal, SA_RESTART);
    alarm_in_ms(20, 20);
    CHECK_ERRNO(pause(), EINTR);
    no_alarm();
}

// Calls that fail with EINTR, and those which SA_RESTART lets go on.
static int pipe_ends[2];
static void fill_and_note(int number) {
    on_signal(number);
    if (count >= 3)
        (void)!write(pipe_ends[1], "x", 1);
}
static long do_read(void) {
    char byte;
    return read(pipe_ends[0], &byte, 1);
}
static long do_poll(void) {
    struct pollfd p = {pipe_ends[0], POLLIN, 0};
    return poll(&p, 1, -1);
}
static long do_select(void) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe_ends[0], &set);
    return select(pipe_ends[0] + 1, &set, NULL, NULL, NULL);
}
static long do_epoll(void) {
    int fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN}, out;
    epoll_ctl(fd, EPOLL_CTL_ADD, pipe_ends[0], &event);
    long result = epoll_wait(fd, &out, 1, -1);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}
static long do_readv(void) {
    char byte;
    struct {
        void* base;
        size_t size;
    } part = {&byte, 1};
    return syscall(SYS_readv, pipe_ends[0], &part, 1);
}
static int sockets[2];
static long do_recv(void) {
    char byte;
    struct timeval none = {0, 0};
    setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
    return recv(sockets[0], &byte, 1, 0);
}
static void fill_socket(int number) {
    on_signal(number);
    if (count >= 3)
        (void)!write(sockets[1], "x", 1);
}
static void interrupted(long (*call)(void), void (*handler)(int), int restarts) {
    CHECK_EQ(pipe(pipe_ends), 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    handle(SIGALRM, handler, 0);
    alarm_in_ms(15, 15);
    errno = 0;
    long result = call();
    int error = errno;
    no_alarm();
    CHECK_EQ(result, -1);
    CHECK_EQ(error, EINTR);
    handle(SIGALRM, handler, SA_RESTART);
    alarm_in_ms(15, 15);
    errno = 0;
    result = call();
    error = errno;
    no_alarm();
    if (restarts) {
        CHECK_EQ(result, 1);
        CHECK(count >= 3);
    } else {
        CHECK_EQ(result, -1);
        CHECK_EQ(error, EINTR);
    }
    close(pipe_ends[0]), close(pipe_ends[1]), close(sockets[0]), close(sockets[1]);
}
CASE(read_of_a_pipe_restarts) {
    interrupted(do_read, fill_and_note, 1);
}
CASE(readv_restarts) {
    interrupted(do_readv, fill_and_note, 1);
}
CASE(recv_restarts) {
    interrupted(do_recv, fill_socket, 1);
}
CASE(poll_never_restarts) {
    interrupted(do_poll, fill_and_note, 0);
}
CASE(select_never_restarts) {
    interrupted(do_select, fill_and_note, 0);
}
CASE(epoll_wait_never_restarts) {
    interrupted(do_epoll, fill_and_note, 0);
}

CASE(write_to_a_full_pipe_restarts_or_reports_what_it_wrote) {
    CHECK_EQ(pipe(pipe_ends), 0);
    static char data[1 << 20];
    handle(SIGALRM, on_signal, 0);
    alarm_in_ms(20, 20);
    long wrote = write(pipe_ends[1], data, sizeof data);
    no_alarm();
    CHECK(wrote > 0 && wrote < (long)sizeof data);
    alarm_in_ms(20, 20);
    CHECK_ERRNO(write(pipe_ends[1], data, 1), EINTR);
    no_alarm();
    close(pipe_ends[0]), close(pipe_ends[1]);
}

CASE(nanosleep_reports_what_is_left) {
    handle(SIGALRM, on_signal, SA_RESTART);
    alarm_in_ms(20, 0);
    struct timespec time = {10, 0}, left = {0, 0};
    CHECK_ERRNO(nanosleep(&time, &left), EINTR);
    CHECK(left.tv_sec >= 5 && left.tv_sec < 10);
    alarm_in_ms(20, 0);
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &left), EINTR);
    CHECK(left.tv_sec >= 5 && left.tv_sec < 10);
}

CASE(ignored_signals_do_not_interrupt) {
    signal(SIGALRM, SIG_IGN);
    alarm_in_ms(5, 5);
    struct timespec time = {0, 60000000}, start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    int result = nanosleep(&time, NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    no_alarm();
    CHECK_EQ(result, 0);
    long ms = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
    CHECK(ms >= 59);
}

CASE(sleep_under_a_fast_restarting_timer_ends) {
    handle(SIGALRM, on_signal, SA_RESTART);
    struct itimerval timer = {{0, 500}, {0, 500}};
    setitimer(ITIMER_REAL, &timer, NULL);
    struct timespec left = {0, 50000000};
    while (nanosleep(&left, &left) != 0)
        CHECK_EQ(errno, EINTR);
    no_alarm();
    CHECK(count > 3);
}

// ucontext: what a handler changes holds when it returns.
static void change_registers(int number, siginfo_t* info, void* context) {
    (void)number, (void)info;
    ucontext_t* u = context;
    u->uc_mcontext.gregs[REG_RBX] = 0x1234567;
    u->uc_mcontext.gregs[REG_R15] = 0x7654321;
    u->uc_mcontext.gregs[REG_RAX] = 77;
    sigaddset(&u->uc_sigmask, SIGUSR2);
}
CASE(context_edits_are_honoured) {
    struct sigaction action = {.sa_sigaction = change_registers, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    long rax = SYS_tgkill, rbx, r15;
    register long r15_in __asm__("r15") = 0;
    __asm__ volatile("xor %%ebx, %%ebx; xor %%r15d, %%r15d; syscall"
                     : "+a"(rax), "=b"(rbx), "=r"(r15_in)
                     : "D"((long)getpid()), "S"((long)gettid()), "d"((long)SIGUSR1)
                     : "rcx", "r11", "memory");
    r15 = r15_in;
    sigset_t now, was = only(SIGUSR2);
    sigprocmask(SIG_UNBLOCK, &was, &now);
    CHECK_EQ(rax, 77);
    CHECK_EQ(rbx, 0x1234567);
    CHECK_EQ(r15, 0x7654321);
    CHECK(sigismember(&now, SIGUSR2));
}

static sigjmp_buf jump;
static void jump_out(int number) {
    siglongjmp(jump, number);
}
CASE(siglongjmp_out_of_a_handler_restores_the_mask) {
    handle(SIGUSR1, jump_out, 0);
    for (volatile int i = 0; i < 3; i++) {
        int number = sigsetjmp(jump, 1);
        if (number == 0) {
            raise(SIGUSR1);
            FAIL("raise returned");
        }
        CHECK_EQ(number, SIGUSR1);
    }
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(!sigismember(&now, SIGUSR1));
}
CASE(siglongjmp_out_of_a_blocking_call) {
    CHECK_EQ(pipe(pipe_ends), 0);
    handle(SIGALRM, jump_out, SA_RESTART);
    if (sigsetjmp(jump, 1) == 0) {
        alarm_in_ms(20, 0);
        do_read();
        FAIL("read returned");
    }
    (void)!write(pipe_ends[1], "x", 1);
    CHECK_EQ(do_read(), 1);
    close(pipe_ends[0]), close(pipe_ends[1]);
}

// The floating-point state of the interrupted code is its own.
static void use_floating_point(int number) {
    volatile double x = 1.5;
    for (int i = 0; i < 10; i++)
        x = x * 1.1;
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0; movdqa %%xmm0, %%xmm5; movdqa %%xmm0, %%xmm15"
                     :
                     :
                     : "xmm0", "xmm5", "xmm15");
    on_signal(number);
}
CASE(vector_registers_survive_a_handler) {
    handle(SIGALRM, use_floating_point, SA_RESTART);
    alarm_in_ms(1, 1);
    for (int round = 0; round < 2000000 && count < 5; round++) {
        long out5, out15;
        __asm__ volatile(
            "movq %2, %%xmm5; movq %3, %%xmm15; mov $2000, %%ecx; 1: dec %%ecx; jnz 1b;"
            "movq %%xmm5, %0; movq %%xmm15, %1"
            : "=r"(out5), "=r"(out15)
            : "r"(0x1122334455667788), "r"(0x99aabbccddeeff0)
            : "xmm5", "xmm15", "rcx");
        CHECK_EQ(out5, 0x1122334455667788);
        CHECK_EQ(out15, 0x99aabbccddeeff0);
    }
    no_alarm();
    CHECK(count >= 1);
}

static char* alternate;
static volatile sig_atomic_t was_on_stack, flags_in_handler;
static void note_stack(int number) {
    char here;
    stack_t now;
    sigaltstack(NULL, &now);
    flags_in_handler = now.ss_flags;
    was_on_stack = &here >= alternate && &here < alternate + 65536;
    on_signal(number);
}
CASE(alternate_stack_is_used_and_reported) {
    alternate = malloc(65536);
    stack_t stack = {.ss_sp = alternate, .ss_size = 65536}, old;
    CHECK_EQ(sigaltstack(&stack, NULL), 0);
    handle(SIGUSR1, note_stack, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK_EQ(was_on_stack, 1);
    CHECK_EQ(flags_in_handler, SS_ONSTACK);
    handle(SIGUSR1, note_stack, 0);
    raise(SIGUSR1);
    CHECK_EQ(was_on_stack, 0);
    CHECK_EQ(flags_in_handler, 0);
    CHECK_EQ(sigaltstack(NULL, &old), 0);
    CHECK(old.ss_sp == alternate && old.ss_size == 65536 && old.ss_flags == 0);
    stack.ss_size = 100;
    CHECK_ERRNO(sigaltstack(&stack, NULL), ENOMEM);
    stack.ss_size = 65536, stack.ss_flags = 64;
    CHECK_ERRNO(sigaltstack(&stack, NULL), EINVAL);
    stack.ss_flags = SS_DISABLE;
    CHECK_EQ(sigaltstack(&stack, NULL), 0);
    CHECK_EQ(sigaltstack(NULL, &old), 0);
    CHECK_EQ(old.ss_flags, SS_DISABLE);
    free(alternate);
}
static volatile sig_atomic_t change_result;
static void change_stack(int number) {
    static char other[32768];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
    change_result = sigaltstack(&stack, NULL) == 0 ? 0 : errno;
    note_stack(number);
}
CASE(alternate_stack_in_use_is_not_changed_unless_autodisarmed) {
    alternate = malloc(65536);
    stack_t stack = {.ss_sp = alternate, .ss_size = 65536}, old;
    sigaltstack(&stack, NULL);
    handle(SIGUSR1, change_stack, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK_EQ(change_result, EPERM);
    stack.ss_flags = (int)(1u << 31);
    CHECK_EQ(sigaltstack(&stack, NULL), 0);
    raise(SIGUSR1);
    CHECK_EQ(change_result, 0);
    CHECK_EQ(was_on_stack, 1);
    // The stack of before comes back at the handler's return.
    CHECK_EQ(sigaltstack(NULL, &old), 0);
    CHECK(old.ss_sp == alternate);
    CHECK_EQ((unsigned)old.ss_flags, 1u << 31);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    free(alternate);
}

CASE(lower_numbers_are_delivered_first) {
    handle(SIGUSR2, on_signal, 0);
    handle(SIGHUP, on_signal, 0);
    handle(SIGUSR1, on_signal, 0);
    // Each handler may interrupt the one set up before it: the last one runs first.
    sigset_t all, was;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &was);
    kill(getpid(), SIGUSR2), kill(getpid(), SIGHUP), kill(getpid(), SIGUSR1);
    siginfo_t info;
    CHECK_EQ(sigwaitinfo(&all, &info), SIGHUP);
    CHECK_EQ(sigwaitinfo(&all, &info), SIGUSR1);
    CHECK_EQ(sigwaitinfo(&all, &info), SIGUSR2);
    kill(getpid(), SIGUSR2), kill(getpid(), SIGHUP);
    sigprocmask(SIG_SETMASK, &was, NULL);
    CHECK_EQ(count, 2);
    CHECK_EQ(order[0], SIGUSR2);
    CHECK_EQ(order[1], SIGHUP);
}

CASE(thread_directed_signals_come_before_the_process_ones) {
    sigset_t set = only(SIGRTMIN), was;
    sigprocmask(SIG_BLOCK, &set, &was);
    siginfo_t info;
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 1});
    pthread_sigqueue(pthread_self(), SIGRTMIN, (union sigval){.sival_int = 2});
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    CHECK_EQ(info.si_value.sival_int, 2);
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    CHECK_EQ(info.si_value.sival_int, 1);
    sigprocmask(SIG_SETMASK, &was, NULL);
}

CASE(sigqueue_cannot_pretend_to_be_the_kernel) {
    siginfo_t info = {.si_code = SI_USER};
    CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &info), EPERM);
    CHECK_ERRNO(sigqueue(getpid(), 65, (union sigval){0}), EINVAL);
    CHECK_ERRNO(sigqueue(0x3ffffff, SIGUSR1, (union sigval){0}), ESRCH);
    CHECK_EQ(sigqueue(getpid(), 0, (union sigval){0}), 0);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
