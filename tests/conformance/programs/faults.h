// Touching memory that may not be there: touch() hands back the signal that it caused, or 0.
#pragma once

#include <setjmp.h>
#include <signal.h>

static volatile sig_atomic_t fault_code;
static void* volatile fault_address;
static volatile sig_atomic_t fault_signal;
static sigjmp_buf after_fault;

static void on_fault(int signal, siginfo_t* info, void* context) {
    (void)context;
    fault_signal = signal, fault_code = info->si_code, fault_address = info->si_addr;
    siglongjmp(after_fault, 1);
}

static inline int touch(volatile char* at, int write) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, old[2];
    sigaction(SIGSEGV, &action, &old[0]);
    sigaction(SIGBUS, &action, &old[1]);
    fault_signal = 0, fault_address = NULL;
    if (sigsetjmp(after_fault, 1) == 0) {
        if (write)
            *at = 1;
        else
            (void)*at;
    }
    sigaction(SIGSEGV, &old[0], NULL);
    sigaction(SIGBUS, &old[1], NULL);
    return fault_signal;
}
