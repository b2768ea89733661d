#include "runtime/trusted/libos/signal/delivery.h"

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/signal_file.h"
#include "runtime/trusted/libos/rewrite/hook.h"
#include "runtime/trusted/libos/signal/host_signals.h"
#include "runtime/trusted/libos/task/exit.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/time/timers.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;
using enclave::Registers;

enum class DefaultAction { Ignore, End, Stop, Continue };

DefaultAction default_action(int number) {
    switch (number) {
        case kSIGCHLD:
        case kSIGURG:
        case kSIGWINCH:
            return DefaultAction::Ignore;
        case kSIGSTOP:
        case kSIGTSTP:
        case kSIGTTIN:
        case kSIGTTOU:
            return DefaultAction::Stop;
        case kSIGCONT:
            return DefaultAction::Continue;
        default:
            return DefaultAction::End;
    }
}

bool is_ignored(const SignalHandlers& handlers, int number) {
    uint64_t handler = handlers.actions[number - 1].handler;
    return handler == kSIG_IGN ||
           (handler == kSIG_DFL && default_action(number) == DefaultAction::Ignore);
}

// What is blocked or waited for stays: it may get a handler yet.
bool is_dropped(const Thread& thread, int number) {
    return !((thread.mask | thread.waited_for) & signal_bit(number)) &&
           is_ignored(*thread.process->handlers, number);
}

SigAction& action_of(Thread& thread, int number) {
    return thread.process->handlers->actions[number - 1];
}

// The number that the program sees for a call that a signal interrupted, or a restart.
void finish_interrupted_call(Registers& frame, bool has_handler, uint64_t flags) {
    if (frame.orig_rax == ~0ull)
        return;
    auto result = -static_cast<int64_t>(frame.rax);
    bool restart = false;
    switch (result) {
        case kERESTARTNOINTR:
            restart = true;
            break;
        case kERESTARTSYS:
            restart = !has_handler || (flags & kSA_RESTART);
            break;
        case kERESTARTNOHAND:
            restart = !has_handler;
            break;
        case kERESTART_RESTARTBLOCK:
            if (!has_handler) {
                // The call goes on with what is left of its time, kept in the thread.
                frame.rax = __NR_restart_syscall;
                frame.rip -= 2;
                frame.orig_rax = ~0ull;
                return;
            }
            break;
        default:
            frame.orig_rax = ~0ull;
            return;
    }
    if (restart) {
        // The two bytes before the continuation are the syscall instruction. At a rewritten site
        // they trap, or execution_address() finds their trampoline.
        frame.rax = frame.orig_rax;
        frame.rip -= 2;
    } else {
        frame.rax = static_cast<uint64_t>(-static_cast<int64_t>(kEINTR));
    }
    frame.orig_rax = ~0ull;
}

bool take_signal(Thread& thread, SigInfo& info) {
    return thread.pending.take(thread.mask, info) ||
           thread.process->pending.take(thread.mask, info);
}

constexpr SignalMask kStopSignals =
    signal_bit(kSIGSTOP) | signal_bit(kSIGTSTP) | signal_bit(kSIGTTIN) | signal_bit(kSIGTTOU);

// A signal to stop takes back one to continue, and the other way round. Preconditions:
// Process::mutex and the handlers' lock are held.
void cancel_opposite(Process& process, int number) {
    SignalMask opposite = number == kSIGCONT                         ? kStopSignals
                          : (kStopSignals & signal_bit(number)) != 0 ? signal_bit(kSIGCONT)
                                                                     : 0;
    if (opposite == 0)
        return;
    process.pending.remove(opposite);
    for (Thread* thread : process.threads)
        thread->pending.remove(opposite);
}

// Linux spares the init of a PID namespace every signal whose action is the default one, but for
// its own exceptions.
bool spares_init(const Process& process, const SigInfo& info) {
    constexpr SignalMask kExceptions = signal_bit(kSIGSEGV) | signal_bit(kSIGBUS) |
                                       signal_bit(kSIGILL) | signal_bit(kSIGTRAP) |
                                       signal_bit(kSIGFPE) | signal_bit(kSIGSYS);
    return process.pid == 1 && !(info.code > 0 && (kExceptions & signal_bit(info.number)));
}

