// Pairs of UNIX sockets: streams and messages within a process, across processes, across deaths.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static const int kMessages[2] = {SOCK_SEQPACKET, SOCK_DGRAM};

static void wait_ok(pid_t child) {
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}
static int send_fd(int s, int fd, const char* text) {
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec v = {(void*)text, strlen(text)};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr* c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return (int)sendmsg(s, &m, 0);
}
// The descriptor, or -1 where none came; the text in b.
static int receive_fd(int s, char* b, size_t room, long* got) {
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec v = {b, room};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int fd = -1;
    long n = recvmsg(s, &m, 0);
    if (got)
        *got = n;
    struct cmsghdr* c = n >= 0 ? CMSG_FIRSTHDR(&m) : NULL;
    if (c != NULL)
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}
static unsigned char pattern(uint64_t at) {
    return (unsigned char)(at * 31 + (at >> 8) * 7 + (at >> 16));
}
static int write_pattern(int s, uint64_t from, uint64_t count, uint64_t step) {
    static unsigned char b[70000];
    for (uint64_t done = 0; done < count;) {
        uint64_t size = count - done < step ? count - done : step;
        for (uint64_t i = 0; i < size; i++)
            b[i] = pattern(from + done + i);
        for (uint64_t put = 0; put < size;) {
            ssize_t n = write(s, b + put, size - put);
            if (n <= 0)
                return -1;
            put += (uint64_t)n;
        }
        done += size;
    }
    return 0;
}
static int read_pattern(int s, uint64_t from, uint64_t count, uint64_t step) {
    static unsigned char b[70000];
    for (uint64_t done = 0; done < count;) {
        ssize_t n = read(s, b, count - done < step ? count - done : step);
        if (n <= 0)
            return -1;
        for (ssize_t i = 0; i < n; i++)
            if (b[i] != pattern(from + done + (uint64_t)i))
                return -2;
        done += (uint64_t)n;
    }
    return 0;
}

CASE(content_before_a_fork_is_read_after_it) {
    int s[2];
    char b[16] = {0};
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(write_pattern(s[0], 0, 100000, 9000), 0);
    CHECK_EQ(write(s[1], "up", 2), 2);
    pid_t child = fork();
    if (child == 0) {
        close(s[0]);
        if (read_pattern(s[1], 0, 150000, 777) != 0)
            _exit(1);
        _exit(write(s[1], "pered", 5) != 5);
    }
    close(s[1]);
    CHECK_EQ(write_pattern(s[0], 100000, 50000, 12345), 0);
    wait_ok(child);
    CHECK_EQ(recv(s[0], b, 7, MSG_WAITALL), 7);
    CHECK(strcmp(b, "uppered") == 0);
    CHECK_EQ(read(s[0], b, 1), 0);
    close(s[0]);
}

