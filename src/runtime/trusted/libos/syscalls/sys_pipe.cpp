// pipe
//
// Source: pipe(2)
#include "runtime/trusted/libos/net/peer_rule.h"
#include "runtime/trusted/libos/pipe/pipe.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {

using namespace linux_abi;

SyscallResult sys_pipe2(Call& call) {
    uint32_t flags = call.u32(1);
    // Packets (O_DIRECT) are refused as by a kernel that lacks them.
    if (flags & ~(kO_CLOEXEC | kO_NONBLOCK))
        return error(kEINVAL);
    if (peer_rules().pipe == PeerRule::Deny)
        return error(kEACCES);
    Ref<PipeEnd> reader, writer;
    SCONE_TRY(make_pipe(flags, reader, writer));
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
