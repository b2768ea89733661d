// A child does not keep open what only another thread of its parent was using: a peer sees the end
// as soon as the parent, too, has let go.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

extern char** environ;

enum kind { INET, UNIX, PIPE };
// ends[1] is waited at, ends[0] is the peer's.
static void connect_ends(enum kind kind, int ends[2]) {
    if (kind == UNIX) {
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    } else if (kind == PIPE) {
        int fds[2];
        CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
        ends[0] = fds[1], ends[1] = fds[0];
    } else {
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof at;
        CHECK_EQ(bind(listener, (struct sockaddr*)&at, sizeof at), 0);
        CHECK_EQ(listen(listener, 1), 0);
        CHECK_EQ(getsockname(listener, (struct sockaddr*)&at, &size), 0);
        ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK_EQ(connect(ends[0], (struct sockaddr*)&at, sizeof at), 0);
        ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        CHECK(ends[1] >= 0);
        close(listener);
    }
}

static void* reads(void* fd) {
    char byte;
    return read((int)(long)fd, &byte, 1) < 0 ? fd : NULL;
}
static void* polls(void* fd) {
    struct pollfd what = {(int)(long)fd, POLLIN, 0};
    poll(&what, 1, -1);
    return NULL;
}
static void* polls_with_epoll(void* fd) {
    struct epoll_event event = {.events = EPOLLIN};
    int set = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(set, EPOLL_CTL_ADD, (int)(long)fd, &event);
    epoll_wait(set, &event, 1, -1);
    close(set);
    return NULL;
}

static int sees_end(enum kind kind, int fd) {
    if (kind == PIPE) {
        signal(SIGPIPE, SIG_IGN);
        // The child takes its time to close what it has of the pipe.
        for (int i = 0; i < 500; i++, usleep(10000))
            if (write(fd, "y", 1) < 0)
                return errno == EPIPE;
        return 0;
    }
    struct pollfd what = {fd, POLLIN, 0};
    char byte;
    return poll(&what, 1, 5000) == 1 && (read(fd, &byte, 1) == 0 || errno == ECONNRESET);
}

enum how { FORK, SPAWN };
enum when { CLOSED_AFTER, CLOSED_BEFORE };
static void try(enum kind kind, void* (*waits)(void*), enum how how, enum when when) {
    int ends[2], hold[2];
    connect_ends(kind, ends);
    CHECK_EQ(pipe2(hold, O_CLOEXEC), 0);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, waits, (void*)(long)ends[1]), 0);
    usleep(50000);
    if (when == CLOSED_BEFORE)
        close(ends[1]);
    pid_t pid;
    if (how == FORK) {
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            char byte;
            close(ends[0]), close(hold[1]);
            if (when == CLOSED_AFTER)
                close(ends[1]);
            _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
        }
    } else {
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        if (when == CLOSED_AFTER)
            posix_spawn_file_actions_addclose(&actions, ends[1]);
        posix_spawn_file_actions_adddup2(&actions, hold[0], 0);
        char* arguments[] = {"cat", NULL};
        CHECK_EQ(posix_spawn(&pid, "/bin/cat", &actions, NULL, arguments, environ), 0);
    }
    CHECK_EQ(write(ends[0], "x", 1), 1);
    pthread_join(thread, NULL);
    if (when == CLOSED_AFTER)
        close(ends[1]);
    int seen = sees_end(kind, ends[0]);
    close(hold[1]), close(hold[0]), close(ends[0]);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK(seen);
}

CASE(read_of_a_socket) {
    try(INET, reads, FORK, CLOSED_AFTER);
    try(INET, reads, SPAWN, CLOSED_AFTER);
}
CASE(read_of_a_socket_without_descriptor) {
    try(INET, reads, FORK, CLOSED_BEFORE);
    try(INET, reads, SPAWN, CLOSED_BEFORE);
}
CASE(poll_of_a_socket) {
    try(INET, polls, FORK, CLOSED_AFTER);
    try(INET, polls, SPAWN, CLOSED_AFTER);
}
CASE(epoll_of_a_socket) {
    try(INET, polls_with_epoll, FORK, CLOSED_AFTER);
    try(INET, polls_with_epoll, SPAWN, CLOSED_AFTER);
}
CASE(read_of_a_pair) {
    try(UNIX, reads, FORK, CLOSED_AFTER);
    try(UNIX, reads, SPAWN, CLOSED_AFTER);
}
CASE(read_of_a_pair_without_descriptor) {
    try(UNIX, reads, FORK, CLOSED_BEFORE);
    try(UNIX, reads, SPAWN, CLOSED_BEFORE);
}
CASE(read_of_a_pipe) {
    try(PIPE, reads, FORK, CLOSED_AFTER);
    try(PIPE, reads, SPAWN, CLOSED_AFTER);
}
CASE(read_of_a_pipe_without_descriptor) {
    try(PIPE, reads, FORK, CLOSED_BEFORE);
    try(PIPE, reads, SPAWN, CLOSED_BEFORE);
}
CASE(polls_of_a_pipe) {
    try(PIPE, polls, FORK, CLOSED_AFTER);
    try(PIPE, polls, SPAWN, CLOSED_AFTER);
    try(PIPE, polls_with_epoll, FORK, CLOSED_AFTER);
    try(PIPE, polls_with_epoll, SPAWN, CLOSED_AFTER);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
