// Threads, their ends, cancellation, signals to threads, fork beside threads, mutexes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static void short_sleep(int ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&time, &time) != 0) {
    }
}

static void* give_back(void* argument) {
    return argument;
}
CASE(create_and_join_many_times) {
    for (long i = 0; i < 300; i++) {
        pthread_t thread;
        void* result;
        CHECK_EQ(pthread_create(&thread, NULL, give_back, (void*)i), 0);
        CHECK_EQ(pthread_join(thread, &result), 0);
        CHECK_EQ((long)result, i);
    }
}

static pthread_barrier_t barrier;
static void* meet(void* argument) {
    pthread_barrier_wait(&barrier);
    return argument;
}
CASE(sixty_threads_at_once) {
    pthread_t threads[60];
    pthread_barrier_init(&barrier, NULL, 61);
    for (int i = 0; i < 60; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, meet, NULL), 0);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 60; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static sem_t done;
static void* post(void* argument) {
    sem_post(&done);
    return argument;
}
CASE(detached_threads_end_by_themselves) {
    sem_init(&done, 0, 0);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        int result;
        while ((result = pthread_create(&thread, &attributes, post, NULL)) == EAGAIN)
            short_sleep(1);
        CHECK_EQ(result, 0);
    }
    for (int i = 0; i < 200; i++)
        while (sem_wait(&done) != 0) {
        }
}

static int destroyed;
static void destroy(void* value) {
    destroyed += (int)(long)value;
}
static pthread_key_t key;
static void* set_specific(void* argument) {
    pthread_setspecific(key, argument);
    return NULL;
}
CASE(thread_specific_values_are_destroyed) {
    destroyed = 0;
    pthread_key_create(&key, destroy);
    for (long i = 1; i <= 3; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, set_specific, (void*)i);
        pthread_join(thread, NULL);
    }
    CHECK_EQ(destroyed, 6);
    pthread_key_delete(key);
}

static __thread int local = 5;
static void* change_local(void* argument) {
    (void)argument;
    int was = local;
    local = 9;
    return (void*)(long)was;
}
CASE(thread_local_variables_start_fresh) {
    local = 7;
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        void* was;
        pthread_create(&thread, NULL, change_local, NULL);
        pthread_join(thread, &was);
        CHECK_EQ((long)was, 5);
    }
    CHECK_EQ(local, 7);
}

static volatile pid_t tid_of_thread;
static void* note_tid(void* argument) {
    (void)argument;
    tid_of_thread = gettid();
    return NULL;
}
CASE(thread_ids_differ_and_the_process_is_one) {
    pthread_t thread;
    pthread_create(&thread, NULL, note_tid, NULL);
    pthread_join(thread, NULL);
    CHECK(tid_of_thread != gettid());
    CHECK_EQ(gettid(), getpid());
    CHECK_ERRNO(syscall(SYS_tgkill, getpid(), tid_of_thread, 0), ESRCH);
}

// Signals to a thread that is blocked in each kind of call.
static int ends[2];
static volatile sig_atomic_t handled, handler_tid;
static void on_signal(int number) {
    (void)number;
    handled = handled + 1;
    handler_tid = gettid();
}
static sem_t semaphore;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long in_read(void) {
    char byte;
    return read(ends[0], &byte, 1);
}
static long in_poll(void) {
    struct pollfd p = {ends[0], POLLIN, 0};
    return poll(&p, 1, -1);
}
static long in_pause(void) {
    return pause();
}
static long in_sleep(void) {
    struct timespec t = {100, 0};
    return nanosleep(&t, NULL);
}
static long in_semaphore(void) {
    return sem_wait(&semaphore);
}
static long in_suspend(void) {
    sigset_t none;
    sigemptyset(&none);
    return sigsuspend(&none);
}
static long in_futex(void) {
    static int word;
    return syscall(SYS_futex, &word, 128, 0, NULL);
}
static long in_epoll(void) {
    int fd = epoll_create1(0);
    struct epoll_event event;
    long result = epoll_wait(fd, &event, 1, -1);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}
static long in_eventfd(void) {
    int fd = eventfd(0, 0);
    uint64_t value;
    long result = read(fd, &value, 8);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}
