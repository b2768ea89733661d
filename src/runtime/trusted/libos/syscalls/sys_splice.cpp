// sendfile, splice, tee, vmsplice, copy_file_range: bytes between descriptors.
//
// Source: sendfile(2), splice(2), vmsplice(2), copy_file_range(2)
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/poll.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/vfs/transfer.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint64_t kMaximumTransfer = 0x7ffff000;
constexpr uint32_t kSpliceKnown = 15, kSpliceNonblock = 2;

SyscallResult with_sigpipe(SyscallResult result) {
    if (!result && result.error().value == kEPIPE)
        send_to_thread(current_thread(), user_signal(kSIGPIPE, kSI_USER));
    return result;
}

bool is_pipe(const File& file) {
    return file.kind() == FileKind::Pipe || file.kind() == FileKind::HostPipe;
}

Result<uint32_t> type_of(File& file) {
    Stat now{};
    SCONE_TRY(file.stat(now));
    return now.mode & kS_IFMT;
}

// An optional position of the program: pipes have none.
Result<void> load_offset(TransferEnd& end, uint64_t address) {
    if (address == 0)
        return {};
    if (is_pipe(*end.file))
        return error(kESPIPE);
    end.has_offset = true;
    end.offset = SCONE_TRY(AppPtr<uint64_t>(address).load());
    return static_cast<int64_t>(end.offset) < 0 ? Result<void>(error(kEINVAL)) : Result<void>{};
}
Result<void> store_offset(const TransferEnd& end, uint64_t address) {
    return address == 0 ? Result<void>{} : AppPtr<uint64_t>(address).store(end.offset);
}

uint64_t bounded(uint64_t count) {
    return count < kMaximumTransfer ? count : kMaximumTransfer;
}

// The host's own in clear, on which the enclave puts nothing.
bool is_of_host(const File& file) {
    return file.origin() == Origin::Host && file.host_descriptor() >= 0 &&
           (file.kind() == FileKind::Other || file.kind() == FileKind::HostPipe ||
            file.kind() == FileKind::Socket);
}

// Between two files of the host: the bytes do not pass through the enclave.
Result<uint64_t> host_sendfile(TransferEnd& from, TransferEnd& to, uint64_t count) {
    uint64_t at = enclave::window_data();
    if (from.has_offset)
        enclave::host_store(reinterpret_cast<void*>(at), from.offset);
    int64_t result = enclave::checked_result(
        enclave::host_call(__NR_sendfile, enclave::Interruptible::Yes,
                           static_cast<uint64_t>(to.file->host_descriptor()),
                           static_cast<uint64_t>(from.file->host_descriptor()),
                           from.has_offset ? at : 0, count),
        count);
    if (result < 0)
        return interrupted_or(result, kERESTARTSYS);
    from.offset += static_cast<uint64_t>(result);
    return static_cast<uint64_t>(result);
}

// Without blocking: both sides have to be ready before anything is taken out.
Result<void> check_ready(File& from, File& to) {
    Vector<PollFd> list;
    Vector<Ref<File>> files;
    if (!list.push({0, kPollIn, 0}) || !files.push(Ref<File>(&from)) ||
        !list.push({0, kPollOut, 0}) || !files.push(Ref<File>(&to)))
        return error(kENOMEM);
    SCONE_TRY(poll_files(list, files, Timeout::after(0)));
    return list[0].revents != 0 && list[1].revents != 0 ? Result<void>{} : error(kEAGAIN);
}

bool is_stream_of_host(const File& file) {
    return file.origin() == Origin::Host && file.host_descriptor() >= 0 &&
           (file.kind() == FileKind::HostPipe || file.kind() == FileKind::Socket);
}
// Neither side could take back what a signal keeps from reaching the other: the host moves it.
SyscallResult splice_on_host(const File& from, const File& to, uint64_t count, uint32_t flags) {
    return interrupted_or(
        enclave::checked_result(
            enclave::host_call(__NR_splice, enclave::Interruptible::Yes,
                               static_cast<uint64_t>(from.host_descriptor()), 0,
                               static_cast<uint64_t>(to.host_descriptor()), 0, count, flags),
            count),
        kERESTARTSYS);
}

SyscallResult tee_on_host(const File& from, const File& to, uint64_t count, uint32_t flags) {
    return interrupted_or(
        enclave::checked_result(
            enclave::host_call(__NR_tee, enclave::Interruptible::Yes,
                               static_cast<uint64_t>(from.host_descriptor()),
                               static_cast<uint64_t>(to.host_descriptor()), count, flags),
            count),
        kERESTARTSYS);
}

Result<bool> is_same(File& one, File& other) {
    Stat a{}, b{};
    SCONE_TRY(one.stat(a));
    SCONE_TRY(other.stat(b));
    return a.ino == b.ino && a.dev == b.dev;
}

}  // namespace

