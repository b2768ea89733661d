// sendfile, copy_file_range, splice: content that moves without passing through the program.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static int file_with(const char* name, const char* content) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, content, strlen(content)), strlen(content));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

CASE(sendfile_moves_the_position_or_the_offset) {
    int in = file_with("in", "0123456789"), out = file_with("out", "");
    CHECK_EQ(sendfile(out, in, NULL, 4), 4);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 4);
    off_t offset = 8;
    CHECK_EQ(sendfile(out, in, &offset, 100), 2);
    CHECK_EQ(offset, 10);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 4);
    CHECK_EQ(sendfile(out, in, &offset, 100), 0);
    char text[8];
    CHECK_EQ(pread(out, text, 8, 0), 6);
    CHECK_EQ(memcmp(text, "012389", 6), 0);
    close(in), close(out);
}

CASE(sendfile_to_a_socket) {
    int in = file_with("in", "0123456789"), pair[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    CHECK_EQ(sendfile(pair[0], in, NULL, 10), 10);
    char text[16];
    CHECK_EQ(read(pair[1], text, sizeof text), 10);
    CHECK_EQ(memcmp(text, "0123456789", 10), 0);
    // The source must be a file.
    CHECK_ERRNO(sendfile(in, pair[1], NULL, 1), EINVAL);
    CHECK_ERRNO(sendfile(999, in, NULL, 1), EBADF);
    int read_only = open("in", O_RDONLY);
    CHECK_ERRNO(sendfile(read_only, in, NULL, 1), EBADF);
    close(read_only), close(pair[0]), close(pair[1]), close(in);
}

CASE(copy_file_range_copies) {
    int in = file_with("in", "0123456789"), out = file_with("out", "");
    CHECK_EQ(copy_file_range(in, NULL, out, NULL, 4, 0), 4);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 4);
    CHECK_EQ(lseek(out, 0, SEEK_CUR), 4);
    off_t from = 5, to = 20;
    CHECK_EQ(copy_file_range(in, &from, out, &to, 100, 0), 5);
    CHECK_EQ(from, 10);
    CHECK_EQ(to, 25);
    char text[32];
    CHECK_EQ(pread(out, text, 32, 0), 25);
    CHECK_EQ(memcmp(text, "0123", 4), 0);
    CHECK_EQ(memcmp(text + 20, "56789", 5), 0);
    CHECK_EQ(copy_file_range(in, &from, out, NULL, 100, 0), 0);
    CHECK_ERRNO(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL);
    int read_only = open("out", O_RDONLY);
    CHECK_ERRNO(copy_file_range(in, NULL, read_only, NULL, 1, 0), EBADF);
    int directory = open(".", O_RDONLY);
    CHECK_ERRNO(copy_file_range(directory, NULL, out, NULL, 1, 0), EISDIR);
    close(directory), close(read_only), close(in), close(out);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
