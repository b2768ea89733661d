// What a vfork child changes of itself before exec: the new program has it, the parent does not.
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"

static int status_of(pid_t child) {
    int status = -1;
    return waitpid(child, &status, 0) == child ? status : -1;
}

CASE(groups_are_the_new_programs) {
    if (geteuid() != 0)
        return;
    gid_t before[64], after[64];
    const gid_t wanted[] = {5, 6};
    int count = getgroups(64, before);
    pid_t child = vfork();
    if (child == 0) {
        if (setgroups(2, wanted) != 0)
            _exit(1);
        execl("/proc/self/exe", "vfork_session", "groups", (char*)NULL);
        _exit(2);
    }
    CHECK_EQ(status_of(child), 7 << 8);
    CHECK_EQ(getgroups(64, after), count);
    CHECK(memcmp(before, after, (size_t)count * sizeof *before) == 0);
}

CASE(terminal_is_the_new_programs) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    CHECK(slave >= 0);
    pid_t session = getsid(0);
    pid_t child = vfork();
    if (child == 0) {
        if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) != 0 || dup2(slave, 0) != 0)
            _exit(1);
        execl("/proc/self/exe", "vfork_session", "terminal", (char*)NULL);
        _exit(2);
    }
    CHECK_EQ(status_of(child), 7 << 8);
    CHECK_EQ(getsid(0), session);
    close(slave);
    close(master);
}

int main(int argc, char** argv) {
    gid_t list[64];
    if (argc == 2 && strcmp(argv[1], "groups") == 0)
        return getgroups(64, list) == 2 && list[0] == 5 && list[1] == 6 ? 7 : 3;
    if (argc == 2 && strcmp(argv[1], "terminal") == 0)
        return tcgetsid(0) == getpid() ? 7 : 3;
    return run_cases(argc, argv);
}
