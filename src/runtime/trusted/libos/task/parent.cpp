#include "runtime/trusted/libos/task/parent.h"

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/signal/host_signals.h"

namespace scone::libos {
namespace {

constexpr uint64_t kPrSetPdeathsig = 1;
constexpr uint64_t kMaximumPid = 1 << 22;

void ask_for_parent(Process& process) {
    int64_t pid = enclave::checked_result(
        enclave::host_call(__NR_getppid, enclave::Interruptible::No), kMaximumPid);
    process.parent_pid = pid < 0 ? 0 : static_cast<int32_t>(pid);
}

}  // namespace

void watch_parent(Process& process) {
    enclave::host_call(__NR_prctl, enclave::Interruptible::No, kPrSetPdeathsig, kParentEndSignal);
    ask_for_parent(process);
}

void ask_for_group(Process& process) {
    auto ask = [&](uint64_t number) {
        int64_t id = enclave::checked_result(
            enclave::host_call(number, enclave::Interruptible::No, 0), kMaximumPid);
        return id < 0 ? process.pid : static_cast<int32_t>(id);
    };
    process.group = ask(__NR_getpgid);
    process.session = ask(__NR_getsid);
}

void parent_ended(Process& process, const linux_abi::SigInfo& info) {
    ask_for_parent(process);
    if (process.parent_death_signal == 0)
        return;
    linux_abi::SigInfo death = info;
    death.number = process.parent_death_signal;
    send_to_process(process, death);
}

}  // namespace scone::libos
