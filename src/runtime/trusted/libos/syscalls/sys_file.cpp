// read, write and the other calls on descriptors
#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/pipe/pipe.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint64_t kMaximumTransfer = 0x7ffff000;  // MAX_RW_COUNT

SyscallResult sigpipe_on_epipe(SyscallResult result) {
    if (!result && result.error().value == kEPIPE)
        send_to_thread(current_thread(), user_signal(kSIGPIPE, kSI_USER));
    return result;
}

Result<Ref<File>> readable(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    if (!file->is_readable() || (file->status_flags() & kO_PATH))
        return error(kEBADF);
    return file;
}
Result<Ref<File>> writable(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    if (!file->is_writable() || (file->status_flags() & kO_PATH))
        return error(kEBADF);
    return file;
}

IoBuffer program_buffer(uint64_t address, uint64_t size) {
    return IoBuffer::of_program(address, size < kMaximumTransfer ? size : kMaximumTransfer);
}

Result<IoBuffer> load_vectors(ProgramVectors& vectors, Call& call) {
    IoBuffer buffer = SCONE_TRY(vectors.load(call.arg[1], call.arg[2]));
    buffer.limit(kMaximumTransfer);
    return buffer;
}

Result<uint64_t> file_offset(uint64_t value) {
    if (static_cast<int64_t>(value) < 0)
        return error(kEINVAL);
    return value;
}

}  // namespace

SyscallResult sys_read(Call& call) {
    Ref<File> file = SCONE_TRY(readable(call));
    IoBuffer buffer = program_buffer(call.arg[1], call.arg[2]);
    return file->read(buffer);
}
SyscallResult sys_write(Call& call) {
    Ref<File> file = SCONE_TRY(writable(call));
    IoBuffer buffer = program_buffer(call.arg[1], call.arg[2]);
    return sigpipe_on_epipe(file->write(buffer));
}
SyscallResult sys_pread64(Call& call) {
    Ref<File> file = SCONE_TRY(readable(call));
    uint64_t offset = SCONE_TRY(file_offset(call.arg[3]));
    IoBuffer buffer = program_buffer(call.arg[1], call.arg[2]);
    return file->read_at(buffer, offset);
}
SyscallResult sys_pwrite64(Call& call) {
    Ref<File> file = SCONE_TRY(writable(call));
    uint64_t offset = SCONE_TRY(file_offset(call.arg[3]));
    IoBuffer buffer = program_buffer(call.arg[1], call.arg[2]);
    return file->write_at(buffer, offset);
}
SyscallResult sys_readv(Call& call) {
    Ref<File> file = SCONE_TRY(readable(call));
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(load_vectors(vectors, call));
    return file->read(buffer);
}
SyscallResult sys_writev(Call& call) {
    Ref<File> file = SCONE_TRY(writable(call));
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(load_vectors(vectors, call));
    return sigpipe_on_epipe(file->write(buffer));
}
SyscallResult sys_preadv(Call& call) {
    Ref<File> file = SCONE_TRY(readable(call));
    uint64_t offset = SCONE_TRY(file_offset(call.arg[3]));
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(load_vectors(vectors, call));
    return file->read_at(buffer, offset);
}
SyscallResult sys_pwritev(Call& call) {
    Ref<File> file = SCONE_TRY(writable(call));
    uint64_t offset = SCONE_TRY(file_offset(call.arg[3]));
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(load_vectors(vectors, call));
    return file->write_at(buffer, offset);
}

SyscallResult sys_lseek(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    return file->seek(static_cast<int64_t>(call.arg[1]), call.fd(2));
}
SyscallResult sys_close(Call& call) {
    SCONE_TRY(call.process().files->close(call.fd(0)));
    return 0;
}
SyscallResult sys_close_range(Call& call) {
    constexpr uint32_t kUnshare = 2, kCloexec = 4;
    if (call.u32(0) > call.u32(1) || (call.u32(2) & ~(kUnshare | kCloexec)))
        return error(kEINVAL);
    call.process().files->close_range(call.u32(0), call.u32(1), call.u32(2) & kCloexec);
    return 0;
}

SyscallResult sys_fstat(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    Stat out{};
    SCONE_TRY(file->stat(out));
    SCONE_TRY(AppPtr<Stat>(call.arg[1]).store(out));
    return 0;
}

SyscallResult sys_dup(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    return static_cast<uint64_t>(SCONE_TRY(call.process().files->add(file, CloseOnExec::No)));
}
SyscallResult sys_dup2(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    if (call.fd(0) != call.fd(1))
        SCONE_TRY(call.process().files->put(call.fd(1), file, CloseOnExec::No));
    return call.u32(1);
}
SyscallResult sys_dup3(Call& call) {
    if (call.fd(0) == call.fd(1) || (call.u32(2) & ~kO_CLOEXEC))
        return error(kEINVAL);
    Ref<File> file = SCONE_TRY(call.file(0));
    SCONE_TRY(call.process().files->put(
        call.fd(1), file, call.u32(2) & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No));
    return call.u32(1);
}

