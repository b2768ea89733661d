// A workload made from a seed: threads that do random things with signals, processes, timers,
// locks, pipes and files, under a storm of signals. Every step checks its own result; the printed
// sum depends on the seed only. It must be the same on Linux and in the enclave.
//
// usage: stress SEED THREADS STEPS
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;
static const char* program;
static volatile int stopping;
static __thread volatile sig_atomic_t own_signals;
static __thread const char* step_name = "start";
static __thread uint64_t random_state;

static _Noreturn void failed(const char* what, int line, long value) {
    printf("FAILED in %s: line %d: %s is %ld (errno %d)\n", step_name, line, what, value, errno);
    fflush(stdout);
    _exit(3);
}
#define EXPECT(value, wanted)                 \
    do {                                      \
        long value_ = (long)(value);          \
        if (value_ != (long)(wanted))         \
            failed(#value, __LINE__, value_); \
    } while (0)
#define EXPECT_TRUE(condition)               \
    do {                                     \
        if (!(condition))                    \
            failed(#condition, __LINE__, 0); \
    } while (0)
// Calls that no signal is allowed to make fail are not wrapped in this.
#define AGAIN(call)                              \
    ({                                           \
        long result_;                            \
        do                                       \
            result_ = (long)(call);              \
        while (result_ == -1 && errno == EINTR); \
        result_;                                 \
    })

static uint32_t next_random(void) {
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(random_state >> 33);
}
static int below(int limit) {
    return (int)(next_random() % (uint32_t)limit);
}

static void on_own(int number) {
    (void)number;
    own_signals = own_signals + 1;
}
static void on_noise(int number) {
    int error = errno;
    (void)!getppid();
    (void)number;
    errno = error;
}

static void write_all(int fd, const char* data, size_t size) {
    while (size > 0) {
        long wrote = AGAIN(write(fd, data, size));
        EXPECT_TRUE(wrote > 0);
        data += wrote, size -= (size_t)wrote;
    }
}
static void read_all(int fd, char* data, size_t size) {
    while (size > 0) {
        long got = AGAIN(read(fd, data, size));
        EXPECT_TRUE(got > 0);
        data += got, size -= (size_t)got;
    }
}
static void pattern(char* data, size_t size, uint32_t seed) {
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(seed + i * 7 + (i >> 8));
}
static void check_pattern(const char* data, size_t size, uint32_t seed) {
    for (size_t i = 0; i < size; i++)
        if (data[i] != (char)(seed + i * 7 + (i >> 8)))
            failed("byte of the pattern", __LINE__, (long)i);
}
static int wait_status(pid_t pid) {
    int status = -1;
    EXPECT(AGAIN(waitpid(pid, &status, 0)), pid);
    return status;
}
static void open_pipe(int* ends) {
    EXPECT(pipe2(ends, O_CLOEXEC), 0);
}
static void close_both(int* ends) {
    close(ends[0]), close(ends[1]);
}
static pid_t fork_child(void) {
    pid_t pid = fork();
    EXPECT_TRUE(pid >= 0);
    return pid;
}

static uint32_t step_memory(void) {
    size_t size = (size_t)(1 + below(64)) * 4096;
    uint32_t seed = next_random();
    char* mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_TRUE(mapped != MAP_FAILED);
    pattern(mapped, size, seed);
    mapped = mremap(mapped, size, size * 2, MREMAP_MAYMOVE);
    EXPECT_TRUE(mapped != MAP_FAILED);
    EXPECT(mprotect(mapped, size, PROT_READ), 0);
    check_pattern(mapped, size, seed);
    EXPECT(mapped[size * 2 - 1], 0);
    EXPECT(munmap(mapped, size * 2), 0);
    free(malloc((size_t)below(200000) + 1));
    return seed;
}

static uint32_t step_file(void) {
    static _Atomic int number;
    char name[40], other[64], data[10000], back[10000];
    snprintf(name, sizeof name, "file-%d-%d", getpid(), number++);
    snprintf(other, sizeof other, "%s-renamed", name);
    size_t size = (size_t)below(sizeof data - 1) + 1;
    uint32_t seed = next_random();
    pattern(data, size, seed);
    int fd = (int)AGAIN(open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    EXPECT_TRUE(fd >= 0);
    write_all(fd, data, size);
    EXPECT(rename(name, other), 0);
    EXPECT(pread(fd, back, size, 0), size);
    check_pattern(back, size, seed);
    EXPECT(lseek(fd, 0, SEEK_END), size);
    EXPECT(close(fd), 0);
    EXPECT(unlink(other), 0);
    EXPECT_TRUE(access(name, F_OK) == -1 && errno == ENOENT);
    return seed;
}

struct transfer {
    int ends[2];
    size_t size;
    uint32_t seed;
};
static void* write_pattern(void* argument) {
    struct transfer* t = argument;
    char* data = malloc(t->size);
    pattern(data, t->size, t->seed);
    write_all(t->ends[1], data, t->size);
    free(data);
    close(t->ends[1]);
    return NULL;
}
static void receive(struct transfer* t) {
    char* data = malloc(t->size + 1);
    read_all(t->ends[0], data, t->size);
    check_pattern(data, t->size, t->seed);
    EXPECT(AGAIN(read(t->ends[0], data, 1)), 0);
    free(data);
    close(t->ends[0]);
}
static uint32_t step_transfer(void) {
    struct transfer t = {.size = (size_t)below(200000) + 1, .seed = next_random()};
    if (below(2))
        open_pipe(t.ends);
    else
        EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, t.ends), 0);
    pthread_t writer;
    EXPECT(pthread_create(&writer, NULL, write_pattern, &t), 0);
    // A process that another thread makes meanwhile holds the writing end until its exec.
    receive(&t);
    EXPECT(pthread_join(writer, NULL), 0);
    return t.seed;
}

static uint32_t step_fork(void) {
    int code = below(256);
    pid_t pid = fork_child();
    if (pid == 0)
        _exit(code);
    int status = wait_status(pid);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT(WEXITSTATUS(status), code);
    return (uint32_t)code;
}

static void* do_nothing(void* argument) {
    return argument;
}
static uint32_t step_fork_and_work(void) {
    uint32_t seed = next_random();
    pid_t pid = fork_child();
    if (pid == 0) {
        random_state = seed;
        step_memory();
        step_file();
        pthread_t thread;
        if (pthread_create(&thread, NULL, do_nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
            _exit(1);
        _exit(0);
    }
    EXPECT(wait_status(pid), 0);
    return seed;
}

static uint32_t step_echo_process(void) {
    int there[2], back[2], rounds = 5 + below(20);
    open_pipe(there), open_pipe(back);
    uint32_t sum = 0;
    pid_t pid = fork_child();
    if (pid == 0) {
        close(there[1]), close(back[0]);
        uint32_t value;
        for (int i = 0; i < rounds; i++) {
            read_all(there[0], (char*)&value, sizeof value);
            value = value * 3 + 1;
            write_all(back[1], (char*)&value, sizeof value);
        }
        _exit(0);
    }
    close(there[0]), close(back[1]);
    for (int i = 0; i < rounds; i++) {
        uint32_t value = next_random(), answer;
        write_all(there[1], (char*)&value, sizeof value);
        read_all(back[0], (char*)&answer, sizeof answer);
        EXPECT(answer, value * 3 + 1);
        sum += answer;
    }
    close(there[1]), close(back[0]);
    EXPECT(wait_status(pid), 0);
    return sum;
}

static uint32_t step_kill_child(void) {
    static const int numbers[] = {SIGTERM, SIGKILL, SIGHUP, SIGUSR1};
    int number = numbers[below(4)], stop = below(2), status;
    pid_t pid = fork_child();
    if (pid == 0) {
        signal(number, SIG_DFL);
        for (;;)
            pause();
    }
    if (stop) {
        EXPECT(kill(pid, SIGSTOP), 0);
        EXPECT(AGAIN(waitpid(pid, &status, WUNTRACED)), pid);
        EXPECT_TRUE(WIFSTOPPED(status));
        EXPECT(kill(pid, SIGCONT), 0);
    }
    // It may still have our handler: until it dies.
    int result;
    do {
        EXPECT(kill(pid, number), 0);
        sched_yield();
        result = (int)AGAIN(waitpid(pid, &status, WNOHANG));
    } while (result == 0);
    EXPECT(result, pid);
    EXPECT(status & ~0x80, number);  // the status of a signal, with or without a core
    return (uint32_t)number;
}

static uint32_t step_spawn(void) {
    char text[16], back[16] = {0};
    int code = below(100), ends[2];
    snprintf(text, sizeof text, "%d", code);
    open_pipe(ends);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    char* arguments[] = {(char*)program, "--child", text, NULL};
    pid_t pid;
    EXPECT(posix_spawn(&pid, program, &actions, &attributes, arguments, environ), 0);
    close(ends[1]);
    read_all(ends[0], back, strlen(text));
    EXPECT(atoi(back), code);
    close(ends[0]);
    int status = wait_status(pid);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT(WEXITSTATUS(status), code);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return (uint32_t)code;
}
static uint32_t step_spawn_missing(void) {
    char* arguments[] = {"/nowhere/at/all", NULL};
    pid_t pid;
    EXPECT(posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ), ENOENT);
    return 1;
}
static uint32_t step_vfork(void) {
    volatile int seen = 0;
    int code = below(100);
    pid_t pid = vfork();
    if (pid == 0) {
        seen = code;
        _exit(code);
    }
    EXPECT(seen, code);
    int status = wait_status(pid);
    EXPECT(WEXITSTATUS(status), code);
    return (uint32_t)code;
}

static uint32_t step_own_signal(void) {
    int rounds = 1 + below(10);
    for (int i = 0; i < rounds; i++) {
        int was = own_signals;
        EXPECT(pthread_kill(pthread_self(), SIGUSR1), 0);
        EXPECT(own_signals, was + 1);
    }
    return (uint32_t)rounds;
}
static uint32_t step_queued_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 2);
    int rounds = 1 + below(20), base = below(1000);
    for (int i = 0; i < rounds; i++)
        EXPECT(
            pthread_sigqueue(pthread_self(), SIGRTMIN + 2, (union sigval){.sival_int = base + i}),
            0);
    for (int i = 0; i < rounds; i++) {
        siginfo_t info;
        EXPECT(AGAIN(sigwaitinfo(&set, &info)), SIGRTMIN + 2);
        EXPECT(info.si_value.sival_int, base + i);
        EXPECT(info.si_code, SI_QUEUE);
    }
    return (uint32_t)(rounds + base);
}

