// Linux system call numbers on x86-64: as programs use them, and as the host is asked for them.
//
// Side:   trusted
// Source: Linux, arch/x86/entry/syscalls/syscall_64.tbl (numbers are facts)
#pragma once

#include <asm/unistd_64.h>

// Younger than the headers of the build machine.
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