static long in_wait(void) {
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    long result = waitpid(pid, NULL, 0);
    int error = errno;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    errno = error;
    return result;
}
struct blocked {
    long (*call)(void);
    volatile pid_t tid;
    volatile int ended;
    int result, error;
};
static void* block(void* argument) {
    struct blocked* b = argument;
    b->tid = gettid();
    errno = 0;
    b->result = (int)b->call();
    b->error = errno;
    b->ended = 1;
    return NULL;
}
CASE(a_signal_wakes_its_thread_out_of_every_call) {
    static long (*const calls[])(void) = {in_read,    in_poll,  in_pause, in_sleep,   in_semaphore,
                                          in_suspend, in_futex, in_epoll, in_eventfd, in_wait};
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    sem_init(&semaphore, 0, 0);
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        CHECK_EQ(pipe(ends), 0);
        struct blocked b = {.call = calls[i]};
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, block, &b), 0);
        short_sleep(10);
        handled = 0;
        for (int tries = 0; tries < 2000 && !b.ended; tries++) {
            pthread_kill(thread, SIGUSR1);
            short_sleep(5);
        }
        if (!b.ended)
            FAIL("call %u did not end", i);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(b.result, -1);
        CHECK_EQ(b.error, EINTR);
        CHECK(handled >= 1);
        CHECK_EQ(handler_tid, b.tid);
        close(ends[0]), close(ends[1]);
    }
}

static volatile int stop_waiting;
static void* wait_on_condition(void* argument) {
    (void)argument;
    pthread_mutex_lock(&mutex);
    while (!stop_waiting)
        pthread_cond_wait(&condition, &mutex);
    pthread_mutex_unlock(&mutex);
    return NULL;
}
CASE(condition_waits_go_on_after_a_handler) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    stop_waiting = 0, handled = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, wait_on_condition, NULL);
    for (int i = 0; i < 5; i++) {
        short_sleep(3);
        pthread_kill(thread, SIGUSR1);
    }
    for (int i = 0; i < 2000 && handled == 0; i++)
        short_sleep(1);
    CHECK(handled >= 1);
    pthread_mutex_lock(&mutex);
    stop_waiting = 1;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

// Cancellation.
static int cleaned;
static void clean(void* argument) {
    cleaned += *(int*)argument;
}
static void* until_cancelled(void* argument) {
    struct blocked* b = argument;
    int one = 1;
    pthread_cleanup_push(clean, &one);
    b->tid = gettid();
    for (;;)
        b->call();
    pthread_cleanup_pop(0);
    return NULL;
}
static long in_test(void) {
    pthread_testcancel();
    return 0;
}
CASE(cancellation_ends_blocked_and_busy_threads) {
    static long (*const calls[])(void) = {in_read,  in_poll,      in_pause,
                                          in_sleep, in_semaphore, in_test};
    CHECK_EQ(pipe(ends), 0);
    sem_init(&semaphore, 0, 0);
    cleaned = 0;
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct blocked b = {.call = calls[i]};
        pthread_t thread;
        void* result;
        pthread_create(&thread, NULL, until_cancelled, &b);
        short_sleep(i % 2 ? 0 : 5);
        CHECK_EQ(pthread_cancel(thread), 0);
        CHECK_EQ(pthread_join(thread, &result), 0);
        CHECK(result == PTHREAD_CANCELED);
    }
    CHECK(cleaned >= 4);
    close(ends[0]), close(ends[1]);
}
static void* spin(void* argument) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    volatile int* started = argument;
    *started = 1;
    while (*started) {
    }
    return NULL;
}
CASE(asynchronous_cancellation_ends_a_loop) {
    volatile int started = 0;
    pthread_t thread;
    void* result;
    pthread_create(&thread, NULL, spin, (void*)&started);
    while (!started)
        short_sleep(1);
    pthread_cancel(thread);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
}

CASE(process_signals_go_to_a_thread_that_takes_them) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR2, &action, NULL);
    struct blocked b = {.call = in_pause};
    pthread_t thread;
    handled = 0;
    pthread_create(&thread, NULL, block, &b);
    while (b.tid == 0)
        short_sleep(1);
    sigset_t set, was;
    sigemptyset(&set), sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, &was);
    for (int i = 0; i < 2000 && !b.ended; i++) {
        kill(getpid(), SIGUSR2);
        short_sleep(2);
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(handler_tid, b.tid);
    struct timespec none = {0, 0};
    while (sigtimedwait(&set, NULL, &none) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &was, NULL);
}

