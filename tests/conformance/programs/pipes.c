// Pipes: partial transfers, atomic writes, ends that close, sharing between processes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void* volatile nowhere = (void*)8;

static void wait_ok(pid_t child) {
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}
static short events_of(int fd, short asked) {
    struct pollfd p = {fd, asked, 0};
    return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

CASE(bytes_come_out_in_order_and_in_parts) {
    int p[2];
    char b[16] = {0};
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "abc", 3), 3);
    CHECK_EQ(write(p[1], "defgh", 5), 5);
    CHECK_EQ(read(p[0], b, 1), 1);
    CHECK_EQ(read(p[0], b + 1, 4), 4);
    CHECK_EQ(read(p[0], b + 5, 10), 3);
    CHECK(strcmp(b, "abcdefgh") == 0);
    close(p[0]), close(p[1]);
}

CASE(vectors_are_one_write) {
    int p[2];
    char a[3], b[5];
    CHECK_EQ(pipe(p), 0);
    struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdefg", 5}};
    CHECK_EQ(writev(p[1], out, 3), 7);
    struct iovec in[2] = {{a, 3}, {b, 5}};
    CHECK_EQ(readv(p[0], in, 2), 7);
    CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "defg", 4) == 0);
    close(p[0]), close(p[1]);
}

CASE(no_writer_is_end_of_file) {
    int p[2];
    char b[4];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    close(p[1]);
    CHECK_EQ(read(p[0], b, 4), 1);
    CHECK_EQ(read(p[0], b, 4), 0);
    CHECK_EQ(read(p[0], b, 4), 0);
    close(p[0]);
}