CASE(both_directions_at_once_between_processes) {
    enum { kSize = 600000 };
    int s[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    pid_t echo = fork();
    if (echo == 0) {
        static char b[20000];
        ssize_t n;
        close(s[0]);
        while ((n = read(s[1], b, sizeof b)) > 0)
            for (ssize_t put = 0, m; put < n; put += m)
                if ((m = write(s[1], b + put, (size_t)(n - put))) <= 0)
                    _exit(1);
        _exit(n != 0);
    }
    close(s[1]);
    pid_t writer = fork();
    if (writer == 0) {
        int bad = write_pattern(s[0], 0, kSize, 8191) != 0;
        _exit(bad || shutdown(s[0], SHUT_WR) != 0);
    }
    CHECK_EQ(read_pattern(s[0], 0, kSize, 5000), 0);
    char b;
    CHECK_EQ(read(s[0], &b, 1), 0);
    wait_ok(writer);
    wait_ok(echo);
    close(s[0]);
}

CASE(descriptors_stay_with_their_bytes) {
    int s[2], p[2];
    char b[64];
    long n;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(pipe(p), 0);
    for (int processes = 0; processes < 2; processes++) {
        pid_t child = processes ? fork() : 0;
        if (child == 0) {
            if (write(s[0], "aa", 2) != 2 || send_fd(s[0], p[0], "bb") != 2 ||
                send_fd(s[0], p[1], "cc") != 2 || write(s[0], "dd", 2) != 2)
                _exit(1);
            if (processes)
                _exit(0);
        } else {
            wait_ok(child);
        }
        int first = receive_fd(s[1], b, sizeof b, &n);
        CHECK_EQ(n, 4);
        CHECK(memcmp(b, "aabb", 4) == 0);
        CHECK(fcntl(first, F_GETFL) >= 0);
        CHECK_EQ(fcntl(first, F_GETFL) & O_ACCMODE, O_RDONLY);
        int second = receive_fd(s[1], b, sizeof b, &n);
        CHECK_EQ(n, 2);
        CHECK(memcmp(b, "cc", 2) == 0);
        CHECK_EQ(fcntl(second, F_GETFL) & O_ACCMODE, O_WRONLY);
        CHECK_EQ(read(s[1], b, sizeof b), 2);
        CHECK(memcmp(b, "dd", 2) == 0);
        CHECK_EQ(write(second, "q", 1), 1);
        CHECK_EQ(read(first, b, 4), 1);
        close(first), close(second);
    }
    close(s[0]), close(s[1]), close(p[0]), close(p[1]);
}

static void use_end(int end, int other, int type) {
    char b[16] = {0};
    CHECK_EQ(send(end, "out", 3, 0), 3);
    CHECK_EQ(recv(other, b, sizeof b, 0), 3);
    CHECK(strcmp(b, "out") == 0);
    CHECK_EQ(send(other, "in", 2, 0), 2);
    if (type != SOCK_STREAM)
        CHECK_EQ(send(other, "two", 3, 0), 3);
    CHECK_EQ(recv(end, b, sizeof b, 0), 2);
    CHECK(memcmp(b, "in", 2) == 0);
    if (type != SOCK_STREAM)
        CHECK_EQ(recv(end, b, sizeof b, 0), 3);
}
CASE(an_end_travels_within_the_process) {
    int types[3] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    for (int i = 0; i < 3; i++) {
        int s[2], t[2], copy;
        char b[4];
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
        CHECK_EQ(socketpair(AF_UNIX, types[i], 0, t), 0);
        CHECK_EQ(send(t[0], "old", 3, 0), 3);
        CHECK_EQ(send_fd(s[0], t[1], "x"), 1);
        copy = receive_fd(s[1], b, sizeof b, NULL);
        CHECK(copy >= 0);
        CHECK_EQ(recv(copy, b, 3, 0), 3);
        CHECK(memcmp(b, "old", 3) == 0);
        use_end(t[1], t[0], types[i]);
        use_end(copy, t[0], types[i]);
        use_end(t[1], t[0], types[i]);
        close(t[1]);
        use_end(copy, t[0], types[i]);
        close(copy), close(s[0]), close(s[1]), close(t[0]);
    }
}

CASE(an_end_travels_to_a_process_that_was_there_before) {
    int types[3] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    for (int i = 0; i < 3; i++) {
        int s[2], t[2];
        char b[8] = {0};
        CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
        pid_t child = fork();
        if (child == 0) {
            close(s[0]);
            int end = receive_fd(s[1], b, sizeof b, NULL);
            if (end < 0 || recv(end, b, 5, 0) != 5 || memcmp(b, "early", 5) != 0)
                _exit(1);
            if (send(end, "reply", 5, 0) != 5 || recv(end, b, 4, 0) != 4 || memcmp(b, "late", 4))
                _exit(2);
            pid_t grandchild = fork();
            if (grandchild == 0)
                _exit(send(end, "deep", 4, 0) != 4);
            int status = 1;
            waitpid(grandchild, &status, 0);
            _exit(status != 0);
        }
        close(s[1]);
        CHECK_EQ(socketpair(AF_UNIX, types[i], 0, t), 0);
        CHECK_EQ(send(t[0], "early", 5, 0), 5);
        CHECK_EQ(send_fd(s[0], t[1], "e"), 1);
        close(t[1]);
        CHECK_EQ(recv(t[0], b, 5, 0), 5);
        CHECK(memcmp(b, "reply", 5) == 0);
        CHECK_EQ(send(t[0], "late", 4, 0), 4);
        CHECK_EQ(recv(t[0], b, 4, 0), 4);
        CHECK(memcmp(b, "deep", 4) == 0);
        wait_ok(child);
        if (types[i] != SOCK_DGRAM)
            CHECK_EQ(recv(t[0], b, 4, 0), 0);
        close(t[0]), close(s[0]);
    }
}

CASE(bad_memory_loses_no_byte_of_a_stream) {
    int s[2];
    char b[16] = {0};
    void* bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    for (int processes = 0; processes < 2; processes++) {
        if (processes)
            wait_ok(fork() ?: (_exit(0), 0));
        CHECK_EQ(write(s[0], "whole", 5), 5);
        CHECK_ERRNO(read(s[1], bad, 5), EFAULT);
        CHECK_ERRNO(write(s[0], bad, 5), EFAULT);
        CHECK_EQ(read(s[1], b, sizeof b), 5);
        CHECK(memcmp(b, "whole", 5) == 0);
        CHECK_ERRNO(recv(s[1], b, 1, MSG_DONTWAIT), EAGAIN);
    }
    close(s[0]), close(s[1]);
}

CASE(vectors_and_their_parts) {
    int s[2];
    char a[3], b[4] = {0}, c[8] = {0};
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    struct iovec out[3] = {{"one", 3}, {"", 0}, {"three", 5}};
    struct iovec in[3] = {{a, 3}, {b, 2}, {c, 8}};
    CHECK_EQ(writev(s[0], out, 3), 8);
    CHECK_EQ(readv(s[1], in, 3), 8);
    CHECK(memcmp(a, "one", 3) == 0 && strcmp(b, "th") == 0 && strcmp(c, "ree") == 0);
    CHECK_EQ(write(s[0], "", 0), 0);
    CHECK_EQ(send(s[0], "", 0, 0), 0);
    CHECK_EQ(read(s[1], a, 0), 0);
    CHECK_ERRNO(recv(s[1], a, 1, MSG_DONTWAIT), EAGAIN);
    close(s[0]), close(s[1]);
}

CASE(peeking_leaves_everything) {
    int s[2], waiting;
    char b[16] = {0};
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    for (int processes = 0; processes < 2; processes++) {
        pid_t child = processes ? fork() : 0;
        if (child == 0) {
            CHECK_EQ(send(s[0], "peekaboo", 8, 0), 8);
            if (processes)
                _exit(0);
        } else {
            wait_ok(child);
        }
        CHECK_EQ(recv(s[1], b, 4, MSG_PEEK), 4);
        CHECK_EQ(recv(s[1], b, 16, MSG_PEEK), 8);
        CHECK(memcmp(b, "peekaboo", 8) == 0);
        CHECK_EQ(ioctl(s[1], FIONREAD, &waiting), 0);
        CHECK_EQ(waiting, 8);
        CHECK_EQ(recv(s[1], b, 16, 0), 8);
        CHECK(memcmp(b, "peekaboo", 8) == 0);
        CHECK_EQ(ioctl(s[1], FIONREAD, &waiting), 0);
        CHECK_EQ(waiting, 0);
    }
    close(s[0]), close(s[1]);
}

CASE(time_limits_of_both_directions) {
    int s[2];
    static char block[100000];
    struct timeval t = {0, 20000};
    for (int i = 0; i < 3; i++) {
        int types[3] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
        CHECK_EQ(socketpair(AF_UNIX, types[i], 0, s), 0);
        CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t), 0);
        CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), 0);
        CHECK_ERRNO(read(s[0], block, 1), EAGAIN);
        long n, sum = 0, got = 0;
        while ((n = write(s[0], block, i ? 1000 : sizeof block)) > 0)
            sum += n;
        CHECK_EQ(errno, EAGAIN);
        while ((n = recv(s[1], block, sizeof block, MSG_DONTWAIT)) > 0)
            got += n;
        CHECK_EQ(got, sum);
        close(s[0]), close(s[1]);
    }
}