SyscallResult sys_sendfile(Call& call) {
    Ref<File> out = SCONE_TRY(call.file(0));
    Ref<File> in = SCONE_TRY(call.file(1));
    if (!out->is_writable() || !in->is_readable())
        return error(kEBADF);
    bool mappable = in->can_map();
    uint32_t type = mappable ? kS_IFREG : SCONE_TRY(type_of(*in));
    if (type == kS_IFIFO || type == kS_IFSOCK || (out->status_flags() & kO_APPEND))
        return error(kEINVAL);
    TransferEnd from{in.get()}, to{out.get()};
    SCONE_TRY(load_offset(from, call.arg[2]));
    uint64_t count = bounded(call.arg[3]);
    uint64_t done = SCONE_TRY(with_sigpipe(mappable && is_of_host(*in) && is_of_host(*out)
                                               ? host_sendfile(from, to, count)
                                               : transfer(from, to, count, false)));
    SCONE_TRY(store_offset(from, call.arg[2]));
    return done;
}

SyscallResult sys_splice(Call& call) {
    if (call.u32(5) & ~kSpliceKnown)
        return error(kEINVAL);
    if (call.arg[4] == 0)
        return 0;
    Ref<File> in = SCONE_TRY(call.file(0));
    Ref<File> out = SCONE_TRY(call.file(2));
    if (!in->is_readable() || !out->is_writable())
        return error(kEBADF);
    if (!is_pipe(*in) && !is_pipe(*out))
        return error(kEINVAL);
    TransferEnd from{in.get()}, to{out.get()};
    SCONE_TRY(load_offset(from, call.arg[1]));
    SCONE_TRY(load_offset(to, call.arg[3]));
    if (is_pipe(*in) && is_pipe(*out) && SCONE_TRY(is_same(*in, *out)))
        return error(kEINVAL);
    if (!is_pipe(*out) && (out->status_flags() & kO_APPEND))
        return error(kEINVAL);
    if (is_stream_of_host(*in) && is_stream_of_host(*out))
        return with_sigpipe(splice_on_host(*in, *out, bounded(call.arg[4]), call.u32(5)));
    // A pipe of the host cannot be asked to take or give without waiting. Programs copy by read and
    // write where this is refused.
    if ((in->kind() == FileKind::HostPipe || out->kind() == FileKind::HostPipe) && !in->can_map() &&
        !out->can_map())
        return error(kEINVAL);
    auto waiting = call.u32(5) & kSpliceNonblock ? Waiting::No : Waiting::Yes;
    bool gives = in->kind() == FileKind::Pipe || in->kind() == FileKind::Socket;
    if (!gives && waiting == Waiting::No)
        SCONE_TRY(check_ready(*in, *out));
    uint64_t count = bounded(call.arg[4]);
    uint64_t done = SCONE_TRY(with_sigpipe(gives ? give(*in, to, count, Giving::Away, waiting)
                                                 : transfer(from, to, count, true)));
    SCONE_TRY(store_offset(from, call.arg[1]));
    SCONE_TRY(store_offset(to, call.arg[3]));
    return done;
}

SyscallResult sys_tee(Call& call) {
    if (call.u32(3) & ~kSpliceKnown)
        return error(kEINVAL);
    if (call.arg[2] == 0)
        return 0;
    Ref<File> in = SCONE_TRY(call.file(0));
    Ref<File> out = SCONE_TRY(call.file(1));
    if (!in->is_readable() || !out->is_writable())
        return error(kEBADF);
    if (!is_pipe(*in) || !is_pipe(*out) || SCONE_TRY(is_same(*in, *out)))
        return error(kEINVAL);
    if (in->kind() == FileKind::HostPipe && out->kind() == FileKind::HostPipe)
        return with_sigpipe(tee_on_host(*in, *out, bounded(call.arg[2]), call.u32(3)));
    TransferEnd to{out.get()};
    return with_sigpipe(give(*in, to, bounded(call.arg[2]), Giving::Copies,
                             call.u32(3) & kSpliceNonblock ? Waiting::No : Waiting::Yes));
}

SyscallResult sys_vmsplice(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    if ((call.u32(3) & ~kSpliceKnown))
        return error(kEINVAL);
    if (!is_pipe(*file))
        return error(kEBADF);
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(vectors.load(call.arg[1], call.arg[2]));
    buffer.limit(kMaximumTransfer);
    return file->is_writable() ? with_sigpipe(file->write(buffer)) : file->read(buffer);
}

SyscallResult sys_copy_file_range(Call& call) {
    Ref<File> in = SCONE_TRY(call.file(0));
    Ref<File> out = SCONE_TRY(call.file(2));
    if (call.u32(5) != 0)
        return error(kEINVAL);
    uint32_t in_type = SCONE_TRY(type_of(*in)), out_type = SCONE_TRY(type_of(*out));
    if (in_type == kS_IFDIR || out_type == kS_IFDIR)
        return error(kEISDIR);
    if (in_type != kS_IFREG || out_type != kS_IFREG)
        return error(kEINVAL);
    if (!in->is_readable() || !out->is_writable() || (out->status_flags() & kO_APPEND))
        return error(kEBADF);
    TransferEnd from{in.get()}, to{out.get()};
    SCONE_TRY(load_offset(from, call.arg[1]));
    SCONE_TRY(load_offset(to, call.arg[3]));
    uint64_t done = SCONE_TRY(transfer(from, to, bounded(call.arg[4]), false));
    SCONE_TRY(store_offset(from, call.arg[1]));
    SCONE_TRY(store_offset(to, call.arg[3]));
    return done;
}

}  // namespace scone::libos