CASE(no_reader_is_epipe_and_sigpipe) {
    int p[2];
    CHECK_EQ(pipe(p), 0);
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(write(p[1], "x", 1), EPIPE);
    CHECK_EQ(write(p[1], "", 0), 0);
    signal(SIGPIPE, SIG_DFL);
    pid_t child = fork();
    if (child == 0) {
        (void)!write(p[1], "x", 1);
        _exit(0);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
    close(p[1]);
}

CASE(wrong_end_is_ebadf) {
    int p[2];
    char b;
    CHECK_EQ(pipe(p), 0);
    CHECK_ERRNO(read(p[1], &b, 1), EBADF);
    CHECK_ERRNO(write(p[0], &b, 1), EBADF);
    CHECK_ERRNO(lseek(p[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(pread(p[0], &b, 1, 0), ESPIPE);
    CHECK_ERRNO(pwrite(p[1], &b, 1, 0), ESPIPE);
    CHECK_ERRNO(ftruncate(p[1], 0), EINVAL);
    CHECK_ERRNO(fsync(p[1]), EINVAL);
    close(p[0]), close(p[1]);
}

CASE(flags_of_pipe2) {
    int p[2];
    char b;
    CHECK_EQ(pipe2(p, O_NONBLOCK | O_CLOEXEC), 0);
    CHECK_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(p[1], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(p[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
    CHECK_EQ(fcntl(p[1], F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
    CHECK_ERRNO(read(p[0], &b, 1), EAGAIN);
    CHECK_EQ(read(p[0], &b, 0), 0);
    CHECK_ERRNO(pipe2(p, 0x1), EINVAL);
    CHECK_ERRNO(pipe(nowhere), EFAULT);
    close(p[0]), close(p[1]);
}

CASE(bad_memory_is_efault_and_loses_nothing) {
    int p[2];
    char b[4];
    CHECK_EQ(pipe(p), 0);
    CHECK_ERRNO(write(p[1], nowhere, 4), EFAULT);
    CHECK_EQ(write(p[1], "abcd", 4), 4);
    CHECK_ERRNO(read(p[0], nowhere, 4), EFAULT);
    CHECK_EQ(read(p[0], b, 4), 4);
    CHECK(memcmp(b, "abcd", 4) == 0);
    close(p[0]), close(p[1]);
}

CASE(nonblocking_belongs_to_the_description) {
    int p[2];
    char b;
    CHECK_EQ(pipe(p), 0);
    int copy = dup(p[0]);
    CHECK_EQ(fcntl(copy, F_SETFL, O_NONBLOCK), 0);
    CHECK(fcntl(p[0], F_GETFL) & O_NONBLOCK);
    CHECK(!(fcntl(p[1], F_GETFL) & O_NONBLOCK));
    CHECK_ERRNO(read(p[0], &b, 1), EAGAIN);
    int off = 0;
    CHECK_EQ(ioctl(p[0], FIONBIO, &off), 0);
    CHECK(!(fcntl(copy, F_GETFL) & O_NONBLOCK));
    // A child's change is the parent's.
    pid_t child = fork();
    if (child == 0)
        _exit(fcntl(p[0], F_SETFL, O_NONBLOCK) != 0);
    wait_ok(child);
    CHECK(fcntl(p[0], F_GETFL) & O_NONBLOCK);
    CHECK_ERRNO(read(p[0], &b, 1), EAGAIN);
    close(p[0]), close(p[1]), close(copy);
}

CASE(capacity_and_its_change) {
    int p[2];
    static char block[4096];
    CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
    CHECK_EQ(fcntl(p[0], F_GETPIPE_SZ), 65536);
    long sum = 0, n;
    while ((n = write(p[1], block, sizeof block)) > 0)
        sum += n;
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(sum, 65536);
    int waiting = 0;
    CHECK_EQ(ioctl(p[0], FIONREAD, &waiting), 0);
    CHECK_EQ(waiting, 65536);
    CHECK_ERRNO(fcntl(p[0], F_SETPIPE_SZ, 4096), EBUSY);
    CHECK_EQ(fcntl(p[0], F_SETPIPE_SZ, 100000), 131072);
    CHECK_EQ(fcntl(p[1], F_GETPIPE_SZ), 131072);
    CHECK_EQ(write(p[1], block, 4096), 4096);
    close(p[0]), close(p[1]);
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 1), 4096);
    CHECK_EQ(fcntl(p[1], F_GETPIPE_SZ), 4096);
    close(p[0]), close(p[1]);
}

CASE(write_up_to_pipe_buf_is_all_or_nothing) {
    int p[2];
    static char block[PIPE_BUF + 1];
    CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 4096), 4096);
    CHECK_EQ(write(p[1], block, 1), 1);
    CHECK_ERRNO(write(p[1], block, PIPE_BUF), EAGAIN);
    int waiting = 0;
    CHECK_EQ(ioctl(p[0], FIONREAD, &waiting), 0);
    CHECK_EQ(waiting, 1);
    CHECK(!(events_of(p[1], POLLOUT) & POLLOUT));
    CHECK_EQ(read(p[0], block, 1), 1);
    CHECK_EQ(write(p[1], block, PIPE_BUF), PIPE_BUF);
    CHECK_EQ(events_of(p[1], POLLOUT), 0);
    CHECK_EQ(events_of(p[0], POLLIN), POLLIN);
    close(p[0]), close(p[1]);
}

CASE(nonblocking_large_write_is_partial) {
    int p[2];
    static char block[200000];
    CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
    CHECK_EQ(write(p[1], block, sizeof block), 65536);
    CHECK_ERRNO(write(p[1], block, sizeof block), EAGAIN);
    CHECK_EQ(read(p[0], block, 5000), 5000);
    long more = write(p[1], block, 100000);  // Linux counts in pages
    CHECK(more >= 4096 && more <= 5000);
    close(p[0]), close(p[1]);
}

CASE(poll_tells_hangup_and_error) {
    int p[2];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(events_of(p[0], POLLIN | POLLOUT), 0);
    CHECK_EQ(events_of(p[1], POLLIN | POLLOUT), POLLOUT);
    CHECK_EQ(write(p[1], "x", 1), 1);
    close(p[1]);
    CHECK_EQ(events_of(p[0], POLLIN), POLLIN | POLLHUP);
    char b;
    CHECK_EQ(read(p[0], &b, 1), 1);
    CHECK_EQ(events_of(p[0], POLLIN), POLLHUP);
    close(p[0]);
    CHECK_EQ(pipe(p), 0);
    close(p[0]);
    CHECK_EQ(events_of(p[1], POLLOUT), POLLOUT | POLLERR);
    close(p[1]);
}

struct atomic_writers {
    int fd;
    char letter;
};
enum { kRounds = 200, kRecord = 512 };
static void* write_records(void* argument) {
    struct atomic_writers* w = argument;
    char record[kRecord];
    memset(record, w->letter, sizeof record);
    for (int i = 0; i < kRounds; i++)
        if (write(w->fd, record, sizeof record) != sizeof record)
            return (void*)1;
    return NULL;
}
static void read_records(int fd, int writers) {
    char record[kRecord];
    for (int i = 0; i < writers * kRounds; i++) {
        for (int got = 0; got < kRecord;) {
            long n = read(fd, record + got, (size_t)(kRecord - got));
            CHECK(n > 0);
            got += (int)n;
        }
        for (int j = 1; j < kRecord; j++)
            CHECK_EQ(record[j], record[0]);
    }
}

CASE(records_of_several_threads_do_not_mix) {
    int p[2];
    CHECK_EQ(pipe(p), 0);
    pthread_t t[4];
    struct atomic_writers w[4];
    for (int i = 0; i < 4; i++) {
        w[i] = (struct atomic_writers){p[1], (char)('a' + i)};
        CHECK_EQ(pthread_create(&t[i], NULL, write_records, &w[i]), 0);
    }
    read_records(p[0], 4);
    for (int i = 0; i < 4; i++) {
        void* result;
        pthread_join(t[i], &result);
        CHECK(result == NULL);
    }
    close(p[0]), close(p[1]);
}

CASE(records_of_several_processes_do_not_mix) {
    int p[2];
    pid_t child[3];
    CHECK_EQ(pipe(p), 0);
    for (int i = 0; i < 3; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            struct atomic_writers w = {p[1], (char)('a' + i)};
            _exit(write_records(&w) != NULL);
        }
    }
    close(p[1]);
    read_records(p[0], 3);
    char b;
    CHECK_EQ(read(p[0], &b, 1), 0);
    for (int i = 0; i < 3; i++)
        wait_ok(child[i]);
    close(p[0]);
}

CASE(processes_share_one_read_end_byte_by_byte) {
    int in[2], out[2];
    CHECK_EQ(pipe(in), 0);
    CHECK_EQ(pipe(out), 0);
    CHECK_EQ(write(in[1], "one\ntwo\nthree\n", 14), 14);
    close(in[1]);
    // As (read a; cat): the first reader takes one line, a byte at a time, the next the rest.
    pid_t first = fork();
    if (first == 0) {
        char c = 0;
        while (c != '\n' && read(in[0], &c, 1) == 1)
            if (write(out[1], &c, 1) != 1)
                _exit(1);
        _exit(0);
    }
    wait_ok(first);
    pid_t second = fork();
    if (second == 0) {
        char b[64];
        long n;
        while ((n = read(in[0], b, 7)) > 0)
            if (write(out[1], b, (size_t)n) != n)
                _exit(1);
        _exit(0);
    }
    wait_ok(second);
    close(out[1]);
    char b[32] = {0};
    CHECK_EQ(read(out[0], b, 20), 14);
    CHECK(strcmp(b, "one\ntwo\nthree\n") == 0);
    close(in[0]), close(out[0]);
}

CASE(many_processes_take_every_byte_once) {
    int in[2], out[2];
    pid_t child[3];
    CHECK_EQ(pipe(in), 0);
    CHECK_EQ(pipe(out), 0);
    for (int i = 0; i < 3; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            close(in[1]);
            unsigned char b[40];
            unsigned sums[256] = {0};
            long n;
            while ((n = read(in[0], b, (size_t)(1 + i * 13))) > 0)
                for (long j = 0; j < n; j++)
                    sums[b[j]]++;
            _exit(write(out[1], sums, sizeof sums) != sizeof sums);
        }
    }
    unsigned char block[1000];
    unsigned wanted[256] = {0};
    for (int i = 0; i < 60; i++) {
        for (unsigned j = 0; j < sizeof block; j++)
            block[j] = (unsigned char)(i * 7 + j), wanted[block[j]]++;
        CHECK_EQ(write(in[1], block, sizeof block), sizeof block);
    }
    close(in[1]);
    for (int i = 0; i < 3; i++)
        wait_ok(child[i]);
    unsigned sums[3][256];
    for (int i = 0; i < 3; i++)
        CHECK_EQ(read(out[0], sums[i], sizeof sums[i]), sizeof sums[i]);
    for (int i = 0; i < 256; i++)
        CHECK_EQ(sums[0][i] + sums[1][i] + sums[2][i], wanted[i]);
    close(in[0]), close(out[0]), close(out[1]);
}

CASE(a_killed_writer_is_end_of_file) {
    int p[2];
    char b;
    CHECK_EQ(pipe(p), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)!write(p[1], "x", 1);
        for (;;)
            pause();
    }
    close(p[1]);
    CHECK_EQ(read(p[0], &b, 1), 1);
    kill(child, SIGKILL);
    CHECK_EQ(read(p[0], &b, 1), 0);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    close(p[0]);
}

CASE(a_killed_reader_is_epipe) {
    int p[2], ready[2];
    char b;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(pipe(ready), 0);
    signal(SIGPIPE, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        close(p[1]);
        (void)!write(ready[1], "x", 1);
        for (;;)
            pause();
    }
    close(p[0]);
    CHECK_EQ(read(ready[0], &b, 1), 1);
    kill(child, SIGKILL);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    CHECK_ERRNO(write(p[1], "x", 1), EPIPE);
    signal(SIGPIPE, SIG_DFL);
    close(p[1]), close(ready[0]), close(ready[1]);
}

CASE(a_writer_killed_at_any_moment_leaves_whole_records) {
    for (int round = 0; round < 15; round++) {
        int p[2];
        pid_t child[2];
        CHECK_EQ(pipe(p), 0);
        for (int i = 0; i < 2; i++) {
            child[i] = fork();
            if (child[i] == 0) {
                char record[kRecord];
                memset(record, 'a' + i, sizeof record);
                close(p[0]);
                while (write(p[1], record, sizeof record) == sizeof record)
                    ;
                _exit(1);
            }
        }
        close(p[1]);
        char record[kRecord];
        for (int count = 0;; count++) {
            long got = 0, n;
            while (got < kRecord && (n = read(p[0], record + got, (size_t)(kRecord - got))) > 0)
                got += n;
            if (count == 20 + round * 7)
                kill(child[0], SIGKILL);
            if (count == 60 + round * 7)
                kill(child[1], SIGKILL);
            if (got == 0)
                break;
            CHECK_EQ(got, kRecord);
            for (int j = 1; j < kRecord; j++)
                CHECK_EQ(record[j], record[0]);
        }
        for (int i = 0; i < 2; i++)
            CHECK_EQ(waitpid(child[i], NULL, 0), child[i]);
        close(p[0]);
    }
}

static void* read_one(void* argument) {
    char b = 0;
    return read(*(int*)argument, &b, 1) == 1 ? (void*)(long)b : NULL;
}
CASE(a_sleeping_thread_is_woken_by_the_other_process) {
    int p[2];
    CHECK_EQ(pipe(p), 0);
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, read_one, &p[0]), 0);
    usleep(20000);
    pid_t child = fork();
    if (child == 0)
        _exit(write(p[1], "k", 1) != 1);
    void* result;
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK_EQ((long)result, 'k');
    wait_ok(child);
    close(p[0]), close(p[1]);
}

