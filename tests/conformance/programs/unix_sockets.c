// UNIX sockets: kinds, names, messages, descriptors and credentials that travel.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void wait_ok(pid_t child) {
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}
static struct sockaddr_un name_of(const char* path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, path);
    return a;
}
static int send_fds(int s, const int* fds, int count, const char* text) {
    char control[CMSG_SPACE(sizeof(int) * 16)] = {0};
    struct iovec v = {(void*)text, strlen(text)};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count)};
    struct cmsghdr* c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)count);
    return (int)sendmsg(s, &m, 0);
}
static int receive_fds(int s, int* fds, int room, int flags, int* message_flags) {
    char control[CMSG_SPACE(sizeof(int) * 16)], b[64];
    struct iovec v = {b, sizeof b};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = CMSG_LEN(sizeof(int) * (size_t)room)};
    if (recvmsg(s, &m, flags) <= 0)
        return -1;
    if (message_flags)
        *message_flags = m.msg_flags;
    struct cmsghdr* c = CMSG_FIRSTHDR(&m);
    if (c == NULL)
        return 0;
    int count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds, CMSG_DATA(c), sizeof(int) * (size_t)count);
    return count;
}

CASE(stream_pair_both_ways) {
    int s[2];
    char b[16];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
    CHECK_EQ(fcntl(s[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(s[0], "hello", 5), 5);
    CHECK_EQ(send(s[1], "back", 4, 0), 4);
    CHECK_EQ(recv(s[1], b, 3, 0), 3);
    CHECK_EQ(read(s[1], b + 3, 10), 2);
    CHECK(memcmp(b, "hello", 5) == 0);
    CHECK_EQ(read(s[0], b, 10), 4);
    CHECK_ERRNO(lseek(s[0], 0, SEEK_SET), ESPIPE);
    close(s[0]);
    CHECK_EQ(read(s[1], b, 10), 0);
    CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    close(s[1]);
}

CASE(seqpacket_and_datagram_keep_messages) {
    int kinds[2] = {SOCK_SEQPACKET, SOCK_DGRAM}, s[2];
    char b[16];
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(socketpair(AF_UNIX, kinds[i], 0, s), 0);
        CHECK_EQ(send(s[0], "first", 5, 0), 5);
        CHECK_EQ(send(s[0], "second", 6, 0), 6);
        CHECK_EQ(send(s[0], "", 0, 0), 0);
        CHECK_EQ(send(s[0], "z", 1, 0), 1);
        CHECK_EQ(recv(s[1], b, 3, MSG_PEEK), 3);
        CHECK_EQ(recv(s[1], b, 3, MSG_TRUNC), 5);
        CHECK(memcmp(b, "fir", 3) == 0);
        struct iovec v = {b, 4};
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
        CHECK_EQ(recvmsg(s[1], &m, 0), 4);
        CHECK(m.msg_flags & MSG_TRUNC);
        CHECK_EQ(recv(s[1], b, 16, 0), 0);
        CHECK_EQ(recv(s[1], b, 16, 0), 1);
        CHECK_ERRNO(recv(s[1], b, 16, MSG_DONTWAIT), EAGAIN);
        close(s[0]), close(s[1]);
    }
}

CASE(peek_waitall_and_dontwait_on_a_stream) {
    int s[2];
    char b[16];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_ERRNO(recv(s[0], b, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send(s[1], "abcdef", 6, 0), 6);
    CHECK_EQ(recv(s[0], b, 4, MSG_PEEK), 4);
    CHECK_EQ(recv(s[0], b, 2, 0), 2);
    CHECK(memcmp(b, "ab", 2) == 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(30000);
        _exit(send(s[1], "ghij", 4, 0) != 4);
    }
    CHECK_EQ(recv(s[0], b, 8, MSG_WAITALL), 8);
    CHECK(memcmp(b, "cdefghij", 8) == 0);
    wait_ok(child);
    int waiting = -1;
    CHECK_EQ(send(s[1], "12345", 5, 0), 5);
    CHECK_EQ(ioctl(s[0], FIONREAD, &waiting), 0);
    CHECK_EQ(waiting, 5);
    close(s[0]), close(s[1]);
}

CASE(shutdown_of_each_direction) {
    int s[2];
    char b[4];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(send(s[0], "x", 1, 0), 1);
    CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
    CHECK_ERRNO(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(read(s[1], b, 4), 1);
    CHECK_EQ(read(s[1], b, 4), 0);
    CHECK_EQ(send(s[1], "y", 1, 0), 1);
    CHECK_EQ(read(s[0], b, 4), 1);
    struct pollfd p = {s[1], POLLIN | POLLRDHUP, 0};
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN | POLLRDHUP);
    CHECK_EQ(shutdown(s[1], SHUT_RDWR), 0);
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN | POLLRDHUP | POLLHUP);
    CHECK_ERRNO(shutdown(s[0], 7), EINVAL);
    close(s[0]), close(s[1]);
}

CASE(stream_by_path_name) {
    struct sockaddr_un a = name_of("sock"), peer;
    socklen_t size = sizeof peer;
    int l = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(bind(l, (void*)&a, sizeof a), 0);
    struct stat st;
    CHECK_EQ(stat("sock", &st), 0);
    CHECK(S_ISSOCK(st.st_mode));
    int c = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERRNO(connect(c, (void*)&a, sizeof a), ECONNREFUSED);
    CHECK_EQ(listen(l, 5), 0);
    CHECK_EQ(connect(c, (void*)&a, sizeof a), 0);
    int s = accept4(l, (void*)&peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CHECK(s >= 0);
    CHECK_EQ(size, sizeof(sa_family_t));
    CHECK_EQ(fcntl(s, F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(s, F_GETFL) & O_NONBLOCK);
    size = sizeof peer;
    CHECK_EQ(getsockname(s, (void*)&peer, &size), 0);
    CHECK(strcmp(peer.sun_path, "sock") == 0);
    size = sizeof peer;
    CHECK_EQ(getpeername(c, (void*)&peer, &size), 0);
    CHECK(strcmp(peer.sun_path, "sock") == 0);
    char b[4];
    CHECK_ERRNO(read(s, b, 4), EAGAIN);
    CHECK_EQ(write(c, "q", 1), 1);
    CHECK_EQ(read(s, b, 4), 1);
    CHECK_ERRNO(bind(c, (void*)&a, sizeof a), EADDRINUSE);
    CHECK_ERRNO(connect(c, (void*)&a, sizeof a), EISCONN);
    CHECK_ERRNO(accept4(l, NULL, NULL, 0x1), EINVAL);
    close(c), close(s), close(l);
    unlink("sock");
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERRNO(connect(c, (void*)&a, sizeof a), ENOENT);
    CHECK_ERRNO(getpeername(c, (void*)&peer, &size), ENOTCONN);
    CHECK_ERRNO(send(c, "x", 1, MSG_NOSIGNAL), ENOTCONN);
    close(c);
}

CASE(datagrams_by_abstract_name) {
    struct sockaddr_un a = {.sun_family = AF_UNIX}, from;
    int length = snprintf(a.sun_path + 1, 90, "scone-conformance-%d", getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int r = socket(AF_UNIX, SOCK_DGRAM, 0), w = socket(AF_UNIX, SOCK_DGRAM, 0);
    char b[16];
    CHECK_EQ(bind(r, (void*)&a, size), 0);
    CHECK_EQ(sendto(w, "plain", 5, 0, (void*)&a, size), 5);
    socklen_t got = sizeof from;
    CHECK_EQ(recvfrom(r, b, sizeof b, 0, (void*)&from, &got), 5);
    CHECK_EQ(got, 0);
    CHECK_EQ(connect(w, (void*)&a, size), 0);
    CHECK_EQ(write(w, "conn", 4), 4);
    CHECK_EQ(read(r, b, 16), 4);
    got = sizeof from;
    CHECK_EQ(getpeername(w, (void*)&from, &got), 0);
    CHECK_EQ(got, size);
    CHECK(memcmp(&from, &a, size) == 0);
    close(r);
    CHECK_ERRNO(send(w, "x", 1, 0), ECONNREFUSED);
    close(w);
}

CASE(names_are_cut_as_room_demands) {
    struct sockaddr_un a = name_of("a-rather-long-name"), got;
    memset(&got, 'X', sizeof got);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(bind(s, (void*)&a, sizeof a), 0);
    socklen_t size = 6;
    CHECK_EQ(getsockname(s, (void*)&got, &size), 0);
    CHECK_EQ(size, offsetof(struct sockaddr_un, sun_path) + 19);
    CHECK(memcmp(got.sun_path, "a-raX", 5) == 0);
    size = (socklen_t)-1;
    CHECK_ERRNO(getsockname(s, (void*)&got, &size), EINVAL);
    close(s);
    unlink("a-rather-long-name");
}

CASE(descriptors_travel_to_another_process) {
    int s[2], p[2];
    char b[16];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(pipe(p), 0);
    pid_t child = fork();
    if (child == 0) {
        int fds[4];
        close(s[0]), close(p[0]), close(p[1]);
        if (receive_fds(s[1], fds, 4, MSG_CMSG_CLOEXEC, NULL) != 3)
            _exit(1);
        if (fcntl(fds[0], F_GETFD) != FD_CLOEXEC)
            _exit(2);
        unsigned long long v;
        if (pread(fds[0], b, 4, 0) != 4 || memcmp(b, "file", 4) != 0)
            _exit(3);
        if (write(fds[1], "through", 7) != 7)
            _exit(4);
        _exit(read(fds[2], &v, 8) != 8 || v != 6 ? 5 : 0);
    }
    close(s[1]);
    int file = open("travel", O_RDWR | O_CREAT, 0600), event = eventfd(6, 0);
    CHECK_EQ(write(file, "file", 4), 4);
    int fds[3] = {file, p[1], event};
    CHECK_EQ(send_fds(s[0], fds, 3, "x"), 1);
    close(p[1]);
    CHECK_EQ(read(p[0], b, 16), 7);
    CHECK(memcmp(b, "through", 7) == 0);
    CHECK_EQ(read(p[0], b, 16), 0);
    wait_ok(child);
    close(file), close(event), close(s[0]), close(p[0]);
    unlink("travel");
}

CASE(descriptors_made_after_fork_travel) {
    int s[2], p[2], fd;
    char b[8];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    pid_t child = fork();
    if (child == 0) {
        int q[2];
        close(s[0]);
        if (pipe(q) != 0 || write(q[1], "early", 5) != 5 || send_fds(s[1], &q[0], 1, "r") != 1)
            _exit(1);
        close(q[0]);
        if (write(q[1], "later", 5) != 5)
            _exit(2);
        close(q[1]);
        if (receive_fds(s[1], &fd, 1, 0, NULL) != 1 || write(fd, "worker", 6) != 6)
            _exit(3);
        _exit(0);
    }
    close(s[1]);
    CHECK_EQ(receive_fds(s[0], &fd, 1, 0, NULL), 1);
    char all[16] = {0};
    for (int got = 0, n; got < 10; got += n)
        CHECK((n = (int)read(fd, all + got, 4)) > 0);
    CHECK(strcmp(all, "earlylater") == 0);
    CHECK_EQ(read(fd, b, 8), 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
    CHECK_EQ(send_fds(s[0], &p[1], 1, "s"), 1);
    close(p[1]);
    CHECK_EQ(read(p[0], b, 8), 6);
    CHECK_EQ(read(p[0], b, 8), 0);
    wait_ok(child);
    close(fd), close(p[0]), close(s[0]);
}

CASE(descriptors_travel_within_the_process) {
    int s[2], p[2], got[2];
    char b[8];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(send_fds(s[0], p, 2, "m"), 1);
    close(p[1]);
    CHECK_EQ(receive_fds(s[1], got, 2, 0, NULL), 2);
    CHECK_EQ(write(got[1], "in", 2), 2);
    CHECK_EQ(read(p[0], b, 8), 2);
    CHECK_EQ(fcntl(got[0], F_GETFL) & O_ACCMODE, O_RDONLY);
    CHECK_EQ(fcntl(got[1], F_GETFL) & O_ACCMODE, O_WRONLY);
    close(got[1]);
    CHECK_EQ(read(got[0], b, 8), 0);
    close(got[0]), close(p[0]), close(s[0]), close(s[1]);
}

CASE(too_little_room_for_descriptors) {
    int s[2], got[4], flags = 0;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    int three[3] = {0, 1, 2};
    CHECK_EQ(send_fds(s[0], three, 3, "m"), 1);
    CHECK_EQ(receive_fds(s[1], got, 1, 0, &flags), 1);
    CHECK(flags & MSG_CTRUNC);
    close(got[0]);
    int bad = 999;
    CHECK_ERRNO(send_fds(s[0], &bad, 1, "m"), EBADF);
    close(s[0]), close(s[1]);
}

CASE(credentials_on_request) {
    int s[2], on = 1;
    struct ucred c = {0};
    socklen_t size = sizeof c;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &c, &size), 0);
    CHECK_EQ(c.pid, getpid());
    CHECK_EQ(c.uid, getuid());
    CHECK_EQ(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
    CHECK_EQ(send(s[0], "x", 1, 0), 1);
    char control[CMSG_SPACE(sizeof c)], b;
    struct iovec v = {&b, 1};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    CHECK_EQ(recvmsg(s[1], &m, 0), 1);
    struct cmsghdr* h = CMSG_FIRSTHDR(&m);
    CHECK(h != NULL && h->cmsg_type == SCM_CREDENTIALS);
    memcpy(&c, CMSG_DATA(h), sizeof c);
    CHECK_EQ(c.pid, getpid());
    // Sent on purpose.
    c = (struct ucred){getpid(), getuid(), getgid()};
    memset(control, 0, sizeof control);
    m.msg_controllen = sizeof control;
    h = CMSG_FIRSTHDR(&m);
    h->cmsg_level = SOL_SOCKET, h->cmsg_type = SCM_CREDENTIALS, h->cmsg_len = CMSG_LEN(sizeof c);
    memcpy(CMSG_DATA(h), &c, sizeof c);
    CHECK_EQ(sendmsg(s[0], &m, 0), 1);
    close(s[0]), close(s[1]);
}

CASE(several_messages_in_one_call) {
    int s[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
    char text[3][4] = {"one", "two", "six"}, in[4][8];
    struct iovec v[4];
    struct mmsghdr m[4];
    memset(m, 0, sizeof m);
    for (int i = 0; i < 3; i++) {
        v[i] = (struct iovec){text[i], 3};
        m[i].msg_hdr.msg_iov = &v[i], m[i].msg_hdr.msg_iovlen = 1;
    }
    CHECK_EQ(sendmmsg(s[0], m, 3, 0), 3);
    CHECK_EQ(m[2].msg_len, 3);
    for (int i = 0; i < 4; i++) {
        v[i] = (struct iovec){in[i], 8};
        m[i].msg_hdr.msg_iov = &v[i], m[i].msg_hdr.msg_iovlen = 1, m[i].msg_len = 0;
    }
    CHECK_EQ(recvmmsg(s[1], m, 4, MSG_WAITFORONE, NULL), 3);
    CHECK_EQ(m[1].msg_len, 3);
    CHECK(memcmp(in[1], "two", 3) == 0);
    CHECK_ERRNO(recvmmsg(s[1], m, 4, MSG_DONTWAIT, NULL), EAGAIN);
    close(s[0]), close(s[1]);
}

CASE(options) {
    int s[2], value = 0;
    socklen_t size = sizeof value;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
    CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, &size), 0);
    CHECK_EQ(value, SOCK_SEQPACKET);
    CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_DOMAIN, &value, &size), 0);
    CHECK_EQ(value, AF_UNIX);
    CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_ACCEPTCONN, &value, &size), 0);
    CHECK_EQ(value, 0);
    CHECK_ERRNO(getsockopt(s[0], SOL_SOCKET, 9999, &value, &size), ENOPROTOOPT);
    value = 20000;
    CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &value, sizeof value), 0);
    CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &value, &size), 0);
    CHECK_EQ(value, 40000);
    struct timeval t = {0, 20000};
    char b;
    CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), 0);
    CHECK_ERRNO(recv(s[0], &b, 1, 0), EAGAIN);
    close(s[0]), close(s[1]);
    int p[2];
    CHECK_EQ(pipe(p), 0);
    CHECK_ERRNO(getsockopt(p[0], SOL_SOCKET, SO_TYPE, &value, &size), ENOTSOCK);
    CHECK_ERRNO(listen(p[0], 1), ENOTSOCK);
    CHECK_ERRNO(send(p[1], "x", 1, 0), ENOTSOCK);
    close(p[0]), close(p[1]);
    CHECK_ERRNO(listen(999, 1), EBADF);
    CHECK_ERRNO(socketpair(AF_INET, SOCK_STREAM, 0, s), EOPNOTSUPP);
    CHECK_ERRNO(socket(AF_UNIX, 99, 0), EINVAL);
}

