#include "runtime/trusted/libos/signal/host_signals.h"

#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/parent.h"
#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/time/timers.h"

namespace scone::libos {

void accept_host_signal(Thread& thread, const linux_abi::SigInfo& info) {
    // A vfork child runs on its parent's thread: what the host sends is the parent's.
    Process& process =
        thread.process->vfork_parent != nullptr ? *thread.process->vfork_parent : *thread.process;
    if (info.number == kKickSignal) {
        // From another thread of ours it only makes this one look; else it is the parent's end.
        if (info.code == linux_abi::kSI_USER)
            parent_ended(process, info);
    } else if (info.code == linux_abi::kSI_TIMER) {
        send_timer_signal(process, info);
    } else {
        send_to_process(process, info);
    }
}

}  // namespace scone::libos
