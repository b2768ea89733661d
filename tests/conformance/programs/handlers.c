// Signals that come while their own handler runs.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t entered, inside, nested;

static void raise_again(int number) {
    nested += inside;
    inside = 1;
    if (++entered < 3)
        raise(number);
    inside = 0;
}
CASE(a_signal_raised_in_its_handler_waits_for_its_end) {
    signal(SIGUSR1, raise_again);
    entered = nested = 0;
    raise(SIGUSR1);
    CHECK_EQ(entered, 3);
    CHECK_EQ(nested, 0);
}

static void raise_as_default(int number) {
    signal(number, SIG_DFL);
    raise(number);
}
static int status_of_child(int flags, void (*handler)(int)) {
    pid_t pid = fork();
    if (pid == 0) {
        struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
        entered = 0;
        sigfillset(&action.sa_mask);
        sigaction(SIGTERM, &action, NULL);
        raise(SIGTERM);
        for (int i = 0; i < 100; i++)
            getppid();
        _exit(9);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return status;
}
CASE(a_handler_ends_the_process_by_its_own_signal) {
    CHECK_EQ(status_of_child(0, raise_as_default), SIGTERM);
    CHECK_EQ(status_of_child(SA_RESETHAND, raise_again), SIGTERM);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