CASE(a_forked_copy_of_a_sleeping_thread_holds_nothing_open) {
    int p[2], done[2];
    char b;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(pipe(done), 0);
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, read_one, &p[0]), 0);
    usleep(20000);
    signal(SIGPIPE, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        close(p[0]);
        close(done[1]);
        (void)!read(done[0], &b, 1);
        _exit(0);
    }
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(pthread_join(t, NULL), 0);
    close(p[0]);
    usleep(50000);
    CHECK_ERRNO(write(p[1], "x", 1), EPIPE);
    signal(SIGPIPE, SIG_DFL);
    close(done[1]);
    wait_ok(child);
    close(p[1]), close(done[0]);
}

static void on_signal(int number) {
    (void)number;
}
CASE(a_signal_interrupts_or_restarts_a_read) {
    int p[2];
    char b;
    CHECK_EQ(pipe(p), 0);
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGALRM, &act, NULL);
    ualarm(20000, 0);
    CHECK_ERRNO(read(p[0], &b, 1), EINTR);
    act.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &act, NULL);
    pid_t child = fork();
    if (child == 0) {
        usleep(100000);
        _exit(write(p[1], "r", 1) != 1);
    }
    ualarm(20000, 0);
    CHECK_EQ(read(p[0], &b, 1), 1);
    wait_ok(child);
    signal(SIGALRM, SIG_DFL);
    close(p[0]), close(p[1]);
}

