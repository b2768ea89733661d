// splice, tee, vmsplice, copy_file_range, sendfile: bytes that move between descriptors.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int file_with(const char* name, const char* text) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

CASE(splice_file_to_pipe_to_file) {
    int p[2], in = file_with("in", "0123456789"), out = file_with("out", "");
    char b[16] = {0};
    loff_t at = 2, to = 0;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(splice(in, &at, p[1], NULL, 5, SPLICE_F_MOVE), 5);
    CHECK_EQ(at, 7);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 10);
    CHECK_EQ(splice(p[0], NULL, out, &to, 100, 0), 5);
    CHECK_EQ(to, 5);
    CHECK_EQ(pread(out, b, 16, 0), 5);
    CHECK(strcmp(b, "23456") == 0);
    CHECK_EQ(splice(in, NULL, p[1], NULL, 5, 0), 0);
    close(in), close(out), close(p[0]), close(p[1]);
    unlink("in"), unlink("out");
}

CASE(splice_between_pipes_and_sockets) {
    int p[2], q[2], s[2];
    char b[16];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(pipe(q), 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(write(p[1], "abcdef", 6), 6);
    CHECK_EQ(splice(p[0], NULL, q[1], NULL, 4, 0), 4);
    CHECK_EQ(splice(q[0], NULL, s[0], NULL, 10, SPLICE_F_NONBLOCK), 4);
    CHECK_EQ(read(s[1], b, 16), 4);
    CHECK(memcmp(b, "abcd", 4) == 0);
    CHECK_ERRNO(splice(q[0], NULL, s[0], NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_EQ(write(s[1], "back", 4), 4);
    CHECK_EQ(splice(s[0], NULL, q[1], NULL, 10, 0), 4);
    close(q[1]);
    CHECK_EQ(splice(q[0], NULL, s[0], NULL, 10, 0), 4);
    CHECK_EQ(splice(q[0], NULL, s[0], NULL, 10, 0), 0);
    close(p[0]), close(p[1]), close(q[0]), close(s[0]), close(s[1]);
}

CASE(splice_errors) {
    int p[2], in = file_with("in", "x"), out = file_with("out", "");
    loff_t at = 0;
    CHECK_EQ(pipe(p), 0);
    CHECK_ERRNO(splice(in, NULL, out, NULL, 1, 0), EINVAL);
    CHECK_ERRNO(splice(in, NULL, p[1], &at, 1, 0), ESPIPE);
    CHECK_ERRNO(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL);
    CHECK_ERRNO(splice(p[1], NULL, out, NULL, 1, 0), EBADF);
    CHECK_ERRNO(splice(in, NULL, p[1], NULL, 1, 0x100), EINVAL);
    CHECK_EQ(splice(in, NULL, p[1], NULL, 0, 0), 0);
    close(in), close(out), close(p[0]), close(p[1]);
    unlink("in"), unlink("out");
}

CASE(tee_copies_and_leaves) {
    int p[2], q[2];
    char b[8];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(pipe(q), 0);
    CHECK_EQ(write(p[1], "tee", 3), 3);
    CHECK_EQ(tee(p[0], q[1], 2, 0), 2);
    CHECK_EQ(tee(p[0], q[1], 10, SPLICE_F_NONBLOCK), 3);
    CHECK_EQ(read(q[0], b, 8), 5);
    CHECK(memcmp(b, "tetee", 5) == 0);
    CHECK_EQ(read(p[0], b, 8), 3);
    CHECK(memcmp(b, "tee", 3) == 0);
    CHECK_ERRNO(tee(p[0], q[1], 10, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERRNO(tee(p[0], p[1], 10, 0), EINVAL);
    CHECK_ERRNO(tee(p[1], q[1], 10, 0), EBADF);
    close(p[1]);
    CHECK_EQ(tee(p[0], q[1], 10, 0), 0);
    close(p[0]), close(q[0]), close(q[1]);
}

// In and out of pipes and pairs that several processes have, with a sender that waits.
CASE(splice_through_processes) {
    enum { kSize = 300000 };
    int in[2], out[2], s[2];
    static unsigned char b[5000];
    CHECK_EQ(pipe(in), 0);
    CHECK_EQ(pipe(out), 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    pid_t writer = fork();
    if (writer == 0) {
        close(in[0]);
        for (unsigned done = 0; done < kSize; done += sizeof b) {
            for (unsigned i = 0; i < sizeof b; i++)
                b[i] = (unsigned char)((done + i) * 7 + ((done + i) >> 8));
            if (write(in[1], b, sizeof b) != sizeof b)
                _exit(1);
        }
        _exit(0);
    }
    close(in[1]);
    pid_t first = fork();
    if (first == 0) {
        ssize_t n;
        while ((n = splice(in[0], NULL, s[0], NULL, 7777, 0)) > 0)
            ;
        _exit(n != 0 || shutdown(s[0], SHUT_WR) != 0);
    }
    pid_t second = fork();
    if (second == 0) {
        ssize_t n;
        close(s[0]), close(out[0]);
        while ((n = splice(s[1], NULL, out[1], NULL, 100000, 0)) > 0)
            ;
        _exit(n != 0);
    }
    close(s[0]), close(s[1]), close(out[1]), close(in[0]);
    unsigned done = 0;
    for (ssize_t n; (n = read(out[0], b, sizeof b)) > 0; done += (unsigned)n)
        for (unsigned i = 0; i < (unsigned)n; i++)
            CHECK_EQ(b[i], (unsigned char)((done + i) * 7 + ((done + i) >> 8)));
    CHECK_EQ(done, kSize);
    pid_t children[3] = {writer, first, second};
    for (int i = 0; i < 3; i++) {
        int status = -1;
        CHECK_EQ(waitpid(children[i], &status, 0), children[i]);
        CHECK_EQ(status, 0);
    }
    close(out[0]);
}

CASE(splice_to_a_full_file_keeps_the_rest) {
    int p[2], full = open("/dev/full", O_WRONLY);
    char b[8];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "stays", 5), 5);
    CHECK(splice(p[0], NULL, full, NULL, 5, 0) < 0);
    CHECK_EQ(read(p[0], b, 8), 5);
    close(p[0]), close(p[1]), close(full);
}

CASE(vmsplice_both_ways) {
    int p[2];
    char b[8];
    CHECK_EQ(pipe(p), 0);
    struct iovec v[2] = {{"vm", 2}, {"splice", 6}};
    CHECK_EQ(vmsplice(p[1], v, 2, 0), 8);
    struct iovec in = {b, 8};
    CHECK_EQ(vmsplice(p[0], &in, 1, 0), 8);
    CHECK(memcmp(b, "vmsplice", 8) == 0);
    close(p[0]), close(p[1]);
}

CASE(copy_file_range_moves_positions) {
    int in = file_with("in", "0123456789"), out = file_with("out", "");
    char b[16] = {0};
    lseek(in, 3, SEEK_SET);
    CHECK_EQ(copy_file_range(in, NULL, out, NULL, 4, 0), 4);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 7);
    CHECK_EQ(lseek(out, 0, SEEK_CUR), 4);
    loff_t from = 0, to = 4;
    CHECK_EQ(copy_file_range(in, &from, out, &to, 100, 0), 10);
    CHECK_EQ(from, 10);
    CHECK_EQ(to, 14);
    CHECK_EQ(pread(out, b, 16, 0), 14);
    CHECK(strcmp(b, "34560123456789") == 0);
    CHECK_ERRNO(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL);
    int p[2];
    CHECK_EQ(pipe(p), 0);
    CHECK_ERRNO(copy_file_range(in, NULL, p[1], NULL, 1, 0), EINVAL);
    close(in), close(out), close(p[0]), close(p[1]);
    unlink("in"), unlink("out");
}

CASE(sendfile_to_files_and_pipes) {
    int p[2], in = file_with("in", "0123456789"), out = file_with("out", "");
    char b[16];
    off_t at = 4;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(sendfile(p[1], in, &at, 100), 6);
    CHECK_EQ(at, 10);
    CHECK_EQ(read(p[0], b, 16), 6);
    CHECK(memcmp(b, "456789", 6) == 0);
    lseek(in, 0, SEEK_SET);
    CHECK_EQ(sendfile(out, in, NULL, 3), 3);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 3);
    CHECK_EQ(pread(out, b, 16, 0), 3);
    CHECK_ERRNO(sendfile(in, p[0], NULL, 3), EINVAL);
    CHECK_ERRNO(sendfile(p[0], in, NULL, 3), EBADF);
    close(in), close(out), close(p[0]), close(p[1]);
    unlink("in"), unlink("out");
}

static void ignore_alarm(int number) {
    (void)number;
}
static void* count_slowly(void* socket) {
    static char bytes[16384];
    static long total;
    ssize_t got;
    while ((got = read(*(int*)socket, bytes, sizeof bytes)) > 0) {
        total += got;
        usleep(100);
    }
    return &total;
}
CASE(signals_lose_nothing) {
    enum { kRounds = 40, kPiece = 65536 };
    static char piece[kPiece];
    int p[2], s[2];
    pthread_t reader;
    sigset_t alarm_only;
    sigemptyset(&alarm_only), sigaddset(&alarm_only, SIGALRM);
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
    CHECK_EQ(pthread_create(&reader, NULL, count_slowly, &s[1]), 0);
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    fcntl(s[0], F_SETFL, O_NONBLOCK);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = ignore_alarm}, NULL);
    struct itimerval often = {{0, 500}, {0, 500}};
    setitimer(ITIMER_REAL, &often, NULL);
    for (int round = 0; round < kRounds; round++) {
        long in_pipe = 0;
        while (in_pipe < kPiece) {
            ssize_t put = write(p[1], piece, (size_t)(kPiece - in_pipe));
            CHECK(put > 0 || errno == EINTR);
            in_pipe += put > 0 ? put : 0;
        }
        while (in_pipe > 0) {
            ssize_t moved = splice(p[0], NULL, s[0], NULL, (size_t)in_pipe, SPLICE_F_NONBLOCK);
            CHECK(moved > 0 || errno == EINTR || errno == EAGAIN);
            in_pipe -= moved > 0 ? moved : 0;
            if (moved < 0 && errno == EAGAIN)
                poll(&(struct pollfd){s[0], POLLOUT, 0}, 1, 1000);
        }
    }
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    close(s[0]);
    void* total = NULL;
    CHECK_EQ(pthread_join(reader, &total), 0);
    CHECK_EQ(*(long*)total, (long)kRounds * kPiece);
    close(s[1]), close(p[0]), close(p[1]);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
