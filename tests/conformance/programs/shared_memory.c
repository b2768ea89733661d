// Memory that processes share: MAP_SHARED, System V, POSIX, memfd; futexes and mutexes in it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "faults.h"

#define SIZE 65536

static void* shared(size_t size) {
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}
// Runs the function in a child; its exit status is what the function hands back.
static pid_t child(int (*function)(void*), void* argument) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(function(argument));
    return pid;
}
static int status_of(pid_t pid) {
    int status;
    if (waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
static long futex(void* word, int operation, unsigned value, const struct timespec* timeout,
                  void* second, unsigned third) {
    return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

static int store_and_answer(void* memory) {
    volatile int* words = memory;
    if (words[0] != 41)
        return 1;
    words[1] = 42;
    return 7;
}
CASE(anonymous_across_fork) {
    int* words = shared(SIZE);
    CHECK(words != MAP_FAILED);
    CHECK_EQ(words[SIZE / 4 - 1], 0);
    words[0] = 41;
    CHECK_EQ(status_of(child(store_and_answer, words)), 7);
    CHECK_EQ(words[1], 42);
    CHECK_EQ(munmap(words, SIZE), 0);
}
CASE(private_stays_private) {
    int* words = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    words[0] = 41;
    CHECK_EQ(status_of(child(store_and_answer, words)), 7);
    CHECK_EQ(words[1], 0);
    CHECK_EQ(munmap(words, SIZE), 0);
}
CASE(device_zero_shared) {
    int fd = open("/dev/zero", O_RDWR);
    int* words = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(words != MAP_FAILED);
    close(fd);
    words[0] = 41;
    CHECK_EQ(status_of(child(store_and_answer, words)), 7);
    CHECK_EQ(words[1], 42);
    CHECK_EQ(munmap(words, SIZE), 0);
}

static int count_up(void* memory) {
    atomic_int* counter = memory;
    for (int i = 0; i < 20000; i++)
        atomic_fetch_add(counter, 1);
    return 0;
}
CASE(atomic_counter_of_several_children) {
    atomic_int* counter = shared(4096);
    pid_t pids[4];
    for (int i = 0; i < 4; i++)
        pids[i] = child(count_up, counter);
    count_up(counter);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(status_of(pids[i]), 0);
    CHECK_EQ(*counter, 100000);
    munmap((void*)counter, 4096);
}

CASE(file_across_fork_and_with_read) {
    int fd = open("shared_file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, SIZE), 0);
    int* words = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(words != MAP_FAILED);
    words[0] = 41;
    int value = 0;
    CHECK_EQ(pread(fd, &value, 4, 0), 4);
    CHECK_EQ(value, 41);
    CHECK_EQ(status_of(child(store_and_answer, words)), 7);
    CHECK_EQ(words[1], 42);
    value = 77;
    CHECK_EQ(pwrite(fd, &value, 4, 4096), 4);
    CHECK_EQ(words[1024], 77);
    int* second = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
    CHECK_EQ(second[0], 77);
    words[1024] = 78;
    CHECK_EQ(second[0], 78);
    CHECK_EQ(msync(words, SIZE, MS_SYNC), 0);
    CHECK_EQ(munmap(second, 4096), 0);
    CHECK_EQ(munmap(words, SIZE), 0);
    CHECK_EQ(pread(fd, &value, 4, 4), 4);
    CHECK_EQ(value, 42);
    close(fd);
}
CASE(read_only_descriptor) {
    int fd = open("shared_file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_EQ(write(fd, "contents", 8), 8);
    int reader = open("shared_file", O_RDONLY);
    char* text = mmap(NULL, 4096, PROT_READ, MAP_SHARED, reader, 0);
    CHECK(text != MAP_FAILED);
    CHECK_EQ(memcmp(text, "contents", 8), 0);
    CHECK_EQ(pwrite(fd, "C", 1, 0), 1);
    CHECK_EQ(text[0], 'C');
    CHECK_ERRNO(mprotect(text, 4096, PROT_READ | PROT_WRITE), EACCES);
    CHECK_ERRNO((long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0), EACCES);
    CHECK_EQ(munmap(text, 4096), 0);
    close(reader);
    close(fd);
}
CASE(write_only_descriptor) {
    int fd = open("shared_file", O_WRONLY | O_CREAT, 0600);
    CHECK_ERRNO((long)mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
    CHECK_ERRNO((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), EACCES);
    close(fd);
}
CASE(memfd_across_fork) {
    int fd = memfd_create("conformance", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, SIZE), 0);
    int* words = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(words != MAP_FAILED);
    words[0] = 41;
    CHECK_EQ(status_of(child(store_and_answer, words)), 7);
    CHECK_EQ(words[1], 42);
    CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    CHECK_EQ(munmap(words, SIZE), 0);
    CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
    CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    CHECK_ERRNO(ftruncate(fd, 0), EPERM);
    CHECK_ERRNO(pwrite(fd, "x", 1, 0), EPERM);
    CHECK_ERRNO((long)mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
    words = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(words != MAP_FAILED);
    CHECK_EQ(words[1], 42);
    words[1] = 43;
    munmap(words, SIZE);
    close(fd);
}
CASE(posix_shared_memory) {
    char name[64];
    snprintf(name, sizeof name, "/scone-conformance-%d", (int)getpid());
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, SIZE), 0);
    int* words = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(words != MAP_FAILED);
    close(fd);
    fd = shm_open(name, O_RDWR, 0);
    CHECK(fd >= 0);
    int* again = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(again != MAP_FAILED && again != words);
    words[0] = 41;
    CHECK_EQ(again[0], 41);
    CHECK_EQ(status_of(child(store_and_answer, again)), 7);
    CHECK_EQ(words[1], 42);
    CHECK_EQ(shm_unlink(name), 0);
    CHECK_ERRNO(shm_open(name, O_RDWR, 0), ENOENT);
    munmap(words, SIZE);
    munmap(again, SIZE);
    close(fd);
}

struct named {
    char name[64];
    atomic_int* order;
};
static int post_named(void* argument) {
    struct named* named = argument;
    sem_t* semaphore = sem_open(named->name, 0);
    if (semaphore == SEM_FAILED)
        return 1;
    usleep(20000);
    atomic_store(named->order, 1);
    return sem_post(semaphore) == 0 ? 0 : 2;
}
CASE(named_semaphore_across_fork) {
    struct named named;
    snprintf(named.name, sizeof named.name, "/scone-conformance-%d", (int)getpid());
    named.order = shared(4096);
    sem_t* semaphore = sem_open(named.name, O_CREAT | O_EXCL, 0600, 0);
    CHECK(semaphore != SEM_FAILED);
    pid_t pid = child(post_named, &named);
    CHECK_EQ(sem_wait(semaphore), 0);
    CHECK_EQ(atomic_load(named.order), 1);
    CHECK_EQ(status_of(pid), 0);
    CHECK_EQ(sem_close(semaphore), 0);
    CHECK_EQ(sem_unlink(named.name), 0);
    munmap((void*)named.order, 4096);
}

static int post_unnamed(void* argument) {
    usleep(20000);
    return sem_post(argument);
}
CASE(unnamed_semaphore_across_fork) {
    sem_t* semaphore = shared(4096);
    CHECK_EQ(sem_init(semaphore, 1, 0), 0);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 10000000;
    if (soon.tv_nsec >= 1000000000)
        soon.tv_sec++, soon.tv_nsec -= 1000000000;
    CHECK_ERRNO(sem_timedwait(semaphore, &soon), ETIMEDOUT);
    pid_t pid = child(post_unnamed, semaphore);
    CHECK_EQ(sem_wait(semaphore), 0);
    CHECK_EQ(status_of(pid), 0);
    munmap(semaphore, 4096);
}

static int wake_sleeper(void* argument) {
    atomic_int* word = argument;
    usleep(30000);
    atomic_store(word, 1);
    for (int i = 0; i < 2000; i++) {
        if (futex((void*)word, FUTEX_WAKE, 1, NULL, NULL, 0) == 1)
            return 0;
        usleep(1000);
    }
    return 1;
}
CASE(futex_across_fork) {
    atomic_int* word = shared(4096);
    pid_t pid = child(wake_sleeper, word);
    CHECK_EQ(futex((void*)word, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
    CHECK_EQ(status_of(pid), 0);
    CHECK_ERRNO(futex((void*)word, FUTEX_WAIT, 0, NULL, NULL, 0), EAGAIN);
    munmap((void*)word, 4096);
}
CASE(futex_time_outs_and_errors) {
    char* memory = shared(4096);
    struct timespec limit = {0, 20000000}, before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK_ERRNO(futex(memory, FUTEX_WAIT, 0, &limit, NULL, 0), ETIMEDOUT);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 20000000);
    struct timespec at = after;
    at.tv_nsec += 5000000;
    if (at.tv_nsec >= 1000000000)
        at.tv_sec++, at.tv_nsec -= 1000000000;
    CHECK_ERRNO(futex(memory, FUTEX_WAIT_BITSET, 0, &at, NULL, ~0u), ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &at);
    CHECK_ERRNO(futex(memory, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &at, NULL, ~0u),
                ETIMEDOUT);
    CHECK_ERRNO(futex(memory + 1, FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
    CHECK_EQ(futex(memory, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
    munmap(memory, 4096);
    CHECK_ERRNO(futex(memory, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
}
static volatile sig_atomic_t alarms;
static void on_alarm(int signal) {
    (void)signal;
    alarms++;
}
CASE(futex_is_interrupted) {
    char* memory = shared(4096);
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval tick = {.it_value = {0, 20000}};
    CHECK_EQ(setitimer(ITIMER_REAL, &tick, NULL), 0);
    CHECK_ERRNO(futex(memory, FUTEX_WAIT, 0, NULL, NULL, 0), EINTR);
    CHECK_EQ(alarms, 1);
    signal(SIGALRM, SIG_DFL);
    munmap(memory, 4096);
}
static void* sleeper(void* argument) {
    atomic_int* words = argument;
    atomic_fetch_add(&words[1], 1);
    while (futex((void*)words, FUTEX_WAIT, 0, NULL, NULL, 0) != 0 && errno == EINTR) {
    }
    atomic_fetch_add(&words[2], 1);
    return NULL;
}
CASE(futex_requeue_in_shared_memory) {
    atomic_int* words = shared(4096);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, sleeper, (void*)words), 0);
    while (atomic_load(&words[1]) != 3)
        sched_yield();
    usleep(100000);
    CHECK_ERRNO(futex((void*)words, FUTEX_CMP_REQUEUE, 1, (void*)2L, (void*)&words[8], 5), EAGAIN);
    CHECK_EQ(futex((void*)words, FUTEX_CMP_REQUEUE, 1, (void*)2L, (void*)&words[8], 0), 3);
    CHECK_EQ(futex((void*)words, FUTEX_WAKE, 5, NULL, NULL, 0), 0);
    CHECK_EQ(futex((void*)&words[8], FUTEX_WAKE, 5, NULL, NULL, 0), 2);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(words[2], 3);
    munmap((void*)words, 4096);
}

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int turn, rounds;
};
static int play(struct queue* queue, int me) {
    for (int i = 0; i < 200; i++) {
        if (pthread_mutex_lock(&queue->mutex) != 0)
            return 1;
        while (queue->turn != me)
            pthread_cond_wait(&queue->changed, &queue->mutex);
        queue->turn = !me;
        queue->rounds++;
        pthread_cond_signal(&queue->changed);
        pthread_mutex_unlock(&queue->mutex);
    }
    return 0;
}
static int play_second(void* queue) {
    return play(queue, 1);
}
CASE(mutex_and_condition_across_fork) {
    struct queue* queue = shared(4096);
    pthread_mutexattr_t mutex;
    pthread_condattr_t condition;
    pthread_mutexattr_init(&mutex);
    pthread_condattr_init(&condition);
    CHECK_EQ(pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_mutex_init(&queue->mutex, &mutex), 0);
    CHECK_EQ(pthread_cond_init(&queue->changed, &condition), 0);
    pid_t pid = child(play_second, queue);
    CHECK_EQ(play(queue, 0), 0);
    CHECK_EQ(status_of(pid), 0);
    CHECK_EQ(queue->rounds, 400);
    munmap(queue, 4096);
}
static int die_with_mutex(void* mutex) {
    return pthread_mutex_lock(mutex);
}
CASE(robust_mutex_of_a_dead_process) {
    pthread_mutex_t* mutex = shared(4096);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    CHECK_EQ(pthread_mutex_init(mutex, &attributes), 0);
    CHECK_EQ(status_of(child(die_with_mutex, mutex)), 0);
    CHECK_EQ(pthread_mutex_lock(mutex), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(mutex), 0);
    CHECK_EQ(pthread_mutex_lock(mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(mutex), 0);
    munmap(mutex, 4096);
}

CASE(system_calls_with_buffers_in_shared_memory) {
    char* memory = shared(SIZE);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    strcpy(memory, "through a pipe");
    CHECK_EQ(write(ends[1], memory, 15), 15);
    CHECK_EQ(read(ends[0], memory + 4090, 15), 15);
    CHECK_EQ(strcmp(memory + 4090, "through a pipe"), 0);
    struct iovec* parts = (struct iovec*)(memory + 8192);
    parts[0] = (struct iovec){memory, 7};
    parts[1] = (struct iovec){memory + 4090, 8};
    CHECK_EQ(writev(ends[1], parts, 2), 15);
    CHECK_EQ(read(ends[0], memory + 100, 15), 15);
    CHECK_EQ(memcmp(memory + 100, "throughthrough ", 15), 0);
    strcpy(memory + 16384, ".");
    CHECK_EQ(stat(memory + 16384, (struct stat*)(memory + 20480)), 0);
    CHECK(S_ISDIR(((struct stat*)(memory + 20480))->st_mode));
    CHECK_EQ(munmap(memory + 4096, 4096), 0);
    CHECK_ERRNO(write(ends[1], memory + 4096, 1), EFAULT);
    CHECK_EQ(write(ends[1], memory, 1), 1);
    CHECK_EQ(mprotect(memory, 4096, PROT_READ), 0);
    CHECK_ERRNO(read(ends[0], memory, 1), EFAULT);
    CHECK_EQ(munmap(memory, SIZE), 0);
    CHECK_ERRNO(write(ends[1], memory, 1), EFAULT);
    // The text of no mapping at all, far away.
    CHECK_ERRNO(write(ends[1], (void*)0x7ffffffff000ul, 1), EFAULT);
    close(ends[0]);
    close(ends[1]);
}

CASE(faults_in_shared_memory) {
    char* memory = shared(SIZE);
    CHECK_EQ(touch(memory, 1), 0);
    CHECK_EQ(mprotect(memory, 4096, PROT_READ), 0);
    CHECK_EQ(touch(memory + 7, 1), SIGSEGV);
    CHECK_EQ(fault_code, SEGV_ACCERR);
    CHECK(fault_address == memory + 7);
    CHECK_EQ(touch(memory, 0), 0);
    CHECK_EQ(mprotect(memory, 4096, PROT_NONE), 0);
    CHECK_EQ(touch(memory, 0), SIGSEGV);
    CHECK_EQ(mprotect(memory, 4096, PROT_READ | PROT_WRITE), 0);
    CHECK_EQ(touch(memory, 1), 0);
    CHECK_EQ(munmap(memory, SIZE), 0);
    CHECK_EQ(touch(memory, 0), SIGSEGV);
    CHECK_EQ(fault_code, SEGV_MAPERR);
    int fd = open("shared_file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_EQ(ftruncate(fd, 100), 0);
    memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK_EQ(touch(memory + 200, 1), 0);
    CHECK_EQ(touch(memory + 4096, 0), SIGBUS);
    CHECK_EQ(fault_code, BUS_ADRERR);
    CHECK(fault_address == memory + 4096);
    CHECK_EQ(ftruncate(fd, 8192), 0);
    CHECK_EQ(touch(memory + 4096, 0), 0);
    CHECK_EQ(ftruncate(fd, 0), 0);
    CHECK_EQ(touch(memory, 0), SIGBUS);
    munmap(memory, 8192);
    close(fd);
}

CASE(changing_mappings) {
    char* memory = shared(SIZE);
    memory[0] = 1, memory[SIZE - 1] = 2;
    unsigned char present[16];
    CHECK_EQ(mincore(memory, SIZE, present), 0);
    CHECK_EQ(present[0] & 1, 1);
    char* moved = mremap(memory, SIZE, 2 * SIZE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED);
    CHECK_EQ(moved[0], 1);
    CHECK_EQ(moved[SIZE - 1], 2);
    CHECK(mremap(moved, 2 * SIZE, 4096, 0) == moved);
    CHECK_ERRNO(mincore(moved, 8192, present), ENOMEM);
    CHECK_EQ(moved[0], 1);
    CHECK_EQ(madvise(moved, 4096, MADV_DONTNEED), 0);
    CHECK_EQ(moved[0], 1);
    CHECK_EQ(madvise(moved, 4096, MADV_REMOVE), 0);
    CHECK_EQ(moved[0], 0);
    CHECK_EQ(munmap(moved, 4096), 0);
    CHECK_ERRNO(msync(moved, 4096, MS_SYNC), ENOMEM);
    CHECK_ERRNO((long)mremap(moved, 4096, 8192, MREMAP_MAYMOVE), EFAULT);
    // A part may be replaced in place.
    memory = shared(SIZE);
    memory[4096] = 5, memory[8192] = 6;
    CHECK(mmap(memory + 4096, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
               -1, 0) == memory + 4096);
    CHECK_EQ(memory[4096], 0);
    CHECK_EQ(memory[8192], 6);
    CHECK_ERRNO((long)mmap(memory, 4096, PROT_READ,
                           MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
                EEXIST);
    munmap(memory, SIZE);
    CHECK(mmap(memory, 4096, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == memory);
    munmap(memory, 4096);
}
CASE(proc_maps_shows_shared_memory) {
    char* memory = shared(SIZE);
    FILE* maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    char line[512], rights[8];
    int found = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3 &&
            start == (unsigned long)memory)
            found = end == (unsigned long)memory + SIZE && strcmp(rights, "rw-s") == 0;
    }
    fclose(maps);
    CHECK(found);
    munmap(memory, SIZE);
}
CASE(exec_drops_shared_memory) {
    int fd = memfd_create("counted", 0);
    CHECK_EQ(ftruncate(fd, 4096), 0);
    // A segment's use count shows whether the child still has it attached.
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    CHECK(id >= 0);
    int* words = shmat(id, NULL, 0);
    CHECK(words != (void*)-1);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[0], 0);
        close(ends[0]), close(ends[1]);
        execl("/bin/cat", "cat", (char*)NULL);
        _exit(127);
    }
    close(ends[0]);
    struct shmid_ds status;
    for (int i = 0; i < 1000; i++) {
        CHECK_EQ(shmctl(id, IPC_STAT, &status), 0);
        if (status.shm_nattch == 1 && i > 0)
            break;
        usleep(5000);
    }
    CHECK_EQ(status.shm_nattch, 1);
    close(ends[1]);
    CHECK_EQ(status_of(pid), 0);
    CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
    CHECK_EQ(shmdt(words), 0);
    close(fd);
}

CASE(system_v_segment) {
    int id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600);
    CHECK(id >= 0);
    int* words = shmat(id, NULL, 0);
    CHECK(words != (void*)-1);
    int* reader = shmat(id, NULL, SHM_RDONLY);
    CHECK(reader != (void*)-1 && reader != words);
    struct shmid_ds status;
    CHECK_EQ(shmctl(id, IPC_STAT, &status), 0);
    CHECK_EQ(status.shm_segsz, 10000);
    CHECK_EQ(status.shm_nattch, 2);
    CHECK_EQ(status.shm_cpid, getpid());
    words[0] = 41;
    CHECK_EQ(reader[0], 41);
    CHECK_EQ(touch((char*)reader, 1), SIGSEGV);
    CHECK_EQ(status_of(child(store_and_answer, words)), 7);
    CHECK_EQ(reader[1], 42);
    CHECK_EQ(shmdt(reader), 0);
    CHECK_ERRNO(shmdt(reader), EINVAL);
    status.shm_perm.mode = 0640;
    CHECK_EQ(shmctl(id, IPC_SET, &status), 0);
    CHECK_EQ(shmctl(id, IPC_STAT, &status), 0);
    CHECK_EQ(status.shm_perm.mode & 0777, 0640);
    CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
    CHECK_EQ(words[1], 42);
    CHECK_EQ(shmdt(words), 0);
    CHECK_ERRNO(shmctl(id, IPC_STAT, &status), EINVAL);
    CHECK_ERRNO((long)shmat(id, NULL, 0), EINVAL);
}
CASE(system_v_segment_by_key) {
    key_t key = 0x5c0e0000 + (getpid() & 0xffff);
    int id = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
    CHECK(id >= 0);
    CHECK_ERRNO(shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
    CHECK_EQ(shmget(key, 0, 0), id);
    CHECK_ERRNO(shmget(key, 8192, 0), EINVAL);
    char* memory = shmat(id, NULL, 0);
    CHECK_EQ(shmdt(memory), 0);
    char* again = shmat(id, memory, 0);
    CHECK(again == memory);
    CHECK_EQ(shmdt(again), 0);
    CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
    CHECK_ERRNO(shmget(key, 0, 0), ENOENT);
}

static int raise_semaphore(void* argument) {
    struct sembuf up = {1, 1, 0};
    usleep(20000);
    return semop(*(int*)argument, &up, 1) == 0 ? 0 : 1;
}
static int take_with_undo(void* argument) {
    struct sembuf down = {0, -1, SEM_UNDO};
    return semop(*(int*)argument, &down, 1) == 0 ? 0 : 1;
}
union semun {
    int val;
    struct semid_ds* buf;
    unsigned short* array;
};
CASE(system_v_semaphores) {
    int id = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
    CHECK(id >= 0);
    unsigned short values[2] = {3, 0};
    CHECK_EQ(semctl(id, 0, SETALL, (union semun){.array = values}), 0);
    values[0] = 9;
    CHECK_EQ(semctl(id, 0, GETALL, (union semun){.array = values}), 0);
    CHECK_EQ(values[0], 3);
    CHECK_EQ(semctl(id, 0, GETVAL), 3);
    struct semid_ds status;
    CHECK_EQ(semctl(id, 0, IPC_STAT, (union semun){.buf = &status}), 0);
    CHECK_EQ(status.sem_nsems, 2);
    struct sembuf down = {1, -1, IPC_NOWAIT};
    CHECK_ERRNO(semop(id, &down, 1), EAGAIN);
    pid_t pid = child(raise_semaphore, &id);
    down.sem_flg = 0;
    CHECK_EQ(semop(id, &down, 1), 0);
    CHECK_EQ(status_of(pid), 0);
    struct timespec limit = {0, 10000000};
    CHECK_ERRNO(semtimedop(id, &down, 1, &limit), EAGAIN);
    CHECK_EQ(status_of(child(take_with_undo, &id)), 0);
    CHECK_EQ(semctl(id, 0, GETVAL), 3);
    CHECK_EQ(semctl(id, 0, SETVAL, (union semun){.val = 5}), 0);
    CHECK_EQ(semctl(id, 0, GETVAL), 5);
    CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
    CHECK_ERRNO(semop(id, &down, 1), EINVAL);
}

struct message {
    long type;
    char text[100];
};
static int send_message(void* argument) {
    struct message message = {7, "seven"};
    usleep(20000);
    return msgsnd(*(int*)argument, &message, 6, 0);
}
CASE(system_v_messages) {
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    CHECK(id >= 0);
    struct message message = {3, "three"};
    CHECK_EQ(msgsnd(id, &message, 6, 0), 0);
    struct msqid_ds status;
    CHECK_EQ(msgctl(id, IPC_STAT, &status), 0);
    CHECK_EQ(status.msg_qnum, 1);
    memset(&message, 0, sizeof message);
    CHECK_ERRNO(msgrcv(id, &message, 100, 7, IPC_NOWAIT), ENOMSG);
    CHECK_ERRNO(msgrcv(id, &message, 3, 0, 0), E2BIG);
    pid_t pid = child(send_message, &id);
    CHECK_EQ(msgrcv(id, &message, 100, 7, 0), 6);
    CHECK_EQ(message.type, 7);
    CHECK_EQ(strcmp(message.text, "seven"), 0);
    CHECK_EQ(msgrcv(id, &message, 3, 0, MSG_NOERROR), 3);
    CHECK_EQ(memcmp(message.text, "thr", 3), 0);
    CHECK_EQ(status_of(pid), 0);
    CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
    CHECK_ERRNO(msgsnd(id, &message, 1, 0), EINVAL);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
