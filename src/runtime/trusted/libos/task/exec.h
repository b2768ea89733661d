// exec: another program in the same enclave.
//
// Side:    trusted
// Errors:  as execve(2) while the old program still exists; after that SIGKILL
#pragma once

#include <string_view>

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/loader/program.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

// arguments, environment: addresses of NULL-terminated arrays in the program.
SyscallResult execute(Thread& thread, enclave::Registers& frame, int fd, uint64_t path,
                      uint64_t arguments, uint64_t environment, uint32_t flags);

// /proc/self/exe, /proc/self/comm.
void set_program_name(Thread& thread, Process& process, const Program& program);
// Vector registers as Linux gives them to a new program.
void clear_vectors(Thread& thread);

}  // namespace scone::libos