static void* wait_for_signals(void* argument) {
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGCHLD), sigaddset(&set, SIGTERM);
    int number;
    do
        sigwait(&set, &number);
    while (number != *(int*)argument);
    return NULL;
}
CASE(a_signal_thread_gets_what_all_block) {
    sigset_t set, was;
    sigemptyset(&set), sigaddset(&set, SIGCHLD), sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, &was);
    int wanted = SIGTERM;
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_signals, &wanted);
    kill(getpid(), SIGTERM);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    // SIGCHLD, whose default action is to be ignored.
    wanted = SIGCHLD;
    pthread_create(&thread, NULL, wait_for_signals, &wanted);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
}

// Fork while other threads run and hold locks of every kind.
static volatile int stop_churn;
static void* churn(void* argument) {
    long n = (long)argument;
    char name[64];
    snprintf(name, sizeof name, "churn-%ld", n);
    while (!stop_churn) {
        void* memory =
            mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ((volatile char*)memory)[n] = 1;
        munmap(memory, 1 << 20);
        free(malloc(100000));
        int fd = open(name, O_RDWR | O_CREAT, 0600);
        (void)!write(fd, name, sizeof name);
        close(dup(fd)), close(fd);
        int p[2];
        (void)!pipe(p);
        close(p[0]), close(p[1]);
        pthread_mutex_lock(&mutex);
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
        unlink(name);
    }
    return NULL;
}
CASE(fork_beside_busy_threads_gives_a_working_child) {
    pthread_t threads[4];
    stop_churn = 0;
    for (long i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, churn, (void*)i);
    int bad = 0;
    for (int i = 0; i < 40 && !bad; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            alarm(60);
            void* memory =
                mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            memset(memory, 1, 1 << 20);
            munmap(memory, 1 << 20);
            free(malloc(1000000));
            char name[64];
            snprintf(name, sizeof name, "child-%d", getpid());
            int fd = open(name, O_RDWR | O_CREAT, 0600), p[2];
            if (fd < 0 || write(fd, name, 10) != 10 || pipe(p) != 0 || unlink(name) != 0)
                _exit(1);
            static int word;
            struct timespec t = {0, 1000};
            syscall(SYS_futex, &word, 128, 0, &t);
            pthread_t thread;
            if (pthread_create(&thread, NULL, give_back, NULL) != 0 ||
                pthread_join(thread, NULL) != 0)
                _exit(2);
            _exit(0);
        }
        int status = -1;
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
            bad = i * 1000 + 1 + (status & 0xffff);
    }
    stop_churn = 1;
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(bad, 0);
}
static void* fork_and_wait(void* argument) {
    for (int i = 0; i < 10; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(i);
        int status;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        if (WEXITSTATUS(status) != i)
            return (void*)1;
    }
    return argument;
}
CASE(several_threads_fork_at_once) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, fork_and_wait, NULL);
    for (int i = 0; i < 4; i++) {
        void* result;
        pthread_join(threads[i], &result);
        CHECK(result == NULL);
    }
}
static void* leave_first(void* argument) {
    pthread_join(*(pthread_t*)argument, NULL);
    _exit(17);
}
CASE(the_first_thread_may_leave_before_the_others) {
    pid_t pid = fork();
    if (pid == 0) {
        static pthread_t first;
        first = pthread_self();
        pthread_t thread;
        pthread_create(&thread, NULL, leave_first, &first);
        pthread_exit(NULL);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 17);
}
CASE(exit_of_the_last_thread_is_the_exit_status_zero) {
    pid_t pid = fork();
    if (pid == 0)
        pthread_exit(NULL);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}
