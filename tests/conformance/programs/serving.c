// What servers do most: pieces over sockets, files sent to sockets, signals in the middle.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"

enum { kFileSize = 700001 };

static unsigned char pattern(size_t at) { return (unsigned char)(at * 7 + at / 251); }

static int pattern_file(void) {
    char name[] = "/tmp/serving-XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0);
    CHECK_EQ(unlink(name), 0);
    static unsigned char bytes[kFileSize];
    for (size_t i = 0; i < kFileSize; i++)
        bytes[i] = pattern(i);
    CHECK_EQ(write(fd, bytes, kFileSize), kFileSize);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static size_t drain(int fd, size_t at) {
    static unsigned char bytes[65536];
    ssize_t count;
    while ((count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        for (ssize_t i = 0; i < count; i++, at++)
            CHECK_EQ(bytes[i], pattern(at));
    return at;
}

CASE(sendfile_fills_a_socket_piece_by_piece) {
    int file = pattern_file(), pair[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    off_t offset = 1;
    size_t got = 1;
    int refused = 0;
    while (offset < kFileSize) {
        off_t before = offset;
        ssize_t sent = sendfile(pair[0], file, &offset, kFileSize);
        if (sent < 0) {
            CHECK_EQ(errno, EAGAIN);
            CHECK_EQ(offset, before);
            refused = 1;
            got = drain(pair[1], got);
            continue;
        }
        CHECK_EQ(offset, before + sent);
    }
    CHECK_EQ(refused, 1);
    CHECK_EQ(drain(pair[1], got), kFileSize);
    // With an offset of the caller's the file's own stays; without one it moves by what was sent.
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 0);
    CHECK_EQ(sendfile(pair[0], file, NULL, 1000), 1000);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 1000);
    CHECK_EQ(drain(pair[1], 0), 1000);
    CHECK_EQ(sendfile(pair[0], file, &offset, 10), 0);
    close(pair[0]), close(pair[1]), close(file);
}

CASE(sendfile_refuses_what_it_cannot_send) {
    int file = pattern_file(), pair[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    off_t negative = -1;
    CHECK_ERRNO(sendfile(pair[0], file, &negative, 1), EINVAL);
    CHECK_ERRNO(sendfile(pair[0], file, (off_t*)1, 1), EFAULT);
    CHECK_ERRNO(sendfile(file, pair[0], NULL, 1), EINVAL);
    close(pair[1]);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(sendfile(pair[0], file, NULL, 1), EPIPE);
    signal(SIGPIPE, SIG_DFL);
    close(pair[0]), close(file);
}

CASE(datagrams_without_addresses) {
    int pair[2];
    char bytes[16] = {0};
    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    CHECK_EQ(send(pair[0], "0123456789", 10, 0), 10);
    CHECK_EQ(send(pair[0], "", 0, 0), 0);
    CHECK_EQ(recv(pair[1], bytes, 4, MSG_PEEK | MSG_TRUNC), 10);
    CHECK_EQ(recv(pair[1], bytes, 4, 0), 4);
    CHECK_EQ(memcmp(bytes, "0123", 4), 0);
    CHECK_EQ(recv(pair[1], bytes, sizeof bytes, 0), 0);
    CHECK_ERRNO(recv(pair[1], bytes, sizeof bytes, MSG_DONTWAIT), EAGAIN);
    close(pair[1]);
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
    close(pair[0]);
}

static void on_alarm(int number) { (void)number; }

static void* send_pattern(void* argument) {
    int fd = *(int*)argument;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    unsigned char bytes[97];
    for (size_t at = 0; at < kFileSize;) {
        size_t step = kFileSize - at < sizeof bytes ? kFileSize - at : sizeof bytes;
        for (size_t i = 0; i < step; i++)
            bytes[i] = pattern(at + i);
        ssize_t sent = send(fd, bytes, step, 0);
        if (sent > 0)
            at += (size_t)sent;
    }
    shutdown(fd, SHUT_WR);
    return NULL;
}

// Reads are interrupted all the time, and every byte comes once.
static void read_among_signals(int flags) {
    int pair[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    struct itimerval timer = {{0, 200}, {0, 200}}, none = {{0, 0}, {0, 0}};
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, send_pattern, &pair[0]), 0);
    CHECK_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
    size_t at = 0;
    int failed = 0;
    for (;;) {
        unsigned char bytes[61];
        ssize_t count = read(pair[1], bytes, sizeof bytes);
        if (count == 0)
            break;
        if (count < 0 && errno == EINTR && !(flags & SA_RESTART))
            continue;
        failed |= count < 0;
        for (ssize_t i = 0; i < count; i++, at++)
            failed |= bytes[i] != pattern(at);
        if (failed)
            break;
    }
    setitimer(ITIMER_REAL, &none, NULL);
    if (failed)
        close(pair[1]);
    pthread_join(thread, NULL);
    close(pair[0]), close(pair[1]);
    signal(SIGALRM, SIG_DFL);
    CHECK_EQ(failed, 0);
    CHECK_EQ(at, kFileSize);
}
CASE(interrupted_reads_lose_nothing) { read_among_signals(0); }
CASE(restarted_reads_lose_nothing) { read_among_signals(SA_RESTART); }

int main(int argc, char** argv) { return run_cases(argc, argv); }