CASE(nonblocking_belongs_to_the_end_everywhere) {
    int s[2];
    char b;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(fcntl(s[0], F_SETFL, O_NONBLOCK) != 0);
    wait_ok(child);
    CHECK(fcntl(s[0], F_GETFL) & O_NONBLOCK);
    CHECK(!(fcntl(s[1], F_GETFL) & O_NONBLOCK));
    CHECK_ERRNO(read(s[0], &b, 1), EAGAIN);
    static char block[65536];
    long n, sum = 0;
    while ((n = write(s[0], block, sizeof block)) > 0)
        sum += n;
    CHECK_EQ(errno, EAGAIN);
    CHECK(sum > 65536);
    close(s[0]), close(s[1]);
}

CASE(unread_bytes_reset_the_other_end) {
    int s[2];
    char b[8];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(send(s[0], "lost", 4, 0), 4);
    CHECK_EQ(send(s[1], "kept", 4, 0), 4);
    close(s[1]);
    CHECK_EQ(recv(s[0], b, 8, 0), 4);
    CHECK(memcmp(b, "kept", 4) == 0);
    CHECK_ERRNO(recv(s[0], b, 1, 0), ECONNRESET);
    CHECK_EQ(recv(s[0], b, 1, 0), 0);
    close(s[0]);
}

