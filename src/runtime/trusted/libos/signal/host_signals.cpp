#include "runtime/trusted/libos/signal/host_signals.h"

#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

void accept_host_signal(Thread& thread, const linux_abi::SigInfo& info) {
    // A vfork child runs on its parent's thread: what the host sends is the parent's.
    Process& process =
        thread.process->vfork_parent != nullptr ? *thread.process->vfork_parent : *thread.process;
    send_to_process(process, info);
}

}  // namespace scone::libos
