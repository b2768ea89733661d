// Descriptors that stand for processes
//
// Source: pidfd_open(2), pidfd_send_signal(2)
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/signal/host_signals.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/process_file.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

// A directory of /proc counts as a pidfd too.
bool is_own_directory(const Process& process, const File& file) {
    Path text, own("/proc/");
    file.describe(text);
    own.append_number(static_cast<uint64_t>(process.pid));
    return text.view() == "/proc/self" || text.view() == own.view();
}

bool is_own_thread(Process& process, int tid) {
    enclave::Guard guard(process.mutex);
    for (Thread* thread : process.threads)
        if (thread->tid == tid)
            return true;
    return false;
}

}  // namespace

SyscallResult sys_pidfd_open(Call& call) {
    int pid = call.fd(0);
    uint32_t flags = call.u32(1);
    if (pid <= 0 || (flags & ~kO_NONBLOCK))
        return error(kEINVAL);
    // Linux has none for a thread other than the first.
    if (pid != call.process().pid && is_own_thread(call.process(), pid))
        return error(kEINVAL);
    int64_t host_fd = enclave::checked_result(
        enclave::host_call(__NR_pidfd_open, enclave::Interruptible::No, call.arg[0], flags),
        1 << 24);
    if (host_fd < 0)
        return error(static_cast<int>(-host_fd));
    auto file = make_ref<ProcessFile>(static_cast<int>(host_fd), flags);
    if (!file) {
        enclave::host_close(static_cast<int>(host_fd));
        return error(kENOMEM);
    }
    return static_cast<uint64_t>(SCONE_TRY(call.process().files->add(file, CloseOnExec::Yes)));
}

SyscallResult sys_pidfd_send_signal(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    int number = call.fd(1);
    bool own = is_own_directory(call.process(), *file);
    if (!own && file->kind() != FileKind::Process)
        return error(kEBADF);
    // Signal 33 is the runtime's own.
    if (call.u32(3) != 0 || number < 0 || number > kSignalCount || number == kParentEndSignal)
        return error(kEINVAL);
    if (own) {
        SigInfo info = user_signal(number, kSI_USER);
        if (call.arg[2] != 0)
            info = SCONE_TRY(AppPtr<SigInfo>(call.arg[2]).load());
        if (info.number != number)
            return error(kEINVAL);
        if (number != 0)
            send_to_process(call.process(), info);
        return 0;
    }
    if (file->host_descriptor() < 0)
        return error(kESRCH);
    auto host_fd = static_cast<uint64_t>(file->host_descriptor());
    auto signal = static_cast<uint64_t>(number);
    if (call.arg[2] == 0)
        return from_kernel(enclave::checked_result(
            enclave::host_call(__NR_pidfd_send_signal, enclave::Interruptible::No, host_fd, signal),
            0));
    SigInfo info = SCONE_TRY(AppPtr<SigInfo>(call.arg[2]).load());
    return from_kernel(enclave::host_structure_call(__NR_pidfd_send_signal, 2, &info, sizeof info,
                                                    0, host_fd, signal));
}

}  // namespace scone::libos
