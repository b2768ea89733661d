// Signals that the processor causes: what siginfo and the context say, and going on after them.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static volatile struct {
    int count, number, code;
    void *address, *ip, *cr2;
    long trap, error;
} seen;
static sigjmp_buf again;
static char* mended;

static void note(int number, siginfo_t* info, void* context) {
    ucontext_t* u = context;
    seen.count++;
    seen.number = number, seen.code = info->si_code, seen.address = info->si_addr;
    seen.ip = (void*)u->uc_mcontext.gregs[REG_RIP], seen.cr2 = (void*)u->uc_mcontext.gregs[REG_CR2];
    seen.trap = (long)u->uc_mcontext.gregs[REG_TRAPNO],
    seen.error = (long)u->uc_mcontext.gregs[REG_ERR];
}
static void note_and_jump(int number, siginfo_t* info, void* context) {
    note(number, info, context);
    siglongjmp(again, 1);
}
static void note_and_mend(int number, siginfo_t* info, void* context) {
    note(number, info, context);
    if (mprotect((void*)((uintptr_t)info->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE) != 0)
        _exit(99);
}
static void handle(int number, void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    CHECK_EQ(sigaction(number, &action, NULL), 0);
    seen.count = 0;
}

static volatile int sink;
#define FAULTS(signal_, statement)      \
    do {                                \
        handle(signal_, note_and_jump); \
        if (sigsetjmp(again, 1) == 0) { \
            statement;                  \
            FAIL("no fault");           \
        }                               \
        signal(signal_, SIG_DFL);       \
        CHECK_EQ(seen.count, 1);        \
        CHECK_EQ(seen.number, signal_); \
    } while (0)

CASE(where_nothing_is_mapped) {
    FAULTS(SIGSEGV, sink = *(volatile int*)0x1234);
    CHECK_EQ(seen.code, SEGV_MAPERR);
    CHECK(seen.address == (void*)0x1234 && seen.cr2 == (void*)0x1234);
    CHECK_EQ(seen.trap, 14);
    CHECK_EQ(seen.error, 4);
    FAULTS(SIGSEGV, *(volatile int*)0x2468 = 1);
    CHECK(seen.address == (void*)0x2468);
    CHECK_EQ(seen.error, 6);
}

CASE(where_the_access_is_not_allowed) {
    char* page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    FAULTS(SIGSEGV, *(volatile char*)(page + 4099) = 1);
    CHECK_EQ(seen.code, SEGV_ACCERR);
    CHECK(seen.address == page + 4099);
    CHECK_EQ(mprotect(page, 8192, PROT_NONE), 0);
    FAULTS(SIGSEGV, sink = *(volatile char*)(page + 5));
    CHECK_EQ(seen.code, SEGV_ACCERR);
    CHECK(seen.address == page + 5);
    CHECK_EQ(mprotect(page, 8192, PROT_READ), 0);
    FAULTS(SIGSEGV, ((void (*)(void))(page + 16))());
    CHECK_EQ(seen.code, SEGV_ACCERR);
    CHECK(seen.address == page + 16 && seen.ip == page + 16);
    munmap(page, 8192);
}

CASE(an_address_that_is_none) {
    FAULTS(SIGSEGV, sink = *(volatile int*)0x8000000000000000ul);
    CHECK_EQ(seen.code, SI_KERNEL);
    CHECK(seen.address == NULL);
}

CASE(behind_the_end_of_a_file) {
    int fd = open("short", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, 100), 0);
    char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(page != MAP_FAILED);
    CHECK_EQ(page[200], 0);
    FAULTS(SIGBUS, sink = *(volatile char*)(page + 4096 + 7));
    CHECK_EQ(seen.code, BUS_ADRERR);
    CHECK(seen.address == page + 4096 + 7);
    munmap(page, 8192);
    close(fd);
}

CASE(division_and_bad_instructions) {
    volatile int number = 7, zero = 0;
    FAULTS(SIGFPE, sink = number / zero);
    CHECK_EQ(seen.code, FPE_INTDIV);
    CHECK(seen.address == seen.ip);
    FAULTS(SIGILL, __asm__ volatile("ud2"));
    CHECK_EQ(seen.code, ILL_ILLOPN);
    CHECK(seen.address == seen.ip);
    handle(SIGTRAP, note);
    __asm__ volatile("int3");
    CHECK_EQ(seen.count, 1);
    CHECK_EQ(seen.code, SI_KERNEL);
}

CASE(a_handler_mends_and_the_program_goes_on) {
    mended = mmap(NULL, 64 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mended != MAP_FAILED);
    handle(SIGSEGV, note_and_mend);
    for (int i = 0; i < 64; i++)
        mended[i * 4096 + i] = (char)i;
    signal(SIGSEGV, SIG_DFL);
    CHECK_EQ(seen.count, 64);
    for (int i = 0; i < 64; i++)
        CHECK_EQ(mended[i * 4096 + i], i);
    munmap(mended, 64 * 4096);
}

static int depth(volatile int n) {
    char large[1000];
    __asm__ volatile("" : : "r"(large) : "memory");
    return n < 0 ? 0 : n + depth(n + 1) + large[5];
}
static void* overflow(void* result) {
    static char other[65536];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
    sigaltstack(&stack, NULL);
    if (sigsetjmp(again, 1) == 0)
        sink = depth(0);
    *(int*)result = seen.count;
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    return NULL;
}
CASE(a_stack_overflows_into_its_guard) {
    size_t size = 256 << 10;
    char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(mprotect(memory, 65536, PROT_NONE), 0);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    CHECK_EQ(pthread_attr_setstack(&attributes, memory + 65536, size - 65536), 0);
    handle(SIGSEGV, note_and_jump);
    int result = 0;
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, &attributes, overflow, &result), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    signal(SIGSEGV, SIG_DFL);
    CHECK_EQ(result, 1);
    CHECK_EQ(seen.code, SEGV_ACCERR);
    CHECK((char*)seen.address >= memory && (char*)seen.address < memory + 65536);
    munmap(memory, size);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
