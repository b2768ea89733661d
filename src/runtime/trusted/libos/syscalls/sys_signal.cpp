// rt_sigaction and family, kill
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/signal/host_signals.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/children.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/time/clock.h"
#include "runtime/trusted/libos/time/timers.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;

bool valid(int number) {
    return number >= 1 && number <= kSignalCount;
}

Result<SignalMask> load_mask(uint64_t address, uint64_t size) {
    if (size != sizeof(SignalMask))
        return error(kEINVAL);
    return SCONE_TRY(AppPtr<SignalMask>(address).load()) & ~kUnblockable;
}

// Sleeps until a signal that is not blocked waits, or the deadline.
Result<void> wait_for_signal(const Deadline& deadline) {
    for (;;) {
        prepare_park();
        if (signal_is_waiting())
            return error(kERESTARTNOHAND);
        if (park(deadline) == -kETIMEDOUT && deadline.set)
            return error(kETIMEDOUT);
    }
}

}  // namespace

SyscallResult sys_rt_sigaction(Call& call) {
    int number = call.fd(0);
    if (!valid(number) || call.arg[3] != sizeof(SignalMask))
        return error(kEINVAL);
    SignalHandlers& handlers = *call.process().handlers;
    SigAction fresh{}, old;
    if (call.arg[1] != 0) {
        if (kUnblockable & signal_bit(number))
            return error(kEINVAL);
        fresh = SCONE_TRY(AppPtr<SigAction>(call.arg[1]).load());
    }
    {
        Guard threads_guard(call.process().mutex);
        Guard guard(handlers.lock);
        old = handlers.actions[number - 1];
        if (call.arg[1] != 0) {
            fresh.mask &= ~kUnblockable;
            handlers.actions[number - 1] = fresh;
            bool ignored =
                fresh.handler == kSIG_IGN ||
                (fresh.handler == kSIG_DFL && (number == kSIGCHLD || number == kSIGURG ||
                                               number == kSIGWINCH || number == kSIGCONT));
            if (ignored) {
                call.process().pending.remove(signal_bit(number));
                for (Thread* thread : call.process().threads)
                    thread->pending.remove(signal_bit(number));
            }
        }
    }
    if (number == kSIGCHLD && call.arg[1] != 0)
        apply_child_flags(call.process());
    if (call.arg[2] != 0)
        SCONE_TRY(AppPtr<SigAction>(call.arg[2]).store(old));
    return 0;
}

SyscallResult sys_rt_sigprocmask(Call& call) {
    if (call.arg[3] != sizeof(SignalMask))
        return error(kEINVAL);
    SignalMask old = call.thread.mask, next = old;
    if (call.arg[1] != 0) {
        SignalMask given = SCONE_TRY(AppPtr<SignalMask>(call.arg[1]).load());
        switch (call.fd(0)) {
            case kSIG_BLOCK:
                next = old | given;
                break;
            case kSIG_UNBLOCK:
                next = old & ~given;
                break;
            case kSIG_SETMASK:
                next = given;
                break;
            default:
                return error(kEINVAL);
        }
    }
    if (call.arg[2] != 0)
        SCONE_TRY(AppPtr<SignalMask>(call.arg[2]).store(old));
    bool others_turn;
    {
        Guard guard(call.process().handlers->lock);
        call.thread.mask = next & ~kUnblockable;
        if ((call.thread.pending.set | call.process().pending.set) & ~call.thread.mask)
            call.thread.block->pending.store(1, std::memory_order_relaxed);
        others_turn = call.process().pending.set & call.thread.mask & ~old;
    }
    if (others_turn)
        offer_pending_signals(call.process());
    return 0;
}

SyscallResult sys_rt_sigreturn(Call& call) {
    return_from_handler(call.thread, call.frame);
    // The dispatcher stores the result in rax: it is what the frame says.
    return call.frame.rax;
}

SyscallResult sys_rt_sigpending(Call& call) {
    accept_host_signals(call.thread);
    SignalMask waiting;
    {
        Guard guard(call.process().handlers->lock);
        waiting = (call.thread.pending.set | call.process().pending.set) & call.thread.mask;
    }
    if (call.arg[1] > sizeof waiting)
        return error(kEINVAL);
    SCONE_TRY(copy_to_program(call.arg[0], &waiting, call.arg[1]));
    return 0;
}

