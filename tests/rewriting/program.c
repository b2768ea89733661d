// Calls through sites of every class while a timer interrupts: results, restarts and the addresses
// that signal frames show must be those of the untouched program.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

long site_previous(void);
long site_previous_several(long number);
long site_mixed(long number, const void* a, void* b);
long site_next(long number, long a, void* b, long c);
long site_next_returns(long number);
extern const char rewriting_text_start[], rewriting_text_end[], __executable_start[], etext[];

static atomic_int signals, in_sites, strangers;

// Anonymous executable memory is where no program counter of this program may ever be.
static int is_known(unsigned long rip) {
    return rip - (unsigned long)__executable_start <
               (unsigned long)(etext - __executable_start) + (1 << 20) ||
           rip > 0x10000000;
}

static void on_alarm(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)info;
    unsigned long rip = (unsigned long)((ucontext_t*)context)->uc_mcontext.gregs[REG_RIP];
    atomic_fetch_add(&signals, 1);
    if (rip >= (unsigned long)rewriting_text_start && rip < (unsigned long)rewriting_text_end)
        atomic_fetch_add(&in_sites, 1);
    else if (!is_known(rip))
        atomic_fetch_add(&strangers, 1);
}

static int wrong(const char* what, long got, long expected) {
    fprintf(stderr, "%s: got %ld, expected %ld\n", what, got, expected);
    return 1;
}

static void* write_later(void* argument) {
    struct timespec pause = {0, 20 * 1000 * 1000};
    while (nanosleep(&pause, &pause) != 0) {
    }
    char byte = 'x';
    return write(*(int*)argument, &byte, 1) == 1 ? NULL : argument;
}

int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_alarm;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {{0, 500}, {0, 500}};
    setitimer(ITIMER_REAL, &timer, NULL);

    long parent = getppid();
    for (int i = 0; i < 20000; i++) {
        if (site_previous() != parent)
            return wrong("previous", site_previous(), parent);
        if (site_previous_several(SYS_getppid) != parent)
            return wrong("previous several", site_previous_several(SYS_getppid), parent);
        if (site_mixed(SYS_getppid, NULL, NULL) != parent)
            return wrong("mixed", site_mixed(SYS_getppid, NULL, NULL), parent);
        if (site_next(SYS_getppid, 0, NULL, 0) != parent)
            return wrong("next", site_next(SYS_getppid, 0, NULL, 0), parent);
        if (site_next_returns(SYS_getppid) != parent)
            return wrong("next that returns", site_next_returns(SYS_getppid), parent);
    }
    // A sleep is interrupted (no restart after a handler), with what is left of it.
    struct timespec left = {0, 30 * 1000 * 1000};
    long result;
    while ((result = site_mixed(SYS_nanosleep, &left, &left)) == -EINTR) {
    }
    if (result != 0)
        return wrong("sleep through mixed", result, 0);
    // A read is restarted at the site, again and again, until the byte comes.
    int ends[2];
    pthread_t writer;
    void* failed;
    for (int i = 0; i < 3; i++) {
        if (pipe(ends) != 0 || pthread_create(&writer, NULL, write_later, &ends[1]) != 0)
            return wrong("pipe", errno, 0);
        char byte = 0;
        result = site_next(SYS_read, ends[0], &byte, 1);
        if (result != 1 || byte != 'x')
            return wrong("read through next", result, 1);
        pthread_join(writer, &failed);
        if (failed != NULL || close(ends[0]) != 0 || close(ends[1]) != 0)
            return wrong("writer", 1, 0);
    }
    memset(&timer, 0, sizeof timer);
    setitimer(ITIMER_REAL, &timer, NULL);
    if (strangers != 0)
        return wrong("frames with foreign addresses", strangers, 0);
    if (signals < 20)
        return wrong("signals", signals, 20);
    printf("ok\n");
    return 0;
}
