// A host thread that enters the enclave: its window, stacks and signal stack.
//
// Side:    host
// Layout:  one block of memory, aligned to the signal stack's size:
//            signal stack, guard page, stack, window header, window data
//          Blocks are never given back; a thread that ended leaves its block to the next.
// Threads: a block belongs to the thread that made `busy` 1
#pragma once

#include <cstdint>

#include "runtime/boundary/wire/host_window.h"
#include "runtime/host/machine/machine.h"

namespace scone::service {

inline constexpr uint64_t kGuardSize = 4096;
inline constexpr uint64_t kStackSize = 252 * 1024;
inline constexpr uint64_t kWindowDataSize = 256 * 1024;
inline constexpr uint64_t kBlockSize = machine::kSignalStackSize + kGuardSize + kStackSize +
                                       boundary::kWindowHeaderSize + kWindowDataSize;

struct HostThread {
    HostThread* next;  // of all blocks ever made
    uint32_t busy;
    uint32_t reserved;
    machine::Machine* machine;
    machine::LogicalProcessor* processor;
    boundary::HostWindow* window;
    uint64_t tcs;
    void* signal_stack;
    uint64_t stack_top;
};

// A free block, or a new one, with an empty window; null when the host has no memory.
HostThread* take_block() noexcept;
// In a forked child: all other blocks are free.
void forget_other_blocks(HostThread* own) noexcept;
// Empties the signal queue and writes the thread's id.
void reset_window(HostThread* thread) noexcept;

// Enters and serves the enclave's host calls until the thread or the process ends.
[[noreturn]] void serve(HostThread* thread, machine::Run run) noexcept;

// The host call that stands in the thread's window. Fills in its result.
void perform_host_call(HostThread* thread) noexcept;

// The calls that are nothing but a system call: all but those that are refused, reach into ELRANGE
// or must not be repeated.
void allow_plain_calls(machine::Machine* machine) noexcept;

// kHostCreateThread: the host's thread id or -errno.
int64_t create_thread(HostThread* thread, uint64_t tcs) noexcept;
// kHostExitThread.
[[noreturn]] void exit_thread(HostThread* thread, uint64_t word_address) noexcept;
// kHostCloneProcess.
int64_t clone_process(HostThread* thread) noexcept;

// Only one thread at a time may use the C library: all share the first thread's FS base.
class HostedSection {
  public:
    HostedSection() noexcept;
    ~HostedSection();
    HostedSection(const HostedSection&) = delete;
    HostedSection& operator=(const HostedSection&) = delete;
};

// The host's own stderr: the program may close descriptor 2.
extern int log_descriptor;

}  // namespace scone::service
