// mmap, munmap, brk, madvise, msync, mincore, mlock: places, limits, and what pages hold.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "faults.h"

#define PAGE 4096ul
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char* anonymous(size_t size) {
    return mmap(NULL, size, RW, ANON, -1, 0);
}
static char letter(size_t page) {
    return (char)('a' + page % 26);
}
// A file of whole pages, each full of its letter, and 100 bytes more.
static int letters_file(size_t pages) {
    int fd = open("letters", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char page[PAGE];
    for (size_t i = 0; i < pages; i++) {
        memset(page, letter(i), PAGE);
        if (write(fd, page, PAGE) != (ssize_t)PAGE)
            return -1;
    }
    memset(page, 'Z', 100);
    return write(fd, page, 100) == 100 ? fd : -1;
}
static int is_filled(const char* at, char with, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (at[i] != with)
            return 0;
    return 1;
}

CASE(arguments_that_are_refused) {
    CHECK_ERRNO((long)mmap(NULL, 0, RW, ANON, -1, 0), EINVAL);
    CHECK_ERRNO((long)mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERRNO((long)mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0), EBADF);
    CHECK_ERRNO((long)mmap((void*)(PAGE * 1000 + 1), PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL);
    CHECK_ERRNO((long)mmap(NULL, SIZE_MAX - PAGE, RW, ANON, -1, 0), ENOMEM);
    CHECK_ERRNO((long)mmap(NULL, 1ul << 47, PROT_NONE, ANON | MAP_NORESERVE, -1, 0), ENOMEM);
    CHECK_ERRNO((long)syscall(SYS_mmap, NULL, PAGE, RW, ANON, -1, 1), EINVAL);
    CHECK_ERRNO(munmap((void*)1, PAGE), EINVAL);
    CHECK_ERRNO(munmap((void*)(PAGE * 100), 0), EINVAL);
    int directory = open(".", O_RDONLY);
    CHECK_ERRNO((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0), ENODEV);
    close(directory);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_ERRNO((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV);
    close(ends[0]), close(ends[1]);
    CHECK_ERRNO((long)mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    int fd = letters_file(1);
    CHECK_ERRNO((long)mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | (1 << 25), fd, 0), EOPNOTSUPP);
    char* valid = mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE, fd, 0);
    CHECK(valid != MAP_FAILED);
    CHECK_EQ(munmap(valid, PAGE), 0);
    CHECK_ERRNO((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1), EINVAL);
    close(fd);
}
CASE(huge_pages_are_refused_or_given) {
    // Without reserved huge pages Linux refuses too; programs have to go on with small ones.
    char* memory = mmap(NULL, 2 << 20, RW, ANON | MAP_HUGETLB, -1, 0);
    CHECK(memory != MAP_FAILED || errno == ENOMEM);
    int fd = letters_file(1);
    CHECK_ERRNO((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_HUGETLB, fd, 0), EINVAL);
    close(fd);
}
CASE(low_addresses) {
    char* memory = mmap((void*)PAGE, PAGE, RW, ANON, -1, 0);
    CHECK(memory != MAP_FAILED && memory != NULL);
    munmap(memory, PAGE);
    memory = mmap(NULL, PAGE, RW, ANON | MAP_32BIT, -1, 0);
    CHECK(memory != MAP_FAILED && (uintptr_t)memory < 1ul << 31);
    munmap(memory, PAGE);
}
CASE(hints_and_fixed_places) {
    char* memory = anonymous(16 * PAGE);
    memset(memory, 'x', 16 * PAGE);
    CHECK_EQ(munmap(memory + 4 * PAGE, 4 * PAGE), 0);
    CHECK(mmap(memory + 4 * PAGE, 4 * PAGE, RW, ANON, -1, 0) == memory + 4 * PAGE);
    CHECK(is_filled(memory + 4 * PAGE, 0, 4 * PAGE));
    CHECK(mmap(memory, PAGE, RW, ANON, -1, 0) != memory);
    CHECK_ERRNO((long)mmap(memory, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
    CHECK_ERRNO((long)mmap(memory + 15 * PAGE, 4 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0),
                EEXIST);
    CHECK(mmap(memory + PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == memory + PAGE);
    CHECK(is_filled(memory, 'x', PAGE));
    CHECK(is_filled(memory + PAGE, 0, 2 * PAGE));
    CHECK(is_filled(memory + 3 * PAGE, 'x', PAGE));
    CHECK_EQ(munmap(memory, 16 * PAGE), 0);
    CHECK(mmap(memory, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == memory);
    munmap(memory, PAGE);
}
CASE(partial_unmapping) {
    char* memory = anonymous(10 * PAGE);
    memset(memory, 'x', 10 * PAGE);
    CHECK_EQ(munmap(memory + 3 * PAGE, 1), 0);
    CHECK_EQ(touch(memory + 3 * PAGE, 0), SIGSEGV);
    CHECK_EQ(fault_code, SEGV_MAPERR);
    CHECK(is_filled(memory, 'x', 3 * PAGE) && is_filled(memory + 4 * PAGE, 'x', 6 * PAGE));
    CHECK_EQ(munmap(memory + 2 * PAGE, 4 * PAGE), 0);  // over the hole
    CHECK_EQ(munmap(memory + 2 * PAGE, 4 * PAGE), 0);  // nothing is there: still fine
    CHECK(is_filled(memory, 'x', 2 * PAGE) && is_filled(memory + 6 * PAGE, 'x', 4 * PAGE));
    CHECK_EQ(munmap(memory, 10 * PAGE), 0);
}
CASE(large_reservations_cost_nothing) {
    size_t size = 16ul << 30;
    char* memory = mmap(NULL, size, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(mprotect(memory + (8ul << 30), 1 << 20, RW), 0);
    memory[(8ul << 30) + 12345] = 5;
    CHECK_EQ(touch(memory, 0), SIGSEGV);
    CHECK_EQ(munmap(memory, size), 0);
    memory = mmap(NULL, size, RW, ANON | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    for (size_t at = 0; at < size; at += 1ul << 30)
        memory[at] = 1;
    CHECK_EQ(munmap(memory, size), 0);
}
CASE(private_file) {
    int fd = letters_file(40);
    char* memory = mmap(NULL, 41 * PAGE, RW, MAP_PRIVATE, fd, 0);
    CHECK(memory != MAP_FAILED);
    for (size_t i = 0; i < 40; i++)
        CHECK(is_filled(memory + i * PAGE, letter(i), PAGE));
    CHECK(is_filled(memory + 40 * PAGE, 'Z', 100));
    CHECK(is_filled(memory + 40 * PAGE + 100, 0, PAGE - 100));
    memset(memory + 3 * PAGE, '!', PAGE);
    char byte;
    CHECK_EQ(pread(fd, &byte, 1, 3 * PAGE), 1);
    CHECK_EQ(byte, 'd');
    char* part = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 7 * PAGE);
    CHECK(is_filled(part, letter(7), PAGE) && is_filled(part + PAGE, letter(8), PAGE));
    munmap(part, 2 * PAGE);
    close(fd);
    CHECK_EQ(memory[3 * PAGE], '!');
    CHECK_EQ(madvise(memory, 4 * PAGE, MADV_DONTNEED), 0);
    CHECK_EQ(memory[3 * PAGE], 'd');
    munmap(memory, 41 * PAGE);
}
CASE(large_private_file_in_any_order) {
    enum { COUNT = 1500 };
    int fd = letters_file(COUNT);
    CHECK(fd >= 0);
    char* memory = mmap(NULL, COUNT * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(unlink("letters"), 0);
    size_t at = 7;
    for (int i = 0; i < COUNT; i++, at = (at + 611) % COUNT)
        CHECK(is_filled(memory + at * PAGE, letter(at), PAGE));
    CHECK_EQ(touch(memory, 1), SIGSEGV);
    CHECK_EQ(fault_code, SEGV_ACCERR);
    CHECK_EQ(mprotect(memory + 100 * PAGE, 3 * PAGE, RW), 0);
    memory[101 * PAGE] = '?';
    CHECK_EQ(memory[101 * PAGE + 1], letter(101));
    munmap(memory, COUNT * PAGE);
    // System calls with buffers that nobody touched yet, from and to the same file.
    memory = mmap(NULL, COUNT * PAGE, RW, MAP_PRIVATE, fd, 0);
    CHECK_EQ(pread(fd, memory + 200 * PAGE, 300 * PAGE, 0), 300 * (ssize_t)PAGE);
    for (size_t i = 0; i < 300; i++)
        CHECK(is_filled(memory + (200 + i) * PAGE, letter(i), PAGE));
    CHECK(is_filled(memory + 500 * PAGE, letter(500), PAGE));
    CHECK_EQ(pwrite(fd, memory + 600 * PAGE, 200 * PAGE, 1000 * PAGE), 200 * (ssize_t)PAGE);
    char page[PAGE];
    for (size_t i = 0; i < 200; i++) {
        CHECK_EQ(pread(fd, page, PAGE, (long)((1000 + i) * PAGE)), (ssize_t)PAGE);
        CHECK(is_filled(page, letter(600 + i), PAGE));
    }
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(write(ends[1], memory + 900 * PAGE - 50, 100), 100);
    CHECK_EQ(read(ends[0], page, 100), 100);
    CHECK(is_filled(page, letter(899), 50) && is_filled(page + 50, letter(900), 50));
    close(ends[0]), close(ends[1]);
    munmap(memory, COUNT * PAGE);
    close(fd);
}
static char* raced;
static atomic_int wrong, started;
static void* read_all(void* argument) {
    atomic_fetch_add(&started, 1);
    while (atomic_load(&started) < 4) {
    }
    for (size_t i = 0; i < 1000; i++) {
        size_t page = (uintptr_t)argument % 2 ? i : 999 - i;
        if (!is_filled(raced + page * PAGE, letter(page), PAGE))
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}
CASE(threads_never_see_half_read_pages) {
    int fd = letters_file(1000);
    for (int round = 0; round < 3; round++) {
        raced = mmap(NULL, 1000 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
        pthread_t threads[4];
        atomic_store(&started, 0);
        for (uintptr_t i = 0; i < 4; i++)
            CHECK_EQ(pthread_create(&threads[i], NULL, read_all, (void*)i), 0);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        CHECK_EQ(wrong, 0);
        munmap(raced, 1000 * PAGE);
    }
    close(fd);
}
CASE(lazily_read_in_a_child) {
    int fd = letters_file(200);
    char* memory = mmap(NULL, 200 * PAGE, RW, MAP_PRIVATE, fd, 0);
    memory[0] = '1';
    pid_t pid = fork();
    if (pid == 0)
        _exit(memory[0] == '1' && is_filled(memory + 150 * PAGE, letter(150), PAGE) ? 0 : 1);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK(is_filled(memory + 150 * PAGE, letter(150), PAGE));
    munmap(memory, 200 * PAGE);
    close(fd);
}
CASE(beyond_the_end_of_the_file) {
    int fd = letters_file(2);
    char* memory = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, fd, 0);
    CHECK_EQ(touch(memory + 2 * PAGE + 200, 0), 0);
    CHECK_EQ(touch(memory + 3 * PAGE, 0), SIGBUS);
    CHECK_EQ(fault_code, BUS_ADRERR);
    CHECK_EQ(touch(memory + 7 * PAGE, 1), SIGBUS);
    CHECK_ERRNO(write(fd, memory + 4 * PAGE, 1), EFAULT);
    CHECK_EQ(ftruncate(fd, 6 * PAGE), 0);
    CHECK_EQ(touch(memory + 5 * PAGE, 0), 0);
    CHECK_EQ(touch(memory + 6 * PAGE, 0), SIGBUS);
    munmap(memory, 8 * PAGE);
    memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100 * PAGE);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(touch(memory, 0), SIGBUS);
    munmap(memory, PAGE);
    close(fd);
}
CASE(device_zero_private) {
    int fd = open("/dev/zero", O_RDWR);
    char* memory = mmap(NULL, 100 * PAGE, RW, MAP_PRIVATE, fd, 0);
    CHECK(memory != MAP_FAILED);
    close(fd);
    CHECK(is_filled(memory, 0, 100 * PAGE));
    memory[50 * PAGE] = 1;
    CHECK_EQ(munmap(memory, 100 * PAGE), 0);
}
CASE(grows_down) {
    char* region = mmap(NULL, 4096 * PAGE, PROT_NONE, ANON, -1, 0);
    CHECK_EQ(munmap(region, 4096 * PAGE), 0);
    char* top = mmap(region + 4000 * PAGE, PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    CHECK(top != MAP_FAILED);
    top[0] = 1;
    for (int i = 1; i < 20; i++)
        top[-i * (long)PAGE] = 2;
    CHECK_EQ(top[-5 * (long)PAGE], 2);
    CHECK_EQ(munmap(region, 4096 * PAGE), 0);
}
CASE(advice) {
    char* memory = anonymous(64 * PAGE);
    memset(memory, 'x', 64 * PAGE);
    CHECK_EQ(madvise(memory, 2 * PAGE, MADV_DONTNEED), 0);
    CHECK(is_filled(memory, 0, 2 * PAGE) && is_filled(memory + 2 * PAGE, 'x', 62 * PAGE));
    int advices[] = {MADV_NORMAL,   MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
                     MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP,   MADV_DODUMP};
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        CHECK_EQ(madvise(memory, 64 * PAGE, advices[i]), 0);
    CHECK_EQ(madvise(memory + 8 * PAGE, PAGE, MADV_FREE), 0);
    memory[8 * PAGE] = 'y';
    CHECK_EQ(memory[8 * PAGE], 'y');
    CHECK_ERRNO(madvise(memory, PAGE, MADV_REMOVE), EINVAL);
    CHECK_ERRNO(madvise(memory, PAGE, 12345), EINVAL);
    CHECK_ERRNO(madvise(memory + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_EQ(madvise(memory, 0, MADV_DONTNEED), 0);
    CHECK_EQ(munmap(memory + 4 * PAGE, PAGE), 0);
    CHECK_ERRNO(madvise(memory, 64 * PAGE, MADV_DONTNEED), ENOMEM);
    CHECK(is_filled(memory, 0, 4 * PAGE) && is_filled(memory + 5 * PAGE, 0, 59 * PAGE));
    munmap(memory, 64 * PAGE);
    CHECK_ERRNO(madvise(memory, PAGE, MADV_WILLNEED), ENOMEM);
}
CASE(pages_that_a_child_finds_empty) {
    char* memory = anonymous(8 * PAGE);
    memset(memory, 'x', 8 * PAGE);
    CHECK_EQ(madvise(memory + 2 * PAGE, 3 * PAGE, MADV_WIPEONFORK), 0);
    CHECK_EQ(madvise(memory + 4 * PAGE, PAGE, MADV_KEEPONFORK), 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (!is_filled(memory, 'x', 2 * PAGE) || !is_filled(memory + 2 * PAGE, 0, 2 * PAGE) ||
            !is_filled(memory + 4 * PAGE, 'x', 4 * PAGE))
            _exit(1);
        // The wish is inherited too.
        memset(memory, 'y', 8 * PAGE);
        pid_t next = fork();
        if (next == 0)
            _exit(is_filled(memory + 2 * PAGE, 0, 2 * PAGE) ? 0 : 1);
        int status;
        _exit(waitpid(next, &status, 0) == next && status == 0 ? 0 : 2);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK(is_filled(memory, 'x', 8 * PAGE));
    char* shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK_ERRNO(madvise(shared, PAGE, MADV_WIPEONFORK), EINVAL);
    munmap(memory, 8 * PAGE), munmap(shared, PAGE);
}
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
CASE(pages_that_are_brought_in) {
    unsigned char present[16];
    char* memory = anonymous(16 * PAGE);
    CHECK_EQ(madvise(memory + PAGE, 14 * PAGE, MADV_POPULATE_WRITE), 0);
    CHECK_EQ(mincore(memory, 16 * PAGE, present), 0);
    for (int i = 1; i < 15; i++)
        CHECK_EQ(present[i] & 1, 1);
    CHECK_EQ(mprotect(memory, PAGE, PROT_READ), 0);
    CHECK_EQ(madvise(memory, PAGE, MADV_POPULATE_READ), 0);
    CHECK_ERRNO(madvise(memory, PAGE, MADV_POPULATE_WRITE), EINVAL);
    CHECK_EQ(mprotect(memory, PAGE, PROT_NONE), 0);
    CHECK_ERRNO(madvise(memory, PAGE, MADV_POPULATE_READ), EINVAL);
    munmap(memory + 8 * PAGE, PAGE);
    CHECK_ERRNO(madvise(memory + PAGE, 14 * PAGE, MADV_POPULATE_READ), ENOMEM);
    munmap(memory, 16 * PAGE);
    int fd = open("populated", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_EQ(ftruncate(fd, 2 * PAGE), 0);
    memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK_EQ(madvise(memory, 2 * PAGE, MADV_POPULATE_READ), 0);
    CHECK_ERRNO(madvise(memory, 3 * PAGE, MADV_POPULATE_READ), EFAULT);
    munmap(memory, 4 * PAGE), close(fd);
    memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(madvise(memory, 4 * PAGE, MADV_POPULATE_WRITE), 0);
    munmap(memory, 4 * PAGE);
}
CASE(residence_and_locking) {
    char* memory = anonymous(1024 * PAGE);
    unsigned char present[1024];
    memory[5 * PAGE] = 1;
    CHECK_EQ(mincore(memory, 1024 * PAGE, present), 0);
    CHECK_EQ(present[5] & 1, 1);
    CHECK_EQ(present[1023] & 1, 0);
    CHECK_ERRNO(mincore(memory + 1, PAGE, present), EINVAL);
    CHECK_ERRNO(mincore(memory, PAGE, NULL), EFAULT);
    CHECK_EQ(mlock(memory, 4 * PAGE), 0);
    CHECK_EQ(munlock(memory, 4 * PAGE), 0);
    CHECK_EQ(mlock2(memory, 4 * PAGE, MLOCK_ONFAULT), 0);
    CHECK_EQ(munlock(memory, 4 * PAGE), 0);
    CHECK_ERRNO(mlockall(0), EINVAL);
    CHECK_EQ(munlockall(), 0);
    CHECK_EQ(munmap(memory + 2 * PAGE, PAGE), 0);
    CHECK_ERRNO(mincore(memory, 4 * PAGE, present), ENOMEM);
    CHECK_ERRNO(mlock(memory, 4 * PAGE), ENOMEM);
    CHECK_ERRNO(msync(memory, 4 * PAGE, MS_SYNC), ENOMEM);
    CHECK_ERRNO(msync(memory, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    CHECK_ERRNO(msync(memory, PAGE, 1 << 10), EINVAL);
    CHECK_ERRNO(msync(memory + 1, PAGE, MS_SYNC), EINVAL);
    CHECK_EQ(msync(memory, PAGE, MS_ASYNC), 0);
    munmap(memory, 1024 * PAGE);
}
CASE(program_break) {
    char* start = sbrk(0);
    CHECK(start != (void*)-1);
    char* old = sbrk(300000);
    CHECK(old == start);
    CHECK(is_filled(old, 0, 300000));
    memset(old, 'x', 300000);
    CHECK(sbrk(-200000) == old + 300000);
    CHECK(is_filled(old, 'x', 100000));
    CHECK(sbrk(200000) != (void*)-1);
    // What was given back and taken again, beyond the last whole page, is zero.
    CHECK(is_filled(old + 104 * 1024, 0, 300000 - 104 * 1024));
    CHECK_EQ(brk(start), 0);
    CHECK(sbrk(0) == start);
    CHECK_EQ(syscall(SYS_brk, 1), (long)start);
}
CASE(limits_of_memory) {
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = {1ul << 30, 1ul << 30};
        if (setrlimit(RLIMIT_AS, &limit) != 0)
            _exit(1);
        void* memory = mmap(NULL, 4ul << 30, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
        if (memory != MAP_FAILED || errno != ENOMEM)
            _exit(2);
        memory = mmap(NULL, 1 << 20, RW, ANON, -1, 0);
        if (memory == MAP_FAILED)
            _exit(3);
        limit.rlim_cur = limit.rlim_max = 8 << 20;
        if (setrlimit(RLIMIT_DATA, &limit) != 0)
            _exit(4);
        memory = mmap(NULL, 64 << 20, RW, ANON, -1, 0);
        if (memory != MAP_FAILED || errno != ENOMEM)
            _exit(5);
        if (sbrk(64 << 20) != (void*)-1 || errno != ENOMEM)
            _exit(6);
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}
static int overflow(volatile int depth) {
    volatile char room[8192];
    room[0] = (char)depth;
    return depth == -1 ? 0 : overflow(depth + 1) + room[0];
}
CASE(stack_overflow_is_a_segmentation_fault) {
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        _exit(overflow(0));
    }
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGSEGV);
}
static void* use_stack(void* argument) {
    volatile char room[600000];
    for (size_t i = 0; i < sizeof room; i += PAGE)
        room[i] = 1;
    return room[PAGE] == 1 ? argument : NULL;
}
CASE(stacks_of_threads) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    CHECK_EQ(pthread_attr_setstacksize(&attributes, 1 << 20), 0);
    pthread_t threads[8];
    for (intptr_t i = 0; i < 8; i++)
        CHECK_EQ(pthread_create(&threads[i], &attributes, use_stack, (void*)(i + 1)), 0);
    for (intptr_t i = 0; i < 8; i++) {
        void* result;
        CHECK_EQ(pthread_join(threads[i], &result), 0);
        CHECK_EQ((intptr_t)result, i + 1);
    }
}
CASE(many_mappings) {
    enum { COUNT = 3000 };
    char* region = mmap(NULL, 2 * COUNT * PAGE, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < COUNT; i++)
        CHECK(mmap(region + 2 * i * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) ==
              region + 2 * i * PAGE);
    for (size_t i = 0; i < COUNT; i++)
        region[2 * i * PAGE] = (char)i;
    for (size_t i = 0; i < COUNT; i++)
        CHECK_EQ(region[2 * i * PAGE], (char)i);
    CHECK_EQ(mprotect(region, 2 * COUNT * PAGE, PROT_READ), 0);
    CHECK_EQ(munmap(region, 2 * COUNT * PAGE), 0);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