SyscallResult sys_rt_sigsuspend(Call& call) {
    SignalMask mask = SCONE_TRY(load_mask(call.arg[0], call.arg[1]));
    call.thread.saved_mask = call.thread.mask;
    call.thread.restore_saved_mask = true;
    call.thread.mask = mask;
    return std::unexpected(wait_for_signal({}).error());
}

SyscallResult sys_pause(Call&) {
    return std::unexpected(wait_for_signal({}).error());
}

SyscallResult sys_rt_sigtimedwait(Call& call) {
    SignalMask wanted = SCONE_TRY(load_mask(call.arg[0], call.arg[3]));
    Deadline deadline;
    if (call.arg[2] != 0) {
        Timespec time = SCONE_TRY(AppPtr<Timespec>(call.arg[2]).load());
        deadline = deadline_after(SCONE_TRY(timespec_to_ns(time)));
    }
    Thread& thread = call.thread;
    SignalMask old = thread.mask;
    SigInfo info;
    for (;;) {
        prepare_park();
        accept_host_signals(thread);
        {
            Guard guard(thread.process->handlers->lock);
            thread.mask = old;
            if (thread.pending.take(~wanted, info) || thread.process->pending.take(~wanted, info))
                break;
            // While it sleeps the wanted signals must reach it.
            thread.mask = old & ~wanted;
            thread.waited_for = wanted;
        }
        bool other = signal_is_waiting();
        int64_t result = 0;
        if (!other)
            result = park(deadline);
        {
            Guard guard(thread.process->handlers->lock);
            SignalMask ready = (thread.pending.set | thread.process->pending.set) & wanted;
            thread.mask = old;
            thread.waited_for = 0;
            if (ready)
                continue;
        }
        if (result == -kETIMEDOUT && deadline.set)
            return error(kEAGAIN);
        if (signal_is_waiting())
            return error(kEINTR);
    }
    if (info.code == kSI_TIMER)
        note_timer_signal(*thread.process, info);
    if (call.arg[1] != 0)
        SCONE_TRY(AppPtr<SigInfo>(call.arg[1]).store(info));
    return static_cast<uint64_t>(info.number);
}

SyscallResult sys_sigaltstack(Call& call) {
    SigStack& stack = call.thread.alternate_stack;
    SigStack old = stack;
    bool on_it = is_on_alternate_stack(stack, call.frame.rsp);
    if (on_it)
        old.flags |= kSS_ONSTACK;
    if (call.arg[0] != 0) {
        SigStack fresh = SCONE_TRY(AppPtr<SigStack>(call.arg[0]).load());
        constexpr uint64_t kMinimum = 2048;
        uint32_t mode = fresh.flags & ~kSS_AUTODISARM;
        if (on_it)
            return error(kEPERM);
        if (mode != 0 && mode != kSS_DISABLE && mode != kSS_ONSTACK)
            return error(kEINVAL);
        if (mode != kSS_DISABLE && fresh.size < kMinimum)
            return error(kENOMEM);
        stack = mode == kSS_DISABLE
                    ? SigStack{0, fresh.flags, 0, 0}
                    : SigStack{fresh.pointer, fresh.flags & ~kSS_ONSTACK, 0, fresh.size};
    }
    if (call.arg[1] != 0)
        SCONE_TRY(AppPtr<SigStack>(call.arg[1]).store(old));
    return 0;
}

