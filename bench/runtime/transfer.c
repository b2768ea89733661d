// Whole files. usage: transfer FOLDER, which holds "sequential" and "random", 64 MiB each. Prints MiB/s.
#include <fcntl.h>
#include <unistd.h>

#include "rounds.h"

enum { kFile = 64 << 20, kStep = 64 << 10, kBlock = 4096, kPasses = 5 };
static char buffer[kStep];

static int open_in(const char* folder, const char* name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        perror(path);
        exit(1);
    }
    return fd;
}
static void check(long got, long wanted) {
    if (got != wanted) {
        fprintf(stderr, "transfer: %ld bytes instead of %ld\n", got, wanted);
        exit(1);
    }
}
static double read_all(int fd) {
    double start = now_ns();
    for (long at = 0; at < kFile; at += kStep)
        check(pread(fd, buffer, kStep, at), kStep);
    return 64 / ((now_ns() - start) / 1e9);
}
static double read_random(int fd) {
    unsigned state = 1;
    double start = now_ns();
    for (int i = 0; i < kFile / kBlock; i++) {
        state = state * 1664525 + 1013904223;
        check(pread(fd, buffer, kBlock, (long)(state >> 8) % (kFile / kBlock) * kBlock), kBlock);
    }
    return 64 / ((now_ns() - start) / 1e9);
}

int main(int argc, char** argv) {
    if (argc != 2)
        return 2;
    double again[kPasses];
    int fd = open_in(argv[1], "sequential");
    printf("read_64m_first %.1f\n", read_all(fd));
    for (int i = 0; i < kPasses; i++)
        again[i] = read_all(fd);
    printf("read_64m %.1f\n", median(again, kPasses));
    close(fd);
    fd = open_in(argv[1], "random");
    printf("random_4k_first %.1f\n", read_random(fd));
    for (int i = 0; i < kPasses; i++)
        again[i] = read_random(fd);
    printf("random_4k %.1f\n", median(again, kPasses));
    close(fd);
    return 0;
}
