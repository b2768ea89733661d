// Signals to a process whose threads come and go: whoever was to take one ends, another takes it.
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int report;
static void say(int number) {
    (void)!write(report, number == SIGCHLD ? "c" : "u", 1);
}

// Each thread makes the next one and ends; the first thread of the process has ended.
static void* pass_on(void* argument) {
    pthread_t next;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    while (pthread_create(&next, &attributes, pass_on, argument) != 0)
        usleep(100);
    return NULL;
}
static pid_t chain_of_threads(int out) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        report = out;
        signal(SIGUSR1, say), signal(SIGUSR2, say);
        pass_on(NULL);
        say(0);
        pthread_exit(NULL);
    }
    return pid;
}
static int comes(int fd) {
    struct pollfd what = {fd, POLLIN, 0};
    char byte;
    return poll(&what, 1, 20000) == 1 && read(fd, &byte, 1) == 1;
}
CASE(signals_find_a_thread_that_stays) {
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t pid = chain_of_threads(ends[1]);
    CHECK(comes(ends[0]));
    union sigval value = {.sival_int = 1};
    int lost = 0;
    for (int i = 0; i < 2000 && !lost; i++) {
        CHECK_EQ(i % 2 ? kill(pid, SIGUSR1) : sigqueue(pid, SIGUSR2, value), 0);
        lost = !comes(ends[0]);
    }
    kill(pid, SIGKILL);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(!lost);
    CHECK_EQ(WTERMSIG(status), SIGKILL);
    close(ends[0]), close(ends[1]);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