static uint32_t step_timer(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 3);
    int value = below(10000);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 3};
    event.sigev_value.sival_int = value;
    event._sigev_un._tid = gettid();
    timer_t timer;
    EXPECT(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    struct itimerspec when = {{0, 0}, {0, 100000 + below(1000000)}};
    EXPECT(timer_settime(timer, 0, &when, NULL), 0);
    siginfo_t info;
    EXPECT(AGAIN(sigwaitinfo(&set, &info)), SIGRTMIN + 3);
    EXPECT(info.si_value.sival_int, value);
    EXPECT(info.si_code, SI_TIMER);
    EXPECT(timer_delete(timer), 0);
    return (uint32_t)value;
}
static uint32_t step_sleep(void) {
    struct timespec now, until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += below(2000000);
    if (until.tv_nsec >= 1000000000)
        until.tv_nsec -= 1000000000, until.tv_sec++;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    EXPECT_TRUE(now.tv_sec > until.tv_sec ||
                (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
    struct timespec left = {0, below(1000000)};
    while (nanosleep(&left, &left) != 0)
        EXPECT(errno, EINTR);
    return 2;
}

struct handover {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    int turn, rounds;
};
static void* take_turns(void* argument) {
    struct handover* h = argument;
    pthread_mutex_lock(&h->mutex);
    for (int i = 0; i < h->rounds; i++) {
        while (h->turn != 1)
            pthread_cond_wait(&h->condition, &h->mutex);
        h->turn = 0;
        pthread_cond_signal(&h->condition);
    }
    pthread_mutex_unlock(&h->mutex);
    return NULL;
}
static uint32_t step_handover(void) {
    struct handover h = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 10 + below(100)};
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, take_turns, &h), 0);
    pthread_mutex_lock(&h.mutex);
    for (int i = 0; i < h.rounds; i++) {
        h.turn = 1;
        pthread_cond_signal(&h.condition);
        while (h.turn != 0)
            pthread_cond_wait(&h.condition, &h.mutex);
    }
    pthread_mutex_unlock(&h.mutex);
    EXPECT(pthread_join(thread, NULL), 0);
    return (uint32_t)h.rounds;
}
struct counted {
    pthread_mutex_t mutex;
    long count;
    int rounds;
};
static void* count_up(void* argument) {
    struct counted* c = argument;
    for (int i = 0; i < c->rounds; i++) {
        EXPECT(pthread_mutex_lock(&c->mutex), 0);
        c->count++;
        if (i % 16 == 0)
            sched_yield();
        EXPECT(pthread_mutex_unlock(&c->mutex), 0);
    }
    return NULL;
}
static uint32_t step_mutex(void) {
    struct counted c = {.rounds = 50 + below(200)};
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    int kind = below(3);
    if (kind == 1)
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (kind == 2)
        pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    EXPECT(pthread_mutex_init(&c.mutex, &attributes), 0);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        EXPECT(pthread_create(&threads[i], NULL, count_up, &c), 0);
    count_up(&c);
    for (int i = 0; i < 3; i++)
        EXPECT(pthread_join(threads[i], NULL), 0);
    EXPECT(c.count, c.rounds * 4L);
    pthread_mutex_destroy(&c.mutex);
    return (uint32_t)c.rounds;
}
static void* die_with_lock(void* argument) {
    pthread_mutex_lock(argument);
    return NULL;
}
static uint32_t step_orphaned_mutex(void) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_t mutex;
    pthread_mutex_init(&mutex, &attributes);
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, die_with_lock, &mutex), 0);
    EXPECT(pthread_join(thread, NULL), 0);
    EXPECT(pthread_mutex_lock(&mutex), EOWNERDEAD);
    EXPECT(pthread_mutex_consistent(&mutex), 0);
    EXPECT(pthread_mutex_unlock(&mutex), 0);
    return 3;
}

