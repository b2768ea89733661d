// mprotect and mremap: rights, faults and their details, moving, growing and shrinking.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"
#include "faults.h"

#define PAGE 4096ul
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char* anonymous(size_t size) {
    return mmap(NULL, size, RW, ANON, -1, 0);
}
static int is_filled(const char* at, char with, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (at[i] != with)
            return 0;
    return 1;
}
static void fill_pages(char* at, size_t pages) {
    for (size_t i = 0; i < pages; i++)
        memset(at + i * PAGE, (int)('a' + i), PAGE);
}
static int has_pages(const char* at, size_t first, size_t pages) {
    for (size_t i = 0; i < pages; i++)
        if (!is_filled(at + i * PAGE, (char)('a' + first + i), PAGE))
            return 0;
    return 1;
}

CASE(rights_and_their_faults) {
    char* memory = anonymous(8 * PAGE);
    memset(memory, 'x', 8 * PAGE);
    CHECK_EQ(mprotect(memory + 2 * PAGE, 2 * PAGE, PROT_READ), 0);
    CHECK_EQ(touch(memory + 2 * PAGE + 5, 0), 0);
    CHECK_EQ(touch(memory + 2 * PAGE + 5, 1), SIGSEGV);
    CHECK_EQ(fault_code, SEGV_ACCERR);
    CHECK(fault_address == memory + 2 * PAGE + 5);
    CHECK_EQ(touch(memory + 4 * PAGE, 1), 0);
    CHECK_EQ(mprotect(memory + 2 * PAGE, PAGE, PROT_NONE), 0);
    CHECK_EQ(touch(memory + 2 * PAGE, 0), SIGSEGV);
    CHECK_EQ(fault_code, SEGV_ACCERR);
    CHECK_EQ(mprotect(memory, 8 * PAGE, RW), 0);
    CHECK(is_filled(memory + 2 * PAGE, 'x', PAGE));
    CHECK_EQ(touch(memory + 2 * PAGE, 1), 0);
    CHECK_ERRNO(mprotect(memory + 1, PAGE, PROT_READ), EINVAL);
    CHECK_ERRNO(mprotect(memory, PAGE, 0x40), EINVAL);
    CHECK_EQ(mprotect(memory, 0, PROT_READ), 0);
    CHECK_EQ(munmap(memory + PAGE, PAGE), 0);
    CHECK_ERRNO(mprotect(memory, 4 * PAGE, PROT_READ), ENOMEM);
    munmap(memory, 8 * PAGE);
    CHECK_ERRNO(mprotect(memory, PAGE, PROT_READ), ENOMEM);
}
CASE(untouched_pages_have_rights_too) {
    char* memory = mmap(NULL, 1024 * PAGE, PROT_NONE, ANON, -1, 0);
    CHECK_EQ(touch(memory + 500 * PAGE, 0), SIGSEGV);
    CHECK_EQ(mprotect(memory + 500 * PAGE, PAGE, PROT_READ), 0);
    CHECK_EQ(touch(memory + 500 * PAGE, 0), 0);
    CHECK_EQ(touch(memory + 500 * PAGE, 1), SIGSEGV);
    CHECK_EQ(touch(memory + 501 * PAGE, 0), SIGSEGV);
    CHECK_EQ(mprotect(memory, 1024 * PAGE, RW), 0);
    CHECK_EQ(touch(memory + 700 * PAGE, 1), 0);
    munmap(memory, 1024 * PAGE);
}