static void* drain(void* argument) {
    static char b[10000];
    long sum = 0, n;
    while ((n = read(*(int*)argument, b, sizeof b)) > 0) {
        for (long i = 0; i < n; i++)
            if (b[i] != (char)((sum + i) % 251))
                return NULL;
        sum += n;
    }
    return (void*)sum;
}
CASE(a_large_blocking_write_goes_through_whole) {
    enum { kSize = 1500000 };
    int p[2];
    CHECK_EQ(pipe(p), 0);
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, drain, &p[0]), 0);
    char* block = malloc(kSize);
    for (int i = 0; i < kSize; i++)
        block[i] = (char)(i % 251);
    CHECK_EQ(write(p[1], block, kSize), kSize);
    close(p[1]);
    void* sum;
    CHECK_EQ(pthread_join(t, &sum), 0);
    CHECK_EQ((long)sum, kSize);
    free(block);
    close(p[0]);
}

CASE(a_large_blocking_write_goes_through_to_a_process) {
    enum { kSize = 1500000 };
    int p[2];
    CHECK_EQ(pipe(p), 0);
    pid_t child = fork();
    if (child == 0) {
        close(p[1]);
        _exit((long)drain(&p[0]) != kSize);
    }
    close(p[0]);
    char* block = malloc(kSize);
    for (int i = 0; i < kSize; i++)
        block[i] = (char)(i % 251);
    CHECK_EQ(write(p[1], block, kSize), kSize);
    close(p[1]);
    free(block);
    wait_ok(child);
}

