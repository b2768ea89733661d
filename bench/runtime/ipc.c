// Costs of passing a byte or a block between threads and processes, in nanoseconds: the median of
// 9 rounds. One row: NAME and the number.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#include "rounds.h"

enum { kTurns = 2000, kBlocks = 400, kBlock = 16384 };

static void check(int good) {
    if (!good)
        exit(1);
}
// fds: the echo reads [0] and writes [1].
static void* echo(void* argument) {
    int* fds = argument;
    char byte;
    while (read(fds[0], &byte, 1) == 1 && byte != 'q')
        check(write(fds[1], &byte, 1) == 1);
    return NULL;
}
static double turns(int in, int out) {
    char byte = 'x';
    double start = now_ns();
    for (int i = 0; i < kTurns; i++) {
        check(write(out, &byte, 1) == 1);
        check(read(in, &byte, 1) == 1);
    }
    return (now_ns() - start) / kTurns;
}
static void ping_pong(const char* name, int processes, int sockets) {
    int there[2], back[2];
    double rounds[kRounds];
    pthread_t thread;
    pid_t child = -1;
    if (sockets) {
        int pair[2];
        check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
        there[1] = back[0] = pair[0];
        there[0] = back[1] = pair[1];
    } else {
        check(pipe(there) == 0 && pipe(back) == 0);
    }
    int fds[2] = {there[0], back[1]};
    if (processes) {
        child = fork();
        if (child == 0) {
            echo(fds);
            _exit(0);
        }
    } else {
        check(pthread_create(&thread, NULL, echo, fds) == 0);
    }
    for (int i = 0; i < kRounds; i++)
        rounds[i] = turns(back[0], there[1]);
    check(write(there[1], "q", 1) == 1);
    if (processes)
        waitpid(child, NULL, 0);
    else
        pthread_join(thread, NULL);
    report(name, rounds);
}

static void blocks_to_a_process(void) {
    static char block[kBlock];
    double rounds[kRounds];
    for (int i = 0; i < kRounds; i++) {
        int p[2];
        check(pipe(p) == 0);
        pid_t child = fork();
        if (child == 0) {
            close(p[1]);
            while (read(p[0], block, sizeof block) > 0)
                ;
            _exit(0);
        }
        close(p[0]);
        double start = now_ns();
        for (int j = 0; j < kBlocks; j++)
            check(write(p[1], block, sizeof block) == sizeof block);
        close(p[1]);
        waitpid(child, NULL, 0);
        rounds[i] = (now_ns() - start) / kBlocks;
    }
    report("pipe_16k_to_process", rounds);
}

// What a server does for one request: epoll_wait, read, write; the peer is the same thread.
static void epoll_loop(void) {
    int pair[2], poller = epoll_create1(0);
    double rounds[kRounds];
    struct epoll_event event = {.events = EPOLLIN};
    char bytes[64] = {0};
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    check(epoll_ctl(poller, EPOLL_CTL_ADD, pair[0], &event) == 0);
    for (int i = 0; i < kRounds; i++) {
        double start = now_ns();
        for (int j = 0; j < kTurns; j++) {
            check(write(pair[1], bytes, 40) == 40);
            check(epoll_wait(poller, &event, 1, -1) == 1);
            check(read(pair[0], bytes, sizeof bytes) == 40);
            check(write(pair[0], bytes, 20) == 20);
            check(read(pair[1], bytes, sizeof bytes) == 20);
        }
        rounds[i] = (now_ns() - start) / kTurns;
    }
    report("epoll_read_write", rounds);
}

static void pipe_in_one_thread(void) {
    int p[2];
    double rounds[kRounds];
    char bytes[64] = {0};
    check(pipe(p) == 0);
    for (int i = 0; i < kRounds; i++) {
        double start = now_ns();
        for (int j = 0; j < kTurns; j++) {
            check(write(p[1], bytes, sizeof bytes) == sizeof bytes);
            check(read(p[0], bytes, sizeof bytes) == sizeof bytes);
        }
        rounds[i] = (now_ns() - start) / kTurns;
    }
    report("pipe_write_read", rounds);
}

int main(void) {
    pipe_in_one_thread();
    ping_pong("pipe_between_threads", 0, 0);
    ping_pong("socketpair_between_threads", 0, 1);
    epoll_loop();
    ping_pong("pipe_between_processes", 1, 0);
    ping_pong("socketpair_between_processes", 1, 1);
    blocks_to_a_process();
    return 0;
}
