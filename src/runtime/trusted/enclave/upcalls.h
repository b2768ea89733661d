// What this room asks of libos: the functions that the entry code calls when the program needs
// something. libos implements them.
//
// Side:    trusted
// Threads: each runs on the runtime stack of the thread it is about
#pragma once

#include <cstdint>
#include <span>

#include "runtime/boundary/wire/host_window.h"
#include "runtime/trusted/enclave/thread_block.h"

namespace scone::libos {

// The first thread. `launch` was copied into the enclave; nothing in it is trusted.
[[noreturn]] void start(enclave::ThreadBlock* block, std::span<const uint8_t> launch);
// A system call of the program; the result goes into frame->rax.
void system_call(enclave::Registers* frame);
// An exception of the program (vector, address, error code), its vector state saved in the frame's
// area. Either mends the cause or turns it into a signal.
void program_exception(enclave::Registers* frame, uint32_t vector, uint64_t address,
                       uint32_t error);
// Signals may be waiting. `vectors_saved`: the program's vector state is in the frame's area.
void before_return(enclave::Registers* frame, bool vectors_saved);

}  // namespace scone::libos
