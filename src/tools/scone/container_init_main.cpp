// scone-init: process 1 of a container that `scone run` starts.
//
// A program that is process 1 itself ignores every signal that it has no handler for. This one
// starts the program as its child, passes signals on, buries orphans and ends as the child does:
// with its exit code, or 128 + n. Static, because the image may have no C library or another one.
//
// Side: host
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int kCannotStart = 126;
constexpr int kNotFound = 127;

// Signals that say something about this process and not about the program.
bool is_own(int signal) {
    return signal == SIGCHLD || signal == SIGSEGV || signal == SIGBUS || signal == SIGILL ||
           signal == SIGFPE || signal == SIGTRAP || signal == SIGABRT || signal == SIGSYS;
}

[[noreturn]] void become(char** argv, const sigset_t& mask) {
    setpgid(0, 0);
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    execvp(argv[0], argv);
    int error = errno;
    fprintf(stderr, "scone run: cannot start '%s': %s\n", argv[0], strerror(error));
    _exit(error == ENOENT ? kNotFound : kCannotStart);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fprintf(stderr, "scone-init: expected a program and its arguments\n");
        return 2;
    }
    sigset_t all, before;
    sigfillset(&all);
    for (int signal = 1; signal < NSIG; ++signal)
        if (is_own(signal) && signal != SIGCHLD)
            sigdelset(&all, signal);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child < 0) {
        perror("scone-init: fork");
        return kCannotStart;
    }
    if (child == 0)
        become(argv + 1, before);
    while (true) {
        int status = 0;
        for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
            if (ended == child)
                return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        siginfo_t info;
        int signal = sigwaitinfo(&all, &info);
        if (signal > 0 && !is_own(signal))
            kill(child, signal);
    }
}