static char* repaired;
static volatile sig_atomic_t repairs;
static volatile uint64_t error_code, fault_cr2;
static void repair(int signal, siginfo_t* info, void* context) {
    (void)signal;
    ucontext_t* user = context;
    error_code = (uint64_t)user->uc_mcontext.gregs[REG_ERR];
    fault_cr2 = (uint64_t)user->uc_mcontext.gregs[REG_CR2];
    fault_code = info->si_code;
    fault_address = info->si_addr;
    repairs++;
    mprotect(repaired, PAGE, RW);
}
CASE(handler_repairs_and_details_are_right) {
    repaired = anonymous(PAGE);
    repaired[0] = 1;
    CHECK_EQ(mprotect(repaired, PAGE, PROT_READ), 0);
    struct sigaction action = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO}, old;
    sigaction(SIGSEGV, &action, &old);
    ((volatile char*)repaired)[17] = 5;
    CHECK_EQ(repairs, 1);
    CHECK_EQ(repaired[17], 5);
    CHECK_EQ(fault_code, SEGV_ACCERR);
    CHECK_EQ(fault_cr2, (uint64_t)(repaired + 17));
    CHECK(fault_address == repaired + 17);
    CHECK_EQ(error_code & 7, 7);  // user, write, page present
    CHECK_EQ(mprotect(repaired, PAGE, PROT_NONE), 0);
    (void)((volatile char*)repaired)[100];
    CHECK_EQ(repairs, 2);
    CHECK_EQ(error_code & 6, 4);  // user, read
    sigaction(SIGSEGV, &old, NULL);
    munmap(repaired, PAGE);
}
CASE(code_made_at_run_time) {
    static const unsigned char answer[] = {0xb8, 42, 0, 0, 0, 0xc3};
    unsigned char* code = (unsigned char*)anonymous(PAGE);
    memcpy(code, answer, sizeof answer);
    CHECK_EQ(mprotect(code, PAGE, PROT_READ | PROT_EXEC), 0);
    CHECK_EQ(((int (*)(void))code)(), 42);
    CHECK_EQ(touch((char*)code, 1), SIGSEGV);
    CHECK_EQ(mprotect(code, PAGE, RW), 0);
    code[1] = 43;
    CHECK_EQ(mprotect(code, PAGE, PROT_READ | PROT_EXEC), 0);
    CHECK_EQ(((int (*)(void))code)(), 43);
    munmap(code, PAGE);
    code = mmap(NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0);
    CHECK(code != MAP_FAILED);
    memcpy(code, answer, sizeof answer);
    CHECK_EQ(((int (*)(void))code)(), 42);
    munmap(code, PAGE);
}
CASE(system_calls_obey_rights) {
    char* memory = anonymous(2 * PAGE);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(write(ends[1], "text", 4), 4);
    CHECK_EQ(mprotect(memory, PAGE, PROT_READ), 0);
    CHECK_ERRNO(read(ends[0], memory, 4), EFAULT);
    CHECK_EQ(mprotect(memory, PAGE, PROT_NONE), 0);
    CHECK_ERRNO(write(ends[1], memory, 1), EFAULT);
    CHECK_EQ(mprotect(memory, PAGE, RW), 0);
    close(ends[0]), close(ends[1]);
    munmap(memory, 2 * PAGE);
}

