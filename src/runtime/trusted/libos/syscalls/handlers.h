// The handlers of all system calls, declared from the list.
//
// Side: trusted
#pragma once

#include "runtime/trusted/libos/syscalls/syscall.h"

namespace scone::libos {

#define SYSCALL(name, support, note) SyscallResult sys_##name(Call& call);
#define SYSCALL_AS(name, handler, support, note)
#include "runtime/trusted/libos/syscalls/syscall_list.inc"
#undef SYSCALL
#undef SYSCALL_AS

}  // namespace scone::libos