CASE(a_larger_send_buffer_holds_more) {
    static char block[65536];
    for (int processes = 0; processes < 2; processes++) {
        int s[2], size = 150000;
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
        if (processes)
            wait_ok(fork() ?: (_exit(0), 0));
        uint64_t usual = 0, put = 0;
        ssize_t n;
        while ((n = write(s[1], block, sizeof block)) > 0)
            usual += (uint64_t)n;
        CHECK_EQ(write_pattern(s[0], 0, 20000, 3000), 0);
        CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
        for (put = 20000;; put += (uint64_t)n) {
            for (unsigned i = 0; i < 5000; i++)
                block[i] = (char)pattern(put + i);
            if ((n = write(s[0], block, 5000)) <= 0)
                break;
        }
        CHECK_EQ(errno, EAGAIN);
        CHECK(put > usual);
        CHECK_EQ(read_pattern(s[1], 0, put, 60000), 0);
        CHECK_ERRNO(read(s[1], block, 1), EAGAIN);
        close(s[0]), close(s[1]);
    }
}

CASE(files_go_into_a_pair) {
    int s[2], p[2], in = open("in", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char b[16];
    off_t at = 3;
    CHECK_EQ(write(in, "0123456789", 10), 10);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(sendfile(s[0], in, &at, 5), 5);
    CHECK_EQ(read(s[1], b, 16), 5);
    CHECK(memcmp(b, "34567", 5) == 0);
    CHECK_ERRNO(sendfile(in, s[0], NULL, 1), EINVAL);
    CHECK_EQ(pipe(p), 0);
    close(in), close(s[0]), close(s[1]), close(p[0]), close(p[1]);
    unlink("in");
}

CASE(edge_triggered_readiness) {
    int s[2], e = epoll_create1(0);
    char b[8];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP};
    CHECK_EQ(epoll_ctl(e, EPOLL_CTL_ADD, s[0], &event), 0);
    CHECK_EQ(epoll_wait(e, &event, 1, 1000), 1);
    CHECK_EQ(event.events, EPOLLOUT);
    CHECK_EQ(epoll_wait(e, &event, 1, 0), 0);
    CHECK_EQ(write(s[1], "ab", 2), 2);
    CHECK_EQ(epoll_wait(e, &event, 1, 1000), 1);
    CHECK_EQ(event.events, EPOLLIN | EPOLLOUT);
    CHECK_EQ(read(s[0], b, 1), 1);
    CHECK_EQ(write(s[1], "c", 1), 1);
    CHECK_EQ(epoll_wait(e, &event, 1, 1000), 1);
    CHECK_EQ(read(s[0], b, 8), 2);
    close(s[1]);
    CHECK_EQ(epoll_wait(e, &event, 1, 1000), 1);
    CHECK_EQ(event.events, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
    close(e), close(s[0]);
}

CASE(many_processes_take_every_byte_once) {
    int s[2], out[2];
    pid_t child[3];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(pipe(out), 0);
    for (int i = 0; i < 3; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            close(s[1]);
            unsigned char b[40];
            unsigned sums[256] = {0};
            long n;
            while ((n = read(s[0], b, (size_t)(1 + i * 13))) > 0)
                for (long j = 0; j < n; j++)
                    sums[b[j]]++;
            _exit(write(out[1], sums, sizeof sums) != sizeof sums);
        }
    }
    unsigned char block[1000];
    unsigned wanted[256] = {0}, sums[3][256];
    for (int i = 0; i < 60; i++) {
        for (unsigned j = 0; j < sizeof block; j++)
            block[j] = (unsigned char)(i * 7 + (int)j), wanted[block[j]]++;
        CHECK_EQ(write(s[1], block, sizeof block), sizeof block);
    }
    close(s[1]);
    for (int i = 0; i < 3; i++)
        wait_ok(child[i]);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(read(out[0], sums[i], sizeof sums[i]), sizeof sums[i]);
    for (int i = 0; i < 256; i++)
        CHECK_EQ(sums[0][i] + sums[1][i] + sums[2][i], wanted[i]);
    close(s[0]), close(out[0]), close(out[1]);
}

