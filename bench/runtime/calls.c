// Single system calls. usage: calls FILE [NAME...]: all rows, or those that are named (then nothing is written)
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rounds.h"

static const char* path;
static int file = -1, scratch = -1;
static char buffer[4096];

static void check(int good) {
    if (!good) {
        perror("calls");
        exit(1);
    }
}
static void call_getppid(void) { (void)getppid(); }
static void call_bare(void) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_getppid) : "rcx", "r11", "memory");
}
static void call_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
}
static void call_read(void) { check(pread(file, buffer, sizeof buffer, 8192) == sizeof buffer); }
static void call_write(void) { check(pwrite(scratch, buffer, sizeof buffer, 0) == sizeof buffer); }
static void call_open(void) {
    int fd = open(path, O_RDONLY);
    check(fd >= 0);
    close(fd);
}
static void call_stat(void) {
    struct stat now;
    check(stat(path, &now) == 0);
}
static void call_mmap(void) {
    char* memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(memory != MAP_FAILED);
    memory[0] = 1;
    munmap(memory, 65536);
}

static const struct {
    const char* name;
    long count;
    void (*call)(void);
} rows[] = {
    {"getppid", 20000, call_getppid}, {"getppid_bare", 5000, call_bare}, {"clock_gettime", 20000, call_clock},
    {"read_4k", 10000, call_read},    {"write_4k", 5000, call_write},    {"open_close", 3000, call_open},
    {"stat", 5000, call_stat},        {"mmap_munmap_64k", 2000, call_mmap},
};

int main(int argc, char** argv) {
    check(argc > 1);
    path = argv[1];
    check((file = open(path, O_RDONLY)) >= 0);
    if (argc == 2) {
        char name[4096];
        snprintf(name, sizeof name, "%s.scratch", path);
        check((scratch = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0 && unlink(name) == 0);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int wanted = argc == 2;
        for (int j = 2; j < argc; j++)
            wanted |= strcmp(argv[j], rows[i].name) == 0;
        if (wanted)
            measure(rows[i].name, rows[i].count, rows[i].call);
    }
    return 0;
}
