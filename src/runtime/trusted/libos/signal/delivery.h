// Sending signals, and what happens to them on the way back to the program.
//
// Side:    trusted
// Threads: send_* may be called by any thread; deliver only by the thread that returns
// Source:  signal(7)
#pragma once

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/signal/signal_state.h"

namespace scone::libos {

struct Process;
struct Thread;

// Queues the signal and wakes whoever has to see it. An ignored signal is dropped here.
void send_to_process(Process& process, const linux_abi::SigInfo& info);
// Preconditions: Process::mutex is held, so that the thread stays.
void send_to_thread(Thread& thread, const linux_abi::SigInfo& info);
// The calling thread blocks a signal, or ends: signals of the process that it was woken for are
// another thread's now.
void offer_pending_signals(Process& process);
// A fault of the calling thread: cannot be blocked or ignored.
void force_signal(const linux_abi::SigInfo& info);
linux_abi::SigInfo user_signal(int number, int code);

// Takes over what the host queued in this thread's window.
void accept_host_signals(Thread& thread);
// Makes the thread leave the host, or look at its signals before it goes on in the program.
void kick(Thread& thread);
// How a call on a terminal is made that sends `number` (SIGTTIN, SIGTTOU) to a background process:
// one that blocks or ignores it is not stopped.
enclave::Interruptible terminal_call(int number);

// Restarts an interrupted call or makes EINTR of it, and sets up the frame of at most one handler
// per pending signal. May end the process.
void deliver_signals(Thread& thread, enclave::Registers& frame);

// rt_sigreturn: puts back what the frame on the program's stack says. EFAULT forces SIGSEGV.
void return_from_handler(Thread& thread, enclave::Registers& frame);

// Never true of a stack with SS_AUTODISARM: it is taken away while it is used.
bool is_on_alternate_stack(const linux_abi::SigStack& stack, uint64_t rsp);

// Builds the frame of a handler on the program's stack; false when the stack is not writable.
bool push_handler_frame(Thread& thread, enclave::Registers& frame, const linux_abi::SigInfo& info,
                        const linux_abi::SigAction& action, SignalMask mask_to_restore);

}  // namespace scone::libos