// Bytes are all of one of the writers' letters, in any mixture.
CASE(writers_killed_at_any_moment_leave_whole_bytes) {
    for (int round = 0; round < 12; round++) {
        int s[2], letters = 0;
        pid_t child[2];
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
        for (int i = 0; i < 2; i++) {
            child[i] = fork();
            if (child[i] == 0) {
                char block[3000];
                memset(block, 'a' + i, sizeof block);
                close(s[0]);
                while (write(s[1], block, sizeof block) > 0)
                    ;
                _exit(1);
            }
        }
        close(s[1]);
        char b[1000];
        ssize_t n;
        for (int count = 0; (n = read(s[0], b, sizeof b)) > 0; count++) {
            if (count == 20 + round * 17)
                kill(child[0], SIGKILL);
            if (count == 300 + round * 17)
                kill(child[1], SIGKILL);
            for (ssize_t j = 0; j < n; j++) {
                CHECK(b[j] == 'a' || b[j] == 'b');
                letters |= count > 250 && b[j] == 'b';
            }
        }
        CHECK_EQ(n, 0);
        CHECK(letters);
        for (int i = 0; i < 2; i++)
            CHECK_EQ(waitpid(child[i], NULL, 0), child[i]);
        close(s[0]);
    }
}

CASE(a_reader_killed_at_any_moment_leaves_the_rest) {
    for (int round = 0; round < 12; round++) {
        int s[2];
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
        pid_t reader = fork();
        if (reader == 0) {
            char b[700];
            close(s[0]);
            while (read(s[1], b, sizeof b) > 0)
                ;
            _exit(1);
        }
        pid_t writer = fork();
        if (writer == 0) {
            close(s[1]);
            _exit(write_pattern(s[0], 0, 400000, 4000) != 0);
        }
        close(s[0]);
        usleep((useconds_t)(300 + round * 150));
        kill(reader, SIGKILL);
        CHECK_EQ(waitpid(reader, NULL, 0), reader);
        // What is left follows on: the next byte tells where it stands, up to the pattern's period.
        unsigned char b[2000];
        ssize_t n;
        long sum = 0;
        unsigned char tail[8] = {0};
        while ((n = read(s[1], b, sizeof b)) > 0) {
            sum += n;
            for (ssize_t i = 0; i < n; i++)
                memmove(tail, tail + 1, 7), tail[7] = b[i];
        }
        CHECK_EQ(n, 0);
        wait_ok(writer);
        CHECK(sum <= 400000);
        if (sum >= 8)
            for (unsigned i = 0; i < 8; i++)
                CHECK_EQ(tail[i], pattern(400000 - 8 + i));
        close(s[1]);
    }
}

CASE(messages_of_every_size) {
    static unsigned char out[120000], in[120000];
    for (unsigned i = 0; i < sizeof out; i++)
        out[i] = pattern(i);
    size_t sizes[] = {0, 1, 15, 16, 17, 255, 4096, 4097, 65536, 120000};
    for (int kind = 0; kind < 2; kind++) {
        int s[2];
        CHECK_EQ(socketpair(AF_UNIX, kMessages[kind], 0, s), 0);
        for (int processes = 0; processes < 2; processes++) {
            for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                pid_t child = processes ? fork() : 0;
                if (child == 0) {
                    CHECK_EQ(send(s[0], out, sizes[i], 0), sizes[i]);
                    if (processes)
                        _exit(0);
                } else {
                    wait_ok(child);
                }
                memset(in, 0, sizeof in);
                CHECK_EQ(recv(s[1], in, sizeof in, 0), sizes[i]);
                CHECK(memcmp(in, out, sizes[i]) == 0);
            }
        }
        static char huge[1 << 22];
        CHECK_ERRNO(send(s[0], huge, sizeof huge, 0), EMSGSIZE);
        CHECK_ERRNO(recv(s[1], in, 1, MSG_DONTWAIT), EAGAIN);
        close(s[0]), close(s[1]);
    }
}

