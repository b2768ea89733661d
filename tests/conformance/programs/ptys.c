// Pseudo terminals: pairs, sizes, line discipline, controlling terminal.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"

CASE(master_and_slave) {
    int m = posix_openpt(O_RDWR | O_NOCTTY), unlocked = -1;
    unsigned number = 0;
    CHECK(m >= 0);
    CHECK_EQ(ioctl(m, TIOCGPTN, &number), 0);
    CHECK_EQ(ioctl(m, TIOCGPTLCK, &unlocked), 0);
    CHECK_EQ(unlocked, 1);
    CHECK_EQ(grantpt(m), 0);
    CHECK_EQ(unlockpt(m), 0);
    char name[64], wanted[64], b[16];
    CHECK_EQ(ptsname_r(m, name, sizeof name), 0);
    snprintf(wanted, sizeof wanted, "/dev/pts/%u", number);
    CHECK(strcmp(name, wanted) == 0);
    int s = open(name, O_RDWR | O_NOCTTY);
    CHECK(s >= 0);
    CHECK_EQ(isatty(s), 1);
    CHECK_EQ(write(m, "line\n", 5), 5);
    CHECK_EQ(read(s, b, 16), 5);
    CHECK(memcmp(b, "line\n", 5) == 0);
    CHECK_EQ(read(m, b, 16), 6);
    CHECK(memcmp(b, "line\r\n", 6) == 0);
    close(s), close(m);
}

CASE(size_and_raw_mode) {
    int m, s;
    struct winsize w = {24, 80, 0, 0}, got;
    struct termios t;
    CHECK_EQ(openpty(&m, &s, NULL, NULL, &w), 0);
    CHECK_EQ(ioctl(s, TIOCGWINSZ, &got), 0);
    CHECK(got.ws_row == 24 && got.ws_col == 80);
    CHECK_EQ(tcgetattr(s, &t), 0);
    CHECK(t.c_lflag & ICANON);
    cfmakeraw(&t);
    CHECK_EQ(tcsetattr(s, TCSANOW, &t), 0);
    char b[4];
    CHECK_EQ(write(m, "k", 1), 1);
    CHECK_EQ(read(s, b, 4), 1);
    int waiting = -1;
    CHECK_EQ(write(m, "two", 3), 3);
    struct pollfd p = {s, POLLIN, 0};
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK_EQ(ioctl(s, FIONREAD, &waiting), 0);
    CHECK_EQ(waiting, 3);
    CHECK_EQ(tcflush(s, TCIFLUSH), 0);
    CHECK_EQ(ioctl(s, FIONREAD, &waiting), 0);
    CHECK_EQ(waiting, 0);
    close(s);
    CHECK_ERRNO(read(m, b, 4), EIO);
    close(m);
}

CASE(a_child_gets_a_controlling_terminal) {
    int m;
    char b[64];
    pid_t child = forkpty(&m, NULL, NULL, NULL);
    if (child == 0) {
        int t = open("/dev/tty", O_RDWR);
        if (t < 0 || tcgetpgrp(t) != getpgrp() || tcgetsid(t) != getsid(0))
            _exit(1);
        (void)!write(t, "tty", 3);
        char c;
        while (read(0, &c, 1) == 1)
            ;
        _exit(2);
    }
    CHECK(child > 0);
    CHECK_EQ(read(m, b, 3), 3);
    CHECK(memcmp(b, "tty", 3) == 0);
    CHECK_EQ(write(m, "\x03", 1), 1);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    close(m);
}

CASE(other_files_are_no_terminals) {
    int p[2];
    struct winsize w;
    struct termios t;
    CHECK_EQ(pipe(p), 0);
    CHECK_ERRNO(ioctl(p[0], TIOCGWINSZ, &w), ENOTTY);
    CHECK_ERRNO(tcgetattr(p[0], &t), ENOTTY);
    CHECK_EQ(isatty(p[0]), 0);
    close(p[0]), close(p[1]);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