// A thread that may take a signal of the process now: one that waits for it, else the caller if it
// can.
Thread* find_taker(Process& process, int number) {
    for (Thread* thread : process.threads)
        if (thread->waited_for & signal_bit(number))
            return thread;
    Thread* self = &current_thread();
    if (self->process.get() == &process && !(self->mask & signal_bit(number)))
        return self;
    for (Thread* thread : process.threads)
        if (!(thread->mask & signal_bit(number)))
            return thread;
    return nullptr;
}

}  // namespace

SigInfo user_signal(int number, int code) {
    SigInfo info{};
    info.number = number;
    info.code = code;
    info.pid = static_cast<uint32_t>(current_process().pid);
    info.uid = current_process().credentials.user;
    return info;
}

void kick(Thread& thread) {
    thread.block->pending.store(1, std::memory_order_seq_cst);
    if (&thread == &current_thread())
        return;
    int64_t host_tid = thread.host_tid.load(std::memory_order_acquire);
    if (host_tid > 0)
        enclave::host_call(__NR_tkill, enclave::Interruptible::No, static_cast<uint64_t>(host_tid),
                           kWakeSignal);
}

enclave::Interruptible terminal_call(int number) {
    Thread& thread = current_thread();
    Guard guard(thread.process->handlers->lock);
    bool stays = (thread.mask & signal_bit(number)) ||
                 thread.process->handlers->actions[number - 1].handler == kSIG_IGN;
    return stays ? enclave::Interruptible::InBackground : enclave::Interruptible::Yes;
}

void send_to_thread(Thread& thread, const SigInfo& info) {
    {
        Guard guard(thread.process->handlers->lock);
        cancel_opposite(*thread.process, info.number);
        if (is_dropped(thread, info.number))
            return;
        thread.pending.add(info);
    }
    SignalFile::announce(info.number);
    kick(thread);
}

void send_to_process(Process& process, const SigInfo& info) {
    Guard threads_guard(process.mutex);
    Thread* taker;
    {
        Guard guard(process.handlers->lock);
        cancel_opposite(process, info.number);
        taker = find_taker(process, info.number);
        if (taker != nullptr && is_dropped(*taker, info.number))
            return;
        process.pending.add(info);
    }
    SignalFile::announce(info.number);
    if (taker != nullptr)
        kick(*taker);
}

void offer_pending_signals(Process& process) {
    Guard threads_guard(process.mutex);
    Vector<Thread*>& threads = process.threads;
    for (int number = 1; number <= kSignalCount; number++) {
        if (!(process.pending.set & signal_bit(number)))
            continue;
        for (Thread* thread : threads) {
            if (thread == &current_thread() || (thread->mask & signal_bit(number)))
                continue;
            kick(*thread);
            break;
        }
    }
}

void force_signal(const SigInfo& info) {
    Thread& thread = current_thread();
    Guard guard(thread.process->handlers->lock);
    SigAction& action = action_of(thread, info.number);
    if ((thread.mask & signal_bit(info.number)) || action.handler == kSIG_IGN) {
        action.handler = kSIG_DFL;
        thread.mask &= ~signal_bit(info.number);
    }
    thread.pending.add(info);
    thread.block->pending.store(1, std::memory_order_relaxed);
}

bool signal_is_waiting() {
    Thread& thread = current_thread();
    accept_host_signals(thread);
    if (thread.process->exiting.load(std::memory_order_relaxed))
        return true;
    Thread* exec_thread = thread.process->exec_thread.load(std::memory_order_relaxed);
    if (exec_thread != nullptr && exec_thread != &thread)
        return true;
    Guard guard(thread.process->handlers->lock);
    SignalMask waiting = (thread.pending.set | thread.process->pending.set) & ~thread.mask;
    for (int number = 1; number <= kSignalCount; number++)
        if ((waiting & signal_bit(number)) && !is_ignored(*thread.process->handlers, number))
            return true;
    return false;
}

