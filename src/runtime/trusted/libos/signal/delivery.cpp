#include "runtime/trusted/libos/signal/delivery.h"

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/rewrite/hook.h"
#include "runtime/trusted/libos/signal/host_signals.h"
#include "runtime/trusted/libos/task/exit.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/task/process.h"

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
                           kKickSignal);
}

void send_to_thread(Thread& thread, const SigInfo& info) {
    {
        Guard guard(thread.process->handlers->lock);
        if (is_ignored(*thread.process->handlers, info.number) &&
            !(thread.mask & signal_bit(info.number)))
            return;
        thread.pending.add(info);
    }
    kick(thread);
}

void send_to_process(Process& process, const SigInfo& info) {
    Thread* chosen = nullptr;
    {
        Guard guard(process.handlers->lock);
        if (info.number == kSIGCONT)
            process.pending.remove(signal_bit(kSIGSTOP) | signal_bit(kSIGTSTP) |
                                   signal_bit(kSIGTTIN) | signal_bit(kSIGTTOU));
        if (is_ignored(*process.handlers, info.number)) {
            bool blocked_by_all = true;
            for (Thread* thread : process.threads)
                blocked_by_all = blocked_by_all && (thread->mask & signal_bit(info.number));
            if (!blocked_by_all)
                return;
        }
        process.pending.add(info);
        // The caller first: it returns to the program soon and needs no kick.
        Thread* self = &current_thread();
        if (self->process.get() == &process && !(self->mask & signal_bit(info.number)))
            chosen = self;
        for (size_t i = 0; chosen == nullptr && i < process.threads.size(); i++)
            if (!(process.threads[i]->mask & signal_bit(info.number)))
                chosen = process.threads[i];
    }
    if (chosen != nullptr)
        kick(*chosen);
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
                if (what == DefaultAction::End && process.pid == 1 && info.code <= 0 &&
                    info.number != kSIGKILL && info.number != kSIGSEGV)
                    continue;  // as Linux spares the init of a PID namespace
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
                enclave::host_call(__NR_kill, enclave::Interruptible::No,
                                   static_cast<uint64_t>(process.pid), kSIGSTOP);
                continue;
            }
            end_process_by_signal(info.number);
        }
        finish_interrupted_call(frame, true, action.flags);
        thread.restore_saved_mask = false;
        delivered = true;
        if (!push_handler_frame(thread, frame, info, action, mask_to_restore)) {
            Guard guard(process.handlers->lock);
            action_of(thread, kSIGSEGV).handler = kSIG_DFL;
            thread.mask &= ~signal_bit(kSIGSEGV);
            SigInfo fault{};
            fault.number = kSIGSEGV;
            fault.code = kSI_KERNEL;
            thread.pending.add(fault);
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

// HOST: the details (sender, value) of a host signal are the host's word; the number is checked.
void accept_host_signals(Thread& thread) {
    boundary::HostWindow* window = thread.block->window;
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
        if (signal.number < 1 || signal.number > kSignalCount || signal.number == kKickSignal)
            continue;
        SigInfo info{};
        info.number = signal.number;
        info.code = signal.code;
        info.error = signal.error;
        info.pid = static_cast<uint32_t>(signal.pid);
        info.uid = signal.uid;
        info.value = signal.value;
        accept_host_signal(thread, info);
    }
}

}  // namespace scone::libos