namespace {

Result<void> send_within(Call& call, int tid, const SigInfo& info) {
    Thread* target = nullptr;
    Guard guard(call.process().mutex);
    for (Thread* thread : call.process().threads)
        if (thread->tid == tid)
            target = thread;
    if (target == nullptr)
        return error(kESRCH);
    if (info.number != 0)
        send_to_thread(*target, info);
    return {};
}

bool is_own_thread(Call& call, int tid) {
    Guard guard(call.process().mutex);
    for (Thread* thread : call.process().threads)
        if (thread->tid == tid)
            return true;
    return false;
}

// Other processes are the host's to find; signal 33 is the runtime's own.
SyscallResult host_signal_call(uint64_t call_number, int a0, int a1, int number,
                               uint64_t last = 0) {
    if (number == kParentEndSignal)
        return error(kEINVAL);
    auto extended = [](int value) { return static_cast<uint64_t>(static_cast<int64_t>(value)); };
    int64_t result = call_number == __NR_kill || call_number == __NR_rt_sigqueueinfo
                         ? enclave::host_call(call_number, enclave::Interruptible::No, extended(a0),
                                              extended(number), last)
                         : enclave::host_call(call_number, enclave::Interruptible::No, extended(a0),
                                              extended(a1), extended(number), last);
    return from_kernel(enclave::checked_result(result, 0));
}

SyscallResult tkill(Call& call, int group, int tid, int number, SigInfo info) {
    if (tid <= 0 || number < 0 || number > kSignalCount)
        return error(kEINVAL);
    info.number = number;
    if (group == call.process().pid) {
        SCONE_TRY(send_within(call, tid, info));
        return 0;
    }
    return host_signal_call(__NR_tgkill, group, tid, number);
}

// Details that a program gives itself: a sender other than the kernel and kill().
Result<SigInfo> load_details(uint64_t address, int number, bool to_itself) {
    SigInfo info = SCONE_TRY(AppPtr<SigInfo>(address).load());
    if ((info.code >= 0 || info.code == kSI_TKILL) && !to_itself)
        return error(kEPERM);
    // The runtime tells expiries of its timers by their code.
    if (info.code == kSI_TIMER)
        return error(kEPERM);
    info.number = number;
    return info;
}

uint64_t pass_to_host(const SigInfo& info) {
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    enclave::copy_to_host(at, &info, sizeof info);
    return at;
}

}  // namespace

SyscallResult sys_kill(Call& call) {
    int pid = call.fd(0), number = call.fd(1);
    if (number < 0 || number > kSignalCount)
        return error(kEINVAL);
    if (pid == call.process().pid || (pid > 0 && is_own_thread(call, pid))) {
        if (number != 0)
            send_to_process(call.process(), user_signal(number, kSI_USER));
        return 0;
    }
    return host_signal_call(__NR_kill, pid, 0, number);
}
SyscallResult sys_tkill(Call& call) {
    int tid = call.fd(0);
    int group = is_own_thread(call, tid) ? call.process().pid : tid;
    return tkill(call, group, tid, call.fd(1), user_signal(call.fd(1), kSI_TKILL));
}
SyscallResult sys_tgkill(Call& call) {
    if (call.fd(0) <= 0)
        return error(kEINVAL);
    return tkill(call, call.fd(0), call.fd(1), call.fd(2), user_signal(call.fd(2), kSI_TKILL));
}
SyscallResult sys_rt_sigqueueinfo(Call& call) {
    int pid = call.fd(0), number = call.fd(1);
    bool to_itself = pid == call.process().pid;
    SigInfo info = SCONE_TRY(load_details(call.arg[2], number, to_itself));
    if (number < 0 || number > kSignalCount)
        return error(kEINVAL);
    if (!to_itself)
        return host_signal_call(__NR_rt_sigqueueinfo, pid, 0, number, pass_to_host(info));
    if (number != 0)
        send_to_process(call.process(), info);
    return 0;
}
SyscallResult sys_rt_tgsigqueueinfo(Call& call) {
    int group = call.fd(0), tid = call.fd(1), number = call.fd(2);
    if (group <= 0 || tid <= 0)
        return error(kEINVAL);
    bool to_itself = group == call.process().pid;
    SigInfo info = SCONE_TRY(load_details(call.arg[3], number, to_itself));
    if (number < 0 || number > kSignalCount)
        return error(kEINVAL);
    if (!to_itself)
        return host_signal_call(__NR_rt_tgsigqueueinfo, group, tid, number, pass_to_host(info));
    SCONE_TRY(send_within(call, tid, info));
    return 0;
}

}  // namespace scone::libos