CASE(sizes_and_cuts_of_messages) {
    for (int kind = 0; kind < 2; kind++) {
        int s[2], waiting = -1;
        char b[16];
        CHECK_EQ(socketpair(AF_UNIX, kMessages[kind], 0, s), 0);
        CHECK_EQ(ioctl(s[1], FIONREAD, &waiting), 0);
        CHECK_EQ(waiting, 0);
        CHECK_EQ(send(s[0], "a message", 9, 0), 9);
        CHECK_EQ(ioctl(s[1], FIONREAD, &waiting), 0);
        CHECK_EQ(waiting, 9);
        CHECK_EQ(recv(s[1], b, 0, MSG_PEEK | MSG_TRUNC), 9);
        CHECK_EQ(recv(s[1], b, 4, MSG_PEEK | MSG_TRUNC), 9);
        struct iovec v[2] = {{b, 2}, {b + 2, 5}};
        struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
        CHECK_EQ(recvmsg(s[1], &m, MSG_PEEK), 7);
        CHECK_EQ(m.msg_flags & MSG_TRUNC, MSG_TRUNC);
        CHECK(memcmp(b, "a messa", 7) == 0);
        v[1].iov_len = 14;
        CHECK_EQ(recvmsg(s[1], &m, 0), 9);
        CHECK_EQ(m.msg_flags & MSG_TRUNC, 0);
        CHECK_EQ(read(s[0], b, 0), 0);
        close(s[0]), close(s[1]);
    }
}

