#include "runtime/trusted/libos/fs/host_ioctl.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/interruption.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

struct Row {
    uint32_t request;
    uint16_t in_size, out_size;
    bool by_value;
    bool changes_terminal = false;  // SIGTTOU for a process in the background
};
constexpr Row kRows[] = {
    {0x5401, 0, 36, false},           // TCGETS
    {0x5402, 36, 0, false, true},     // TCSETS
    {0x5403, 36, 0, false, true},     // TCSETSW
    {0x5404, 36, 0, false, true},     // TCSETSF
    {0x5409, 0, 0, true, true},       // TCSBRK
    {0x540a, 0, 0, true, true},       // TCXONC
    {0x540b, 0, 0, true, true},       // TCFLSH
    {0x540e, 0, 0, true},             // TIOCSCTTY
    {0x540f, 0, 4, false},            // TIOCGPGRP
    {kTIOCSPGRP, 4, 0, false, true},  // TIOCSPGRP
    {0x5411, 0, 4, false},            // TIOCOUTQ
    {0x5413, 0, 8, false},            // TIOCGWINSZ
    {0x5414, 8, 0, false},            // TIOCSWINSZ
    {0x541b, 0, 4, false},            // FIONREAD
    {0x5422, 0, 0, true},             // TIOCNOTTY
    {0x5429, 0, 4, false},            // TIOCGSID
    {0x80045430, 0, 4, false},        // TIOCGPTN
    {0x40045431, 4, 0, false},        // TIOCSPTLCK
    {0x80045439, 0, 4, false},        // TIOCGPTLCK
};

}  // namespace

Result<uint64_t> host_ioctl(File& file, int host_fd, uint64_t request, uint64_t argument) {
    constexpr uint32_t kFIONBIO = 0x5421, kFIOASYNC = 0x5452;
    auto code = static_cast<uint32_t>(request);
    if (code == kFIONBIO || code == kFIOASYNC) {
        int32_t on = SCONE_TRY(AppPtr<int32_t>(argument).load());
        uint32_t flag = code == kFIONBIO ? kO_NONBLOCK : kO_ASYNC;
        uint32_t flags = on ? file.status_flags() | flag : file.status_flags() & ~flag;
        SCONE_TRY(file.set_status_flags(flags));
        return 0;
    }
    // What changes the caller's session waits until a vfork child has a host process.
    constexpr uint32_t kTIOCSCTTY = 0x540e, kTIOCNOTTY = 0x5422;
    if ((code == kTIOCSCTTY || code == kTIOCNOTTY) && current_process().vfork_parent != nullptr) {
        SCONE_TRY(change_host_process(current_process(),
                                      {__NR_ioctl,
                                       {static_cast<uint64_t>(host_fd), request, argument},
                                       {},
                                       Ref<File>(&file)}));
        return 0;
    }
    if (code == kTIOCSPGRP && current_process().vfork_parent != nullptr) {
        Process& process = current_process();
        int32_t group = SCONE_TRY(AppPtr<int32_t>(argument).load());
        // Its own group, which the host does not know yet. Any other is given the terminal now.
        if (group == process.group && group == process.pid) {
            SCONE_TRY(change_host_process(process, {__NR_ioctl,
                                                    {static_cast<uint64_t>(host_fd), kTIOCSPGRP, 0},
                                                    {},
                                                    Ref<File>(&file)}));
            return 0;
        }
    }
    for (const Row& row : kRows) {
        if (row.request != code)
            continue;
        auto how = row.changes_terminal ? terminal_call(kSIGTTOU)
                   : row.by_value       ? enclave::Interruptible::Yes
                                        : enclave::Interruptible::No;
        if (row.by_value)
            return interrupted_or(
                enclave::checked_result(
                    enclave::host_call(__NR_ioctl, how, static_cast<uint64_t>(host_fd), request,
                                       argument),
                    INT32_MAX),
                kERESTARTSYS);
        alignas(8) uint8_t structure[64] = {};
        SCONE_TRY(copy_from_program(structure, argument, row.in_size));
        int64_t result =
            enclave::host_structure_call(__NR_ioctl, 2, structure, row.in_size, row.out_size,
                                         static_cast<uint64_t>(host_fd), request, 0, 0, how);
        if (result >= 0)
            SCONE_TRY(copy_to_program(argument, structure, row.out_size));
        return interrupted_or(result, kERESTARTSYS);
    }
    return error(kENOTTY);
}

}  // namespace scone::libos
