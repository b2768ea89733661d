// Does one thing that makes code, and says "done" or why not.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern int linked(void);  // of a library that is measured
int own_code(void) {
    return 5;
}

static int failed(const char* what) {
    printf("%s: %s\n", what, strerror(errno));
    return 1;
}

static int open_library(const char* path) {
    void* library = dlopen(path, RTLD_NOW);
    if (!library) {
        printf("dlopen: %s\n", dlerror());
        return 1;
    }
    int (*function)(void) = (int (*)(void))dlsym(library, "loaded");
    printf("done %d\n", function ? function() : -1);
    return 0;
}

// mov $7, %eax; ret
static const unsigned char kCode[] = {0xb8, 7, 0, 0, 0, 0xc3};

static int run_code(void* memory) {
    int (*function)(void) = (int (*)(void))memory;
    printf("done %d\n", function());
    return 0;
}

static int anonymous(int late) {
    void* memory = mmap(0, 4096, PROT_READ | PROT_WRITE | (late ? 0 : PROT_EXEC),
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return failed("mmap");
    memcpy(memory, kCode, sizeof kCode);
    if (late && mprotect(memory, 4096, PROT_READ | PROT_EXEC))
        return failed("mprotect");
    return run_code(memory);
}

// A copy of the library that the program made, loaded from where it is.
static int copy_and_open(const char* from, const char* to) {
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (in < 0 || out < 0)
        return failed("open");
    char block[4096];
    for (ssize_t count; (count = read(in, block, sizeof block)) > 0;)
        if (write(out, block, (size_t)count) != count)
            return failed("write");
    return open_library(to);
}

static int map_file(const char* path, int late) {
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return failed("open");
    void* memory = mmap(0, 4096, PROT_READ | (late ? 0 : PROT_EXEC), MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED)
        return failed("mmap");
    if (late && mprotect(memory, 4096, PROT_READ | PROT_EXEC))
        return failed("mprotect");
    printf("done\n");
    return 0;
}

static int write_own_code(void) {
    unsigned long start = (unsigned long)&own_code & ~4095ul;
    if (mprotect((void*)start, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
        return failed("mprotect");
    printf("done %d\n", own_code());
    return 0;
}

static int read_whole(const char* path) {
    char block[4096];
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return failed("open");
    while (read(fd, block, sizeof block) > 0)
        ;
    close(fd);
    return 0;
}

// Reads a file whole, waits for a line on stdin, and reads it again.
static int read_twice(const char* path) {
    char byte;
    if (read_whole(path))
        return 1;
    printf("read\n");
    fflush(stdout);
    if (read(0, &byte, 1) != 1)
        return failed("read");
    if (read_whole(path))
        return 1;
    printf("done\n");
    return 0;
}

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "";
    const char* path = argc > 2 ? argv[2] : "";
    if (linked() != 3)
        return 2;
    if (!strcmp(what, "start"))
        return puts("done") < 0;
    if (!strcmp(what, "dlopen"))
        return open_library(path);
    if (!strcmp(what, "copy") && argc > 3)
        return copy_and_open(path, argv[3]);
    if (!strcmp(what, "map-file"))
        return map_file(path, 0);
    if (!strcmp(what, "map-file-late"))
        return map_file(path, 1);
    if (!strcmp(what, "anonymous"))
        return anonymous(0);
    if (!strcmp(what, "anonymous-late"))
        return anonymous(1);
    if (!strcmp(what, "own-code"))
        return write_own_code();
    if (!strcmp(what, "read"))
        return read_whole(path) || puts("done") < 0;
    if (!strcmp(what, "read-twice"))
        return read_twice(path);
    if (!strcmp(what, "exec")) {
        execl(path, path, "start", (char*)0);
        return failed("exec");
    }
    return 2;
}
