// Signals of the simulated machine: exceptions inside the enclave become AEX with exit information,
// other signals are queued in the thread's window and, inside the enclave, cause an AEX as well.
//
// Side:    host
// Threads: handlers run on the thread's own signal stack, whose lowest word (the stack is aligned
// to
//          its size) is the LogicalProcessor; all signals are blocked meanwhile.
//          Outside of handlers no signal is ever blocked by the host: blocking is the enclave's
//          affair, and a mask with SIGSYS would let the kernel kill the process.
// Source:  docs/formats/host-boundary.md, "Signals"
#pragma once

#include <cstdint>

namespace scone::machine {

inline constexpr int kSignalCount = 64;

// Takes over every signal but SIGKILL and SIGSTOP. Returns -errno on failure.
int64_t install_signal_handlers() noexcept;
// Our handler for one signal (after its default action had been restored for a while).
int64_t install_signal_handler(int number) noexcept;
int64_t restore_default_action(int number) noexcept;
// The flags with which SIGCHLD is handled from now on.
int64_t watch_children(bool ignore_stops, bool reap) noexcept;
// Blocks every signal of the calling thread, or none. For moments without a valid signal stack.
void block_signals() noexcept;
void unblock_signals() noexcept;
// So that this one is delivered next.
void block_signals_but(int number) noexcept;

}  // namespace scone::machine
