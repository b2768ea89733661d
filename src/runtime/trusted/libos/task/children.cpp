#include "runtime/trusted/libos/task/children.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/futex.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;

constexpr int64_t kECHILD = 10;
constexpr uint64_t kMaximumPid = 1 << 22;
constexpr uint32_t kNoWait = 0x01000000, kExited = 4;
constexpr int kCldExited = 1, kCldKilled = 2, kCldDumped = 3;

// What the host says to wait4 or waitid. A running vfork child is none of its children: where it
// knows no other, this waits for the vfork child's end or exec.
template <class Ask>
int64_t ask_host(Process& process, uint32_t options, Ask&& ask) {
    constexpr uint32_t kNoHang = 1;
    constexpr uint64_t kStep = 10'000'000;
    Thread& thread = current_thread();
    thread.waits_for_child.store(true);
    int64_t result = ask();
    if (result == -kECHILD && process.vfork_children.load() != 0) {
        if (options & kNoHang) {
            result = 0;
        } else {
            prepare_park();
            (void)park(deadline_after(kStep));
            result = -kEINTR;  // to be repeated
        }
    }
    thread.waits_for_child.store(false);
    return result;
}

// Threads that wait on the host look at the local children again.
void wake_waiters(Process& process) {
    Guard guard(process.mutex);
    for (Thread* thread : process.threads)
        if (thread->waits_for_child.load())
            kick(*thread);
}

// Who waits for which child: pid > 0 one, -1 all, 0 and below -1 a group.
bool take_local_child(Process& process, int pid, bool keep, int32_t& found, int32_t& status) {
    Guard guard(process.mutex);
    int group = pid == 0 ? process.group : -pid;
    for (size_t i = 0; i < process.children.size(); i++) {
        Child& child = process.children[i];
        if (!child.local || (pid > 0 && child.pid != pid) ||
            (pid <= 0 && pid != -1 && child.group != group))
            continue;
        found = child.pid;
        status = child.status;
        if (!keep)
            process.children.erase(i);
        return true;
    }
    return false;
}

void forget_child(Process& process, int32_t pid) {
    Guard guard(process.mutex);
    for (size_t i = 0; i < process.children.size(); i++)
        if (process.children[i].pid == pid)
            process.children.erase(i--);
}

uint64_t child_flags(const SigAction& action) {
    bool vanish = action.handler == kSIG_IGN || (action.flags & kSA_NOCLDWAIT);
    return (action.flags & kSA_NOCLDSTOP) | (vanish ? kSA_NOCLDWAIT : 0);
}

SigInfo child_info(Process& parent, int32_t pid, int wait_status) {
    SigInfo info = user_signal(kSIGCHLD, wait_status & 0x7f ? kCldKilled : kCldExited);
    info.pid = static_cast<uint32_t>(pid);
    info.uid = parent.credentials.user;
    info.value =
        static_cast<uint64_t>(wait_status & 0x7f ? wait_status & 0x7f : wait_status >> 8 & 0xff);
    return info;
}

}  // namespace

Result<void> note_child(Process& parent, int32_t pid, int32_t group) {
    Guard guard(parent.mutex);
    if (!parent.children.push(Child{pid, group}))
        return error(kENOMEM);
    return {};
}

void note_ended_child(Process& parent, int32_t pid, int32_t group, int wait_status) {
    bool vanishes;
    {
        Guard guard(parent.handlers->lock);
        vanishes = child_flags(parent.handlers->actions[kSIGCHLD - 1]) & kSA_NOCLDWAIT;
    }
    if (!vanishes) {
        Guard guard(parent.mutex);
        (void)parent.children.push(Child{pid, group, wait_status, true});
    }
    send_to_process(parent, child_info(parent, pid, wait_status));
    wake_waiters(parent);
}

Result<int32_t> wait_for_child(Process& process, int pid, uint32_t options, int32_t& status,
                               RawUsage& usage) {
    int32_t found;
    if (take_local_child(process, pid, false, found, status))
        return found;
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    int64_t result = ask_host(process, options, [&] {
        return enclave::checked_result(
            enclave::host_call(__NR_wait4, enclave::Interruptible::Yes,
                               static_cast<uint64_t>(static_cast<int64_t>(pid)), at, options,
                               at + 64),
            kMaximumPid);
    });
    if (result < 0)
        return std::unexpected(interrupted_or(result, kERESTARTSYS).error());
    if (result > 0) {
        status = static_cast<int32_t>(enclave::host_load(reinterpret_cast<const void*>(at)));
        enclave::copy_from_host(&usage, at + 64, sizeof usage);
        bool stopped = (status & 0xff) == 0x7f || status == 0xffff;
        if (!stopped)
            forget_child(process, static_cast<int32_t>(result));
    }
    return static_cast<int32_t>(result);
}

Result<void> wait_for_child_info(Process& process, int which, int id, uint32_t options,
                                 SigInfo& info, RawUsage& usage) {
    int32_t found, status;
    int pid = which == 1 ? id : which == 2 ? -id : -1;
    // A pidfd (P_PIDFD) always stands for a host process.
    if (which != kPidFd && (options & kExited) &&
        take_local_child(process, pid, options & kNoWait, found, status)) {
        info = child_info(process, found, status);
        return {};
    }
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    enclave::copy_to_host(at, &info, sizeof info);
    int64_t result = ask_host(process, options, [&] {
        return enclave::checked_result(
            enclave::host_call(
                __NR_waitid, enclave::Interruptible::Yes, static_cast<uint64_t>(which),
                static_cast<uint64_t>(static_cast<int64_t>(id)), at, options, at + 256),
            0);
    });
    if (result < 0)
        return std::unexpected(interrupted_or(result, kERESTARTSYS).error());
    enclave::copy_from_host(&info, at, sizeof info);
    enclave::copy_from_host(&usage, at + 256, sizeof usage);
    if (!(options & kNoWait) && info.code >= kCldExited && info.code <= kCldDumped)
        forget_child(process, static_cast<int32_t>(info.pid));
    return {};
}

void apply_child_flags(Process& process) {
    if (process.vfork_parent != nullptr)
        return;  // at exec, when the child has a host process
    uint64_t wanted;
    {
        Guard guard(process.handlers->lock);
        wanted = child_flags(process.handlers->actions[kSIGCHLD - 1]);
        if (wanted == process.host_child_flags)
            return;
        process.host_child_flags = wanted;
    }
    enclave::host_call(boundary::kHostWatchChildren, enclave::Interruptible::No,
                       wanted & kSA_NOCLDSTOP ? 1 : 0, wanted & kSA_NOCLDWAIT ? 1 : 0);
}

}  // namespace scone::libos