CASE(remap_shrinks_and_grows) {
    char* memory = anonymous(9 * PAGE);  // the last page stands in the way of growing
    fill_pages(memory, 9);
    CHECK(mremap(memory, 8 * PAGE, 4 * PAGE, 0) == memory);
    CHECK_EQ(touch(memory + 4 * PAGE, 0), SIGSEGV);
    CHECK(mremap(memory, 4 * PAGE, 8 * PAGE, 0) == memory);
    CHECK(has_pages(memory, 0, 4));
    CHECK(is_filled(memory + 4 * PAGE, 0, 4 * PAGE));
    CHECK_ERRNO((long)mremap(memory, 8 * PAGE, 16 * PAGE, 0), ENOMEM);
    char* moved = mremap(memory, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved != memory);
    CHECK(has_pages(moved, 0, 4));
    CHECK(is_filled(moved + 4 * PAGE, 0, 12 * PAGE));
    CHECK_EQ(touch(memory, 0), SIGSEGV);
    munmap(moved, 16 * PAGE);
    munmap(memory, 9 * PAGE);
}
CASE(remap_of_a_part) {
    char* memory = anonymous(8 * PAGE);
    fill_pages(memory, 8);
    char* moved = mremap(memory + 2 * PAGE, 3 * PAGE, 40 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED);
    CHECK(has_pages(moved, 2, 3));
    CHECK(has_pages(memory, 0, 2));
    CHECK_EQ(touch(memory + 2 * PAGE, 0), SIGSEGV);
    CHECK(has_pages(memory + 5 * PAGE, 5, 3));
    munmap(moved, 40 * PAGE);
    munmap(memory, 8 * PAGE);
}
CASE(remap_to_a_place) {
    char* memory = anonymous(4 * PAGE);
    char* target = anonymous(16 * PAGE);
    fill_pages(memory, 4);
    memset(target, 't', 16 * PAGE);
    char* at = target + 4 * PAGE;
    CHECK(mremap(memory, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at) == at);
    CHECK(has_pages(at, 0, 4));
    CHECK(is_filled(target, 't', 4 * PAGE) && is_filled(target + 8 * PAGE, 't', 8 * PAGE));
    CHECK_EQ(touch(memory, 0), SIGSEGV);
    CHECK_ERRNO((long)mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_FIXED, target), EINVAL);
    CHECK_ERRNO((long)mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + PAGE),
                EINVAL);
    CHECK_ERRNO((long)mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 1),
                EINVAL);
    munmap(target, 16 * PAGE);
}
CASE(remap_that_leaves_the_old_range) {
    char* memory = anonymous(4 * PAGE);
    fill_pages(memory, 4);
    char* moved = mremap(memory, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
    CHECK(moved != MAP_FAILED && moved != memory);
    CHECK(has_pages(moved, 0, 4));
    CHECK(is_filled(memory, 0, 4 * PAGE));
    memory[0] = 'n';
    CHECK_EQ(moved[0], 'a');
    CHECK_ERRNO((long)mremap(moved, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL),
                EINVAL);
    munmap(moved, 4 * PAGE);
    munmap(memory, 4 * PAGE);
}
CASE(remap_errors) {
    char* memory = anonymous(4 * PAGE);
    CHECK_ERRNO((long)mremap(memory + 1, PAGE, PAGE, 0), EINVAL);
    CHECK_ERRNO((long)mremap(memory, PAGE, 0, 0), EINVAL);
    CHECK_ERRNO((long)mremap(memory, PAGE, PAGE, 1 << 10), EINVAL);
    CHECK_EQ(munmap(memory + PAGE, PAGE), 0);
    CHECK_ERRNO((long)mremap(memory, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE), EFAULT);
    munmap(memory, 4 * PAGE);
    CHECK_ERRNO((long)mremap(memory, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
}
CASE(remap_keeps_rights_and_file) {
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char page[PAGE];
    for (int i = 0; i < 64; i++) {
        memset(page, 'a' + i % 26, PAGE);
        CHECK_EQ(write(fd, page, PAGE), (ssize_t)PAGE);
    }
    char* memory = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    char* moved = mremap(memory, 16 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED);
    for (int i = 63; i >= 0; i--)
        CHECK(is_filled(moved + (size_t)i * PAGE, (char)('a' + i % 26), PAGE));
    CHECK_EQ(touch(moved + 3 * PAGE, 1), SIGSEGV);
    munmap(moved, 64 * PAGE);
    close(fd);
}

static char* flipped;
static atomic_int finished, lost;
static void* count_in_page(void* argument) {
    (void)argument;
    for (int i = 0; i < 2000; i++) {
        volatile char* at = flipped + PAGE;
        char before = *at;
        *at = (char)(before + 1);
        if (*at != (char)(before + 1))
            atomic_fetch_add(&lost, 1);
    }
    atomic_store(&finished, 1);
    return NULL;
}
CASE(neighbours_change_while_a_thread_works) {
    flipped = anonymous(3 * PAGE);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, count_in_page, NULL), 0);
    while (!atomic_load(&finished)) {
        CHECK_EQ(mprotect(flipped, PAGE, PROT_NONE), 0);
        CHECK_EQ(mprotect(flipped, PAGE, RW), 0);
        CHECK_EQ(madvise(flipped + 2 * PAGE, PAGE, MADV_DONTNEED), 0);
    }
    pthread_join(thread, NULL);
    CHECK_EQ(lost, 0);
    munmap(flipped, 3 * PAGE);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
