#include "runtime/trusted/libos/signal/host_signals.h"

#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/parent.h"
#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/time/timers.h"

namespace scone::libos {
namespace {

// From another thread of ours, or without its details because the kernel's queue was full.
bool is_wake_up(const Process& process, const linux_abi::SigInfo& info) {
    if (info.number != kWakeSignal)
        return false;
    return info.code == linux_abi::kSI_TKILL ? info.pid == static_cast<uint32_t>(process.pid)
                                             : info.code == linux_abi::kSI_USER && info.pid == 0;
}

}  // namespace

void accept_host_signal(Thread& thread, const linux_abi::SigInfo& info) {
    // A vfork child runs on its parent's thread: what the host sends is the parent's.
    Process& process =
        thread.process->vfork_parent != nullptr ? *thread.process->vfork_parent : *thread.process;
    if (is_wake_up(process, info))
        return;
    if (info.number == kParentEndSignal) {
        if (info.code == linux_abi::kSI_USER)
            parent_ended(process, info);
    } else if (info.code == linux_abi::kSI_TIMER) {
        send_timer_signal(process, info);
    } else if (info.code == linux_abi::kSI_TKILL && &process == thread.process.get()) {
        send_to_thread(thread, info);
    } else {
        send_to_process(process, info);
    }
}

}  // namespace scone::libos