CASE(content_written_before_fork_is_read_after_it) {
    int p[2];
    static char b[30000], c[30000];
    CHECK_EQ(pipe(p), 0);
    for (unsigned i = 0; i < sizeof b; i++)
        b[i] = (char)(i * 31);
    CHECK_EQ(write(p[1], b, 17), 17);
    CHECK_EQ(write(p[1], b + 17, sizeof b - 17), sizeof b - 17);
    CHECK_EQ(read(p[0], c, 5), 5);
    pid_t child = fork();
    if (child == 0) {
        long got = 5, n;
        close(p[1]);
        while ((n = read(p[0], c + got, sizeof c - (size_t)got)) > 0)
            got += n;
        _exit(got != sizeof c || memcmp(b, c, sizeof c) != 0);
    }
    close(p[1]);
    wait_ok(child);
    close(p[0]);
}

CASE(fstat_tells_pipes_apart) {
    int p[2], q[2];
    struct stat a, b, c;
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(pipe(q), 0);
    CHECK_EQ(fstat(p[0], &a), 0);
    CHECK_EQ(fstat(p[1], &b), 0);
    CHECK_EQ(fstat(q[0], &c), 0);
    CHECK(S_ISFIFO(a.st_mode) && a.st_size == 0);
    CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_ino != c.st_ino);
    close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}

CASE(named_pipe_between_processes) {
    char b[8];
    CHECK_EQ(mkfifo("fifo", 0600), 0);
    CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    pid_t child = fork();
    if (child == 0) {
        int w = open("fifo", O_WRONLY);
        _exit(w < 0 || write(w, "named", 5) != 5);
    }
    int r = open("fifo", O_RDONLY);
    CHECK(r >= 0);
    CHECK_EQ(read(r, b, 8), 5);
    CHECK_EQ(read(r, b, 8), 0);
    wait_ok(child);
    close(r);
    unlink("fifo");
}

CASE(a_shell_pipeline_with_a_shared_reader) {
    FILE* f = popen("printf '1\\n2\\n3\\n' | (read a; echo first $a; cat) | tr 123 abc", "r");
    CHECK(f != NULL);
    char line[32], all[128] = "";
    while (fgets(line, sizeof line, f))
        strcat(all, line);
    CHECK_EQ(pclose(f), 0);
    CHECK(strcmp(all, "first a\nb\nc\n") == 0);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
