// pipe
//
// Source: pipe(2)
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {

using namespace linux_abi;

SyscallResult sys_pipe2(Call& call) {
    uint32_t flags = call.u32(1);
    if (flags & ~(kO_CLOEXEC | kO_NONBLOCK | kO_DIRECT))
        return error(kEINVAL);
    int32_t host[2];
    int64_t result =
        enclave::host_structure_call(__NR_pipe2, 0, host, 0, sizeof host, 0, flags | kO_CLOEXEC);
    if (result < 0)
        return from_kernel(result);
    Ref<File> reader =
        SCONE_TRY(adopt_host_descriptor(host[0], (flags & ~kO_CLOEXEC) | kO_RDONLY, "pipe:[1]"));
    Ref<File> writer =
        SCONE_TRY(adopt_host_descriptor(host[1], (flags & ~kO_CLOEXEC) | kO_WRONLY, "pipe:[1]"));
    CloseOnExec mark = flags & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No;
    FdTable& files = *call.process().files;
    int32_t fds[2];
    fds[0] = SCONE_TRY(files.add(reader, mark));
    auto second = files.add(writer, mark);
    if (!second) {
        (void)files.close(fds[0]);
        return std::unexpected(second.error());
    }
    fds[1] = *second;
    if (auto stored = copy_to_program(call.arg[0], fds, sizeof fds); !stored) {
        (void)files.close(fds[0]);
        (void)files.close(fds[1]);
        return std::unexpected(stored.error());
    }
    return 0;
}
SyscallResult sys_pipe(Call& call) {
    call.arg[1] = 0;
    return sys_pipe2(call);
}

}  // namespace scone::libos