void deliver_signals(Thread& thread, Registers& frame) {
    Process& process = *thread.process;
    bool delivered = false;
    // Handlers, and the steps back to a system call below, deal in the program's addresses.
    frame.rip = program_address(*process.memory, frame.rip);
    for (;;) {
        SigInfo info;
        SigAction action;
        SignalMask mask_to_restore;
        {
            Guard guard(process.handlers->lock);
            if (!take_signal(thread, info))
                break;
            action = action_of(thread, info.number);
            if (action.handler == kSIG_IGN)
                continue;
            if (action.handler == kSIG_DFL) {
                DefaultAction what = default_action(info.number);
                if (what == DefaultAction::Ignore || what == DefaultAction::Continue)
                    continue;
                if (spares_init(process, info))
                    continue;
            }
            mask_to_restore = thread.restore_saved_mask ? thread.saved_mask : thread.mask;
            if (action.handler != kSIG_DFL) {
                thread.mask |= action.mask & ~kUnblockable;
                if (!(action.flags & kSA_NODEFER))
                    thread.mask |= signal_bit(info.number) & ~kUnblockable;
                if (action.flags & kSA_RESETHAND)
                    action_of(thread, info.number).handler = kSIG_DFL;
            }
        }
        if (action.handler == kSIG_DFL) {
            if (default_action(info.number) == DefaultAction::Stop) {
                // The host stops by its own default action, so that the parent sees which signal.
                enclave::host_call(boundary::kHostDieBySignal, enclave::Interruptible::No,
                                   static_cast<uint64_t>(info.number));
                continue;
            }
            if (leave_vfork_child(thread, frame, info.number))
                return;  // its parent goes on: it looks at its own signals
            end_process_by_signal(info.number);
        }
        if (info.code == kSI_TIMER)
            note_timer_signal(process, info);
        finish_interrupted_call(frame, true, action.flags);
        thread.restore_saved_mask = false;
        delivered = true;
        if (!push_handler_frame(thread, frame, info, action, mask_to_restore)) {
            // As Linux does: SIGSEGV, whose handler may have a stack of its own.
            {
                Guard guard(process.handlers->lock);
                thread.mask = mask_to_restore;
                if (info.number == kSIGSEGV)
                    action_of(thread, kSIGSEGV).handler = kSIG_DFL;
            }
            SigInfo fault{};
            fault.number = kSIGSEGV;
            fault.code = kSI_KERNEL;
            force_signal(fault);
        }
    }
    if (!delivered)
        finish_interrupted_call(frame, false, 0);
    frame.rip = execution_address(*process.memory, frame.rip);
    if (thread.restore_saved_mask) {
        thread.mask = thread.saved_mask;
        thread.restore_saved_mask = false;
    }
}

// Signals that found the queue full: their details are lost, as on Linux beyond its limit.
void accept_overflow(Thread& thread, boundary::HostWindow* window) {
    SignalMask lost = enclave::host_load(&window->signal_overflow);
    if (lost == 0)
        return;
    lost = enclave::host_exchange(&window->signal_overflow, 0);
    for (int number = 1; number <= kSignalCount; number++) {
        if (!(lost & signal_bit(number)))
            continue;
        SigInfo info{};
        info.number = number;
        accept_host_signal(thread, info);
    }
}

// HOST: the details (sender, value) of a host signal are the host's word; the number is checked.
void accept_host_signals(Thread& thread) {
    boundary::HostWindow* window = thread.block->window;
    accept_overflow(thread, window);
    uint64_t word = enclave::host_load(&window->signal_write);
    auto write = static_cast<uint32_t>(word), read = static_cast<uint32_t>(word >> 32);
    if (write - read > boundary::kSignalQueueLength)
        read = write - boundary::kSignalQueueLength;
    while (read != write) {
        boundary::HostSignal signal;
        enclave::copy_from_host(
            &signal,
            reinterpret_cast<uint64_t>(&window->signals[read % boundary::kSignalQueueLength]),
            sizeof signal);
        read++;
        // signal_read shares an aligned word with signal_write, which the host alone writes.
        *reinterpret_cast<volatile uint32_t*>(&window->signal_read) = read;
        if (signal.number < 1 || signal.number > kSignalCount)
            continue;
        SigInfo info{};
        info.number = signal.number;
        info.code = signal.code;
        info.error = signal.error;
        info.pid = static_cast<uint32_t>(signal.pid);
        info.uid = signal.uid;
        info.value = signal.number == kSIGCHLD && signal.code > 0
                         ? static_cast<uint32_t>(signal.status)
                         : signal.value;
        accept_host_signal(thread, info);
    }
    // Of the aligned word the upper half is reserved.
    if (static_cast<uint32_t>(enclave::host_load(&window->signals_held)) != 0)
        enclave::host_call(boundary::kHostSignalsTaken, enclave::Interruptible::No);
}

}  // namespace scone::libos