struct victim {
    int kind, fd;
    sem_t semaphore;
};
static void* be_cancelled(void* argument) {
    struct victim* v = argument;
    char byte;
    struct timespec long_time = {1000, 0};
    struct pollfd p = {v->fd, POLLIN, 0};
    while (!stopping) {
        switch (v->kind) {
            case 0:
                (void)!read(v->fd, &byte, 1);
                break;
            case 1:
                nanosleep(&long_time, NULL);
                break;
            case 2:
                sem_wait(&v->semaphore);
                break;
            case 3:
                poll(&p, 1, -1);
                break;
            default:
                pause();
        }
    }
    return NULL;
}
static uint32_t step_cancel(void) {
    int ends[2], yields = below(4);
    open_pipe(ends);
    struct victim v = {.kind = below(5), .fd = ends[0]};
    sem_init(&v.semaphore, 0, 0);
    pthread_t thread;
    void* result;
    EXPECT(pthread_create(&thread, NULL, be_cancelled, &v), 0);
    for (int i = 0; i < yields; i++)
        sched_yield();
    EXPECT(pthread_cancel(thread), 0);
    EXPECT(pthread_join(thread, &result), 0);
    EXPECT_TRUE(result == PTHREAD_CANCELED);
    close_both(ends);
    return (uint32_t)v.kind;
}