SyscallResult sys_fcntl(Call& call) {
    enum {
        kDupfd = 0,
        kGetfd = 1,
        kSetfd = 2,
        kGetfl = 3,
        kSetfl = 4,
        kGetlk = 5,
        kSetlk = 6,
        kSetlkw = 7,
        kSetown = 8,
        kGetown = 9,
        kOfdGetlk = 36,
        kOfdSetlk = 37,
        kOfdSetlkw = 38,
        kDupfdCloexec = 1030,
        kSetpipeSize = 1031,
        kGetpipeSize = 1032,
        kAddSeals = 1033,
        kGetSeals = 1034
    };
    FdTable& files = *call.process().files;
    Ref<File> file = SCONE_TRY(call.file(0));
    int command = call.fd(1);
    switch (command) {
        case kDupfd:
        case kDupfdCloexec:
            if (call.fd(2) < 0)
                return error(kEINVAL);
            return static_cast<uint64_t>(SCONE_TRY(files.add(
                file, command == kDupfdCloexec ? CloseOnExec::Yes : CloseOnExec::No, call.fd(2))));
        case kGetfd:
            return SCONE_TRY(files.close_on_exec(call.fd(0))) ? 1 : 0;
        case kSetfd:
            SCONE_TRY(files.set_close_on_exec(call.fd(0), call.arg[2] & 1));
            return 0;
        case kGetfl:
            file->refresh_status_flags();
            return (file->status_flags() & ~kO_CLOEXEC) | kO_LARGEFILE;
        case kSetfl:
            SCONE_TRY(file->set_status_flags(call.u32(2)));
            return 0;
        case kGetlk:
        case kSetlk:
        case kSetlkw:
        case kOfdGetlk:
        case kOfdSetlk:
        case kOfdSetlkw: {
            if (file->host_descriptor() < 0)
                return 0;  // nobody outside can hold a lock on a file of the enclave
            alignas(8) uint8_t lock[32];
            SCONE_TRY(copy_from_program(lock, call.arg[2], sizeof lock));
            bool waits = command == kSetlkw || command == kOfdSetlkw;
            int64_t result = enclave::host_structure_call(
                __NR_fcntl, 2, lock, sizeof lock, sizeof lock,
                static_cast<uint64_t>(file->host_descriptor()), static_cast<uint64_t>(command), 0,
                0, waits ? enclave::Interruptible::Yes : enclave::Interruptible::No);
            if (result >= 0 && (command == kGetlk || command == kOfdGetlk))
                SCONE_TRY(copy_to_program(call.arg[2], lock, sizeof lock));
            return from_kernel(result == -kEINTR ? -kERESTARTSYS : result);
        }
        case kSetown:
            return 0;
        case kGetown:
            return 0;
        case kSetpipeSize:
        case kGetpipeSize:
            if (file->kind() == FileKind::Pipe) {
                bool sets = command == kSetpipeSize;
                return static_cast<PipeEnd&>(*file).capacity(
                    sets ? (call.arg[2] != 0 ? call.arg[2] : 1) : 0);
            }
            [[fallthrough]];
        case kAddSeals:
        case kGetSeals:
            if (file->host_descriptor() < 0)
                return error(kEINVAL);
            return from_kernel(enclave::checked_result(
                enclave::host_call(__NR_fcntl, enclave::Interruptible::No,
                                   static_cast<uint64_t>(file->host_descriptor()),
                                   static_cast<uint64_t>(command), call.arg[2]),
                INT32_MAX));
        default:
            return error(kEINVAL);
    }
}

SyscallResult sys_ioctl(Call& call) {
    constexpr uint32_t kFioclex = 0x5451, kFionclex = 0x5450;
    Ref<File> file = SCONE_TRY(call.file(0));
    if (call.u32(1) == kFioclex || call.u32(1) == kFionclex) {
        SCONE_TRY(call.process().files->set_close_on_exec(call.fd(0), call.u32(1) == kFioclex));
        return 0;
    }
    return file->ioctl(call.arg[1], call.arg[2]);
}

SyscallResult sys_getdents64(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    IoBuffer buffer = program_buffer(call.arg[1], call.u32(2));
    return file->read_directory(buffer);
}

SyscallResult sys_ftruncate(Call& call) {
    Ref<File> file = SCONE_TRY(writable(call));
    SCONE_TRY(file->truncate(SCONE_TRY(file_offset(call.arg[1]))));
    return 0;
}
SyscallResult sys_fallocate(Call& call) {
    Ref<File> file = SCONE_TRY(writable(call));
    SCONE_TRY(file->allocate(call.fd(1), SCONE_TRY(file_offset(call.arg[2])), call.arg[3]));
    return 0;
}
SyscallResult sys_fsync(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    SCONE_TRY(file->sync(false));
    return 0;
}
SyscallResult sys_fdatasync(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    SCONE_TRY(file->sync(true));
    return 0;
}
SyscallResult sys_sync(Call&) {
    enclave::host_call(__NR_sync, enclave::Interruptible::No);
    return 0;
}
SyscallResult sys_fchmod(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    SCONE_TRY(file->change_mode(call.u32(1)));
    return 0;
}
SyscallResult sys_fchown(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    SCONE_TRY(file->change_owner(call.u32(1), call.u32(2)));
    return 0;
}
SyscallResult sys_flock(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    SCONE_TRY(file->flock(call.fd(1)));
    return 0;
}
SyscallResult sys_fadvise64(Call& call) {
    SCONE_TRY(call.file(0));
    return 0;
}

}  // namespace scone::libos