CASE(a_full_stream_blocks_or_refuses) {
    int s[2];
    static char block[65536];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
    long sum = 0, n, got = 0;
    while ((n = write(s[0], block, sizeof block)) > 0)
        sum += n;
    CHECK_EQ(errno, EAGAIN);
    struct pollfd p = {s[0], POLLOUT, 0};
    CHECK_EQ(poll(&p, 1, 0), 0);
    while ((n = read(s[1], block, sizeof block)) > 0)
        got += n;
    CHECK_EQ(got, sum);
    CHECK_EQ(poll(&p, 1, 0), 1);
    close(s[0]), close(s[1]);
}

static void* drain(void* argument) {
    static char b[70000];
    long sum = 0, n;
    while ((n = read(*(int*)argument, b, sizeof b)) > 0) {
        for (long i = 0; i < n; i++)
            if (b[i] != (char)((sum + i) % 253))
                return NULL;
        sum += n;
    }
    return (void*)sum;
}
CASE(a_large_blocking_send_goes_through_whole) {
    enum { kSize = 1500000 };
    char* block = malloc(kSize);
    for (int i = 0; i < kSize; i++)
        block[i] = (char)(i % 253);
    for (int processes = 0; processes < 2; processes++) {
        int s[2];
        pid_t child = -1;
        pthread_t t;
        void* sum;
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
        if (processes) {
            child = fork();
            if (child == 0) {
                close(s[0]);
                _exit((long)drain(&s[1]) != kSize);
            }
            close(s[1]);
        } else {
            CHECK_EQ(pthread_create(&t, NULL, drain, &s[1]), 0);
        }
        CHECK_EQ(write(s[0], block, kSize), kSize);
        CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
        if (processes) {
            wait_ok(child);
        } else {
            pthread_join(t, &sum);
            CHECK_EQ((long)sum, kSize);
            close(s[1]);
        }
        close(s[0]);
    }
    free(block);
}

CASE(a_killed_peer_is_end_of_file) {
    int s[2];
    char b;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)!write(s[1], "x", 1);
        for (;;)
            pause();
    }
    close(s[1]);
    CHECK_EQ(read(s[0], &b, 1), 1);
    kill(child, SIGKILL);
    CHECK_EQ(read(s[0], &b, 1), 0);
    CHECK_ERRNO(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    close(s[0]);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