static void* post_later(void* argument) {
    uint64_t one = 1;
    sched_yield();
    write_all(*(int*)argument, (char*)&one, sizeof one);
    return NULL;
}
static uint32_t step_poll(void) {
    int fd = eventfd(0, EFD_CLOEXEC), epoll = epoll_create1(EPOLL_CLOEXEC);
    EXPECT_TRUE(fd >= 0 && epoll >= 0);
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, post_later, &fd), 0);
    if (below(2)) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = 7}, out;
        EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
        EXPECT(AGAIN(epoll_wait(epoll, &out, 1, -1)), 1);
        EXPECT(out.data.u32, 7);
    } else {
        struct pollfd p = {fd, POLLIN, 0};
        EXPECT(AGAIN(poll(&p, 1, -1)), 1);
    }
    uint64_t value;
    read_all(fd, (char*)&value, sizeof value);
    EXPECT(value, 1);
    EXPECT(pthread_join(thread, NULL), 0);
    close(fd), close(epoll);
    return 4;
}

static const struct step {
    const char* name;
    uint32_t (*run)(void);
    int weight;
} steps[] = {
    {"memory", step_memory, 8},
    {"file", step_file, 8},
    {"transfer", step_transfer, 5},
    {"fork", step_fork, 3},
    {"fork_and_work", step_fork_and_work, 2},
    {"echo_process", step_echo_process, 2},
    {"kill_child", step_kill_child, 2},
    {"spawn", step_spawn, 1},
    {"spawn_missing", step_spawn_missing, 2},
    {"vfork", step_vfork, 3},
    {"own_signal", step_own_signal, 8},
    {"queued_signals", step_queued_signals, 6},
    {"timer", step_timer, 4},
    {"sleep", step_sleep, 3},
    {"handover", step_handover, 5},
    {"mutex", step_mutex, 4},
    {"orphaned_mutex", step_orphaned_mutex, 3},
    {"cancel", step_cancel, 6},
    {"poll", step_poll, 5},
};
enum { kSteps = sizeof steps / sizeof *steps };