CASE(ends_of_messages) {
    int s[2];
    char b;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
    CHECK_EQ(send(s[0], "x", 1, 0), 1);
    CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
    CHECK_ERRNO(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(recv(s[1], &b, 1, 0), 1);
    CHECK_EQ(recv(s[1], &b, 1, 0), 0);
    close(s[0]);
    CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    close(s[1]);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
    CHECK_EQ(send(s[0], "y", 1, 0), 1);
    close(s[0]);
    CHECK_EQ(recv(s[1], &b, 1, 0), 1);
    CHECK_ERRNO(recv(s[1], &b, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
    close(s[1]);
}

CASE(descriptors_go_with_messages) {
    for (int kind = 0; kind < 2; kind++) {
        int s[2], p[2];
        char b[8];
        long n;
        CHECK_EQ(socketpair(AF_UNIX, kMessages[kind], 0, s), 0);
        CHECK_EQ(pipe(p), 0);
        pid_t child = fork();
        if (child == 0)
            _exit(send(s[0], "plain", 5, 0) != 5 || send_fd(s[0], p[1], "fd") != 2);
        wait_ok(child);
        CHECK_EQ(receive_fd(s[1], b, sizeof b, &n), -1);
        CHECK_EQ(n, 5);
        int fd = receive_fd(s[1], b, 1, &n);
        CHECK_EQ(n, 1);
        CHECK_EQ(write(fd, "through", 7), 7);
        CHECK_EQ(read(p[0], b, 8), 7);
        close(fd), close(s[0]), close(s[1]), close(p[0]), close(p[1]);
    }
}

CASE(a_full_queue_of_messages_lets_the_sender_wait) {
    for (int kind = 0; kind < 2; kind++) {
        int s[2];
        char b[8];
        CHECK_EQ(socketpair(AF_UNIX, kMessages[kind], 0, s), 0);
        pid_t child = fork();
        if (child == 0) {
            close(s[1]);
            for (int i = 0; i < 500; i++)
                if (send(s[0], &i, sizeof i, 0) != sizeof i)
                    _exit(1);
            _exit(0);
        }
        usleep(10000);
        for (int i = 0; i < 500; i++) {
            int got = -1;
            CHECK_EQ(recv(s[1], &got, sizeof got, 0), sizeof got);
            CHECK_EQ(got, i);
        }
        wait_ok(child);
        int put = 0;
        while (send(s[0], "f", 1, MSG_DONTWAIT) == 1)
            put++;
        CHECK_EQ(errno, EAGAIN);
        while (recv(s[1], b, 8, MSG_DONTWAIT) == 1)
            put--;
        CHECK_EQ(put, 0);
        close(s[0]), close(s[1]);
    }
}

// Several senders, several receivers: every message once.
CASE(many_processes_share_messages) {
    enum { kEach = 300 };
    for (int kind = 0; kind < 2; kind++) {
        int s[2], out[2];
        pid_t sender[2], receiver[2];
        unsigned char seen[2][kEach] = {{0}}, total[2][kEach] = {{0}};
        CHECK_EQ(socketpair(AF_UNIX, kMessages[kind], 0, s), 0);
        CHECK_EQ(pipe(out), 0);
        for (int i = 0; i < 2; i++) {
            receiver[i] = fork();
            if (receiver[i] == 0) {
                int m[2];
                while (recv(s[1], m, sizeof m, 0) == sizeof m && m[0] < 2)
                    seen[m[0]][m[1]]++;
                _exit(write(out[1], seen, sizeof seen) != sizeof seen);
            }
        }
        for (int i = 0; i < 2; i++) {
            sender[i] = fork();
            if (sender[i] == 0) {
                for (int j = 0; j < kEach; j++) {
                    int m[2] = {i, j};
                    if (send(s[0], m, sizeof m, 0) != sizeof m)
                        _exit(1);
                }
                _exit(0);
            }
        }
        for (int i = 0; i < 2; i++)
            wait_ok(sender[i]);
        for (int i = 0; i < 2; i++) {
            int over[2] = {2, 0};
            CHECK_EQ(send(s[0], over, sizeof over, 0), sizeof over);
        }
        for (int i = 0; i < 2; i++) {
            wait_ok(receiver[i]);
            CHECK_EQ(read(out[0], seen, sizeof seen), sizeof seen);
            for (int j = 0; j < 2 * kEach; j++)
                total[j / kEach][j % kEach] =
                    (unsigned char)(total[j / kEach][j % kEach] + seen[j / kEach][j % kEach]);
        }
        for (int j = 0; j < 2 * kEach; j++)
            CHECK_EQ(total[j / kEach][j % kEach], 1);
        close(s[0]), close(s[1]), close(out[0]), close(out[1]);
    }
}

enum { kPerThread = 400 };
static void* send_numbers(void* argument) {
    int* fds = argument;
    for (int i = 0; i < kPerThread; i++)
        if (send(fds[0], &i, sizeof i, 0) != sizeof i)
            return argument;
    return NULL;
}
static void* receive_numbers(void* argument) {
    int* fds = argument;
    long sum = 0;
    for (int i = 0; i < kPerThread; i++) {
        int got = 0;
        if (recv(fds[1], &got, sizeof got, 0) != sizeof got)
            return (void*)-1;
        sum += got;
    }
    return (void*)sum;
}
CASE(threads_share_both_ends) {
    int types[3] = {SOCK_SEQPACKET, SOCK_DGRAM, SOCK_STREAM};
    for (int i = 0; i < 3; i++) {
        int s[2];
        pthread_t t[6];
        CHECK_EQ(socketpair(AF_UNIX, types[i], 0, s), 0);
        for (int j = 0; j < 6; j++)
            CHECK_EQ(pthread_create(&t[j], NULL, j % 2 ? send_numbers : receive_numbers, s), 0);
        long sum = 0;
        for (int j = 0; j < 6; j++) {
            void* result;
            pthread_join(t[j], &result);
            if (j % 2)
                CHECK(result == NULL);
            else
                sum += (long)result;
        }
        CHECK_EQ(sum, 3L * kPerThread * (kPerThread - 1) / 2);
        close(s[0]), close(s[1]);
    }
}

static void nothing(int number) {
    (void)number;
}
CASE(a_signal_ends_a_wait) {
    for (int i = 0; i < 3; i++) {
        int types[3] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}, s[2];
        static char block[4000];
        sigaction(SIGALRM, &(struct sigaction){.sa_handler = nothing}, NULL);
        CHECK_EQ(socketpair(AF_UNIX, types[i], 0, s), 0);
        ualarm(20000, 0);
        CHECK_ERRNO(recv(s[0], block, 1, 0), EINTR);
        while (send(s[0], block, sizeof block, MSG_DONTWAIT) > 0)
            ;
        ualarm(20000, 0);
        CHECK_ERRNO(send(s[0], block, sizeof block, 0), EINTR);
        close(s[0]), close(s[1]);
    }
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
