#include "runtime/trusted/libos/time/timers.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/signal/host_signals.h"

namespace scone::libos {

struct Timer {
    int32_t id;
    int32_t number;
    int32_t tid;  // 0: the process
    uint64_t value;
    int32_t overrun;  // of the expiry that was delivered last
};

namespace {

using namespace linux_abi;
using enclave::Guard;

enum { kNotifySignal = 0, kNotifyNone = 1, kNotifyThread = 2, kNotifyThreadId = 4 };

// Preconditions: Process::mutex is held.
Timer* find(Process& process, int32_t id) {
    for (Timer* timer : process.timers)
        if (timer->id == id)
            return timer;
    return nullptr;
}

bool has_thread(Process& process, int32_t tid) {
    Guard guard(process.mutex);
    for (Thread* thread : process.threads)
        if (thread->tid == tid)
            return true;
    return false;
}

Result<Timer> describe(Process& process, const SignalEvent* event) {
    if (event == nullptr)
        return Timer{0, kSIGALRM, 0, 0, 0};
    bool to_thread = event->notify == kNotifyThreadId;
    if (event->notify < 0 || (event->notify > kNotifyThread && !to_thread))
        return error(kEINVAL);
    bool signals = event->notify != kNotifyNone;
    if (signals &&
        (event->number < 1 || event->number > kSignalCount || event->number == kParentEndSignal))
        return error(kEINVAL);
    if (to_thread && !has_thread(process, event->tid))
        return error(kEINVAL);
    return Timer{0, signals ? event->number : 0, to_thread ? event->tid : 0, event->value, 0};
}

void delete_on_host(int32_t id) {
    enclave::host_call(__NR_timer_delete, enclave::Interruptible::No, static_cast<uint64_t>(id));
}

}  // namespace

Result<int32_t> create_timer(Process& process, uint64_t host_clock, const SignalEvent* event) {
    Timer wanted = SCONE_TRY(describe(process, event));
    SignalEvent on_host{};
    on_host.number = wanted.number;
    on_host.notify = wanted.number == 0 ? kNotifyNone : kNotifySignal;
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    enclave::copy_to_host(at, &on_host, sizeof on_host);
    int64_t result = enclave::checked_result(
        enclave::host_call(__NR_timer_create, enclave::Interruptible::No, host_clock, at, at + 128),
        0);
    if (result != 0)
        return error(static_cast<int>(-result));
    wanted.id = static_cast<int32_t>(enclave::host_load(reinterpret_cast<const void*>(at + 128)));
    if (event == nullptr)
        wanted.value = static_cast<uint32_t>(wanted.id);
    auto* timer = enclave::heap_new<Timer>(wanted);
    Guard guard(process.mutex);
    // HOST: a number that is taken already would mix two timers up.
    if (timer == nullptr || wanted.id < 0 || find(process, wanted.id) != nullptr ||
        !process.timers.push(timer)) {
        enclave::heap_delete(timer);
        delete_on_host(wanted.id);
        return error(kEAGAIN);
    }
    return wanted.id;
}

Result<void> check_timer(Process& process, int32_t id) {
    Guard guard(process.mutex);
    if (find(process, id) == nullptr)
        return error(kEINVAL);
    return {};
}

Result<void> delete_timer(Process& process, int32_t id) {
    {
        Guard guard(process.mutex);
        Timer* timer = find(process, id);
        if (timer == nullptr)
            return error(kEINVAL);
        for (size_t i = 0; i < process.timers.size(); i++)
            if (process.timers[i] == timer)
                process.timers.erase(i--);
        enclave::heap_delete(timer);
    }
    delete_on_host(id);
    return {};
}

Result<int32_t> timer_overrun(Process& process, int32_t id) {
    Guard guard(process.mutex);
    Timer* timer = find(process, id);
    if (timer == nullptr)
        return error(kEINVAL);
    return timer->overrun;
}

void delete_timers(Process& process) {
    for (Timer* timer : process.timers)
        delete_on_host(timer->id);
    forget_timers(process);
}

void forget_timers(Process& process) {
    for (Timer* timer : process.timers)
        enclave::heap_delete(timer);
    process.timers.clear();
}

void send_timer_signal(Process& process, const SigInfo& from_host) {
    SigInfo info{};
    {
        Guard guard(process.mutex);
        Timer* timer = find(process, static_cast<int32_t>(from_host.pid));
        if (timer == nullptr || timer->number != from_host.number)
            return;
        info.number = timer->number;
        info.code = kSI_TIMER;
        info.pid = from_host.pid;              // si_tid
        info.uid = from_host.uid & INT32_MAX;  // si_overrun
        info.value = timer->value;
        if (timer->tid != 0) {
            for (Thread* thread : process.threads)
                if (thread->tid == timer->tid)
                    send_to_thread(*thread, info);
            return;
        }
    }
    send_to_process(process, info);
}

void note_timer_signal(Process& process, const SigInfo& info) {
    Guard guard(process.mutex);
    if (Timer* timer = find(process, static_cast<int32_t>(info.pid)))
        timer->overrun = static_cast<int32_t>(info.uid & INT32_MAX);
}

}  // namespace scone::libos