struct worker {
    pthread_t thread;
    uint64_t seed;
    int count;
    uint64_t sum;
};
static sem_t finished, may_leave;
static void* work(void* argument) {
    struct worker* w = argument;
    random_state = w->seed;
    int total = 0;
    for (int i = 0; i < kSteps; i++)
        total += steps[i].weight;
    for (int i = 0; i < w->count; i++) {
        int chosen = below(total), which = 0;
        while (chosen >= steps[which].weight)
            chosen -= steps[which++].weight;
        step_name = steps[which].name;
        w->sum = w->sum * 31 + steps[which].run();
    }
    step_name = "end";
    sem_post(&finished);
    EXPECT(AGAIN(sem_wait(&may_leave)), 0);
    return NULL;
}

static struct worker* workers;
static int worker_count;
// Interrupts a worker every now and then.
static void* make_noise(void* argument) {
    random_state = *(uint64_t*)argument;
    while (!stopping) {
        pthread_kill(workers[below(worker_count)].thread, SIGUSR2);
        struct timespec time = {0, 300000 + below(2000000)};
        nanosleep(&time, NULL);
    }
    return NULL;
}

int main(int argc, char** argv) {
    if (argc == 3 && strcmp(argv[1], "--child") == 0) {
        printf("%s", argv[2]);
        return atoi(argv[2]);
    }
    if (argc != 4)
        return 2;
    program = argv[0];
    uint64_t seed = strtoull(argv[1], NULL, 10);
    worker_count = atoi(argv[2]);
    int count = atoi(argv[3]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct sigaction action = {.sa_handler = on_own, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = on_noise;
    sigaction(SIGUSR2, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    sigset_t queued;
    sigemptyset(&queued);
    sigaddset(&queued, SIGRTMIN + 2), sigaddset(&queued, SIGRTMIN + 3);
    pthread_sigmask(SIG_BLOCK, &queued, NULL);
    struct itimerval timer = {{0, 5000}, {0, 5000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    sem_init(&finished, 0, 0), sem_init(&may_leave, 0, 0);
    workers = calloc((size_t)worker_count, sizeof *workers);
    for (int i = 0; i < worker_count; i++) {
        workers[i].seed = seed * 1000003 + (uint64_t)i * 7919 + 1;
        workers[i].count = count;
        EXPECT(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    pthread_t noise;
    uint64_t noise_seed = seed + 77;
    EXPECT(pthread_create(&noise, NULL, make_noise, &noise_seed), 0);
    // The noise may only speak of threads that exist: they stay until it has ended.
    for (int i = 0; i < worker_count; i++)
        EXPECT(AGAIN(sem_wait(&finished)), 0);
    stopping = 1;
    EXPECT(pthread_join(noise, NULL), 0);
    for (int i = 0; i < worker_count; i++)
        sem_post(&may_leave);
    for (int i = 0; i < worker_count; i++)
        EXPECT(pthread_join(workers[i].thread, NULL), 0);
    uint64_t sum = 0;
    for (int i = 0; i < worker_count; i++)
        sum = sum * 1000003 + workers[i].sum;
    printf("seed %llu sum %016llx\n", (unsigned long long)seed, (unsigned long long)sum);
    return 0;
}