static void* exec_true(void* argument) {
    (void)argument;
    execl("/bin/sh", "sh", "-c", "exit $(( $$ == $0 ? 0 : 3 ))", (char*)argument, (char*)NULL);
    _exit(99);
}
static void* wait_forever(void* argument) {
    for (;;)
        pause();
    return argument;
}
CASE(exec_in_another_thread_replaces_all) {
    pid_t pid = fork();
    if (pid == 0) {
        static char text[32];
        snprintf(text, sizeof text, "%d", getpid());
        pthread_t thread;
        pthread_create(&thread, NULL, wait_forever, NULL);
        pthread_create(&thread, NULL, exec_true, text);
        wait_forever(NULL);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

// A signal of the process may find a thread at any step of its way out.
CASE(threads_end_under_a_storm_of_signals) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {{0, 150}, {0, 150}}, off = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &timer, NULL);
    int bad = 0;
    for (int i = 0; i < 1500; i++) {
        pthread_t threads[2];
        for (int j = 0; j < 2; j++)
            bad += pthread_create(&threads[j], NULL, give_back, NULL) != 0;
        for (int j = 0; j < 2; j++)
            bad += pthread_join(threads[j], NULL) != 0;
    }
    setitimer(ITIMER_REAL, &off, NULL);
    CHECK_EQ(bad, 0);
}

// Mutexes of all kinds.
static void* die_with_lock(void* argument) {
    pthread_mutex_lock(argument);
    return NULL;
}
CASE(robust_mutex_tells_of_its_dead_owner) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_t robust;
    pthread_mutex_init(&robust, &attributes);
    pthread_t thread;
    pthread_create(&thread, NULL, die_with_lock, &robust);
    pthread_join(thread, NULL);
    CHECK_EQ(pthread_mutex_lock(&robust), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(&robust), 0);
    CHECK_EQ(pthread_mutex_unlock(&robust), 0);
    CHECK_EQ(pthread_mutex_lock(&robust), 0);
    CHECK_EQ(pthread_mutex_unlock(&robust), 0);
}
static long counter;
static void* count_up(void* argument) {
    for (int i = 0; i < 3000; i++) {
        pthread_mutex_lock(argument);
        counter++;
        if (i % 64 == 0)
            sched_yield();
        pthread_mutex_unlock(argument);
    }
    return NULL;
}
static void contend(int protocol, int robust) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    CHECK_EQ(pthread_mutexattr_setprotocol(&attributes, protocol), 0);
    if (robust)
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    static pthread_mutex_t m;
    CHECK_EQ(pthread_mutex_init(&m, &attributes), 0);
    counter = 0;
    pthread_t threads[6];
    for (int i = 0; i < 6; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, count_up, &m), 0);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(counter, 18000);
    CHECK_EQ(pthread_mutex_destroy(&m), 0);
}
CASE(contended_mutex) {
    contend(PTHREAD_PRIO_NONE, 0);
}
CASE(contended_robust_mutex) {
    contend(PTHREAD_PRIO_NONE, 1);
}
CASE(contended_priority_inheriting_mutex) {
    contend(PTHREAD_PRIO_INHERIT, 0);
}
CASE(contended_robust_priority_inheriting_mutex) {
    contend(PTHREAD_PRIO_INHERIT, 1);
}
CASE(priority_inheriting_mutex_tells_of_its_dead_owner_and_times_out) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_t pi;
    pthread_mutex_init(&pi, &attributes);
    CHECK_EQ(pthread_mutex_lock(&pi), 0);
    CHECK_EQ(pthread_mutex_lock(&pi), EDEADLK);
    CHECK_EQ(pthread_mutex_unlock(&pi), 0);
    pthread_t thread;
    pthread_create(&thread, NULL, die_with_lock, &pi);
    pthread_join(thread, NULL);
    CHECK_EQ(pthread_mutex_lock(&pi), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(&pi), 0);
    CHECK_EQ(pthread_mutex_unlock(&pi), 0);
}
static void* lock_with_limit(void* argument) {
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_nsec += 20000000;
    if (limit.tv_nsec >= 1000000000)
        limit.tv_nsec -= 1000000000, limit.tv_sec++;
    return (void*)(long)pthread_mutex_timedlock(argument, &limit);
}
CASE(locks_with_limit_time_out) {
    for (int protocol = 0; protocol < 2; protocol++) {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setprotocol(&attributes,
                                      protocol ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
        pthread_mutex_t m;
        pthread_mutex_init(&m, &attributes);
        pthread_mutex_lock(&m);
        pthread_t thread;
        void* result;
        pthread_create(&thread, NULL, lock_with_limit, &m);
        pthread_join(thread, &result);
        CHECK_EQ((long)result, ETIMEDOUT);
        CHECK_EQ(pthread_mutex_unlock(&m), 0);
        CHECK_EQ(pthread_mutex_lock(&m), 0);
        CHECK_EQ(pthread_mutex_unlock(&m), 0);
    }
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
