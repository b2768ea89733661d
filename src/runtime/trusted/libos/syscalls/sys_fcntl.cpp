// Descriptors: duplicates, flags, locks, who is signalled.
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/pipe/pipe.h"
#include "runtime/trusted/libos/syscalls/arguments.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/vfs/lock_space.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

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
    kSetsig = 10,
    kGetsig = 11,
    kSetownEx = 15,
    kGetownEx = 16,
    kOfdGetlk = 36,
    kOfdSetlk = 37,
    kOfdSetlkw = 38,
    kDupfdCloexec = 1030,
    kSetpipeSize = 1031,
    kGetpipeSize = 1032,
    kAddSeals = 1033,
    kGetSeals = 1034
};

// HOST: locks between processes are kept by the host, which may grant or refuse as it likes.
SyscallResult record_lock(Call& call, File& file, int command) {
    using lock_space::RecordLock;
    RecordLock lock = SCONE_TRY(AppPtr<RecordLock>(call.arg[2]).load());
    bool asks = command == kGetlk || command == kOfdGetlk;
    if (file.host_descriptor() < 0) {
        uint64_t result = SCONE_TRY(lock_space::record_lock(file, command, lock));
        if (asks)
            SCONE_TRY(AppPtr<RecordLock>(call.arg[2]).store(lock));
        return result;
    }
    bool waits = command == kSetlkw || command == kOfdSetlkw;
    int64_t result = enclave::host_structure_call(
        __NR_fcntl, 2, &lock, sizeof lock, sizeof lock,
        static_cast<uint64_t>(file.host_descriptor()), static_cast<uint64_t>(command), 0, 0,
        waits ? enclave::Interruptible::Yes : enclave::Interruptible::No);
    if (result >= 0 && asks)
        SCONE_TRY(AppPtr<RecordLock>(call.arg[2]).store(lock));
    return interrupted_or(result, kERESTARTSYS);
}

// Who gets SIGIO: kept here, and told to the host where the file is the host's.
SyscallResult signal_owner(Call& call, File& file, int command) {
    enum : int32_t { kThread = 0, kProcess = 1, kGroup = 2 };
    struct Owner {
        int32_t type, pid;
    };
    auto tell_host = [&](uint64_t what, int64_t value) -> SyscallResult {
        if (file.host_descriptor() < 0)
            return 0;
        return from_kernel(enclave::checked_result(
            enclave::host_call(__NR_fcntl, enclave::Interruptible::No,
                               static_cast<uint64_t>(file.host_descriptor()), what,
                               static_cast<uint64_t>(value)),
            kSignalCount));
    };
    switch (command) {
        case kSetown:
            SCONE_TRY(tell_host(kSetown, call.fd(2)));
            file.owner = call.fd(2);
            return 0;
        case kGetown:
            return static_cast<uint64_t>(static_cast<int64_t>(file.owner));
        case kSetownEx: {
            Owner owner = SCONE_TRY(AppPtr<Owner>(call.arg[2]).load());
            if (owner.type < kThread || owner.type > kGroup)
                return error(kEINVAL);
            int32_t value = owner.type == kGroup ? -owner.pid : owner.pid;
            SCONE_TRY(tell_host(kSetown, value));
            file.owner = value;
            return 0;
        }
        case kGetownEx: {
            int32_t value = file.owner;
            SCONE_TRY(AppPtr<Owner>(call.arg[2])
                          .store(value < 0 ? Owner{kGroup, -value} : Owner{kProcess, value}));
            return 0;
        }
        default:
            return tell_host(static_cast<uint64_t>(command), call.fd(2));
    }
}

}  // namespace

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
    FdTable& files = *call.process().files;
    Ref<File> file = SCONE_TRY(call.file(0));
    int command = call.fd(1);
    switch (command) {
        case kDupfd:
        case kDupfdCloexec:
            if (call.fd(2) < 0 || static_cast<uint64_t>(call.fd(2)) >= files.limit())
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
        case kOfdSetlkw:
            return record_lock(call, *file, command);
        case kSetown:
        case kGetown:
        case kSetsig:
        case kGetsig:
        case kSetownEx:
        case kGetownEx:
            return signal_owner(call, *file, command);
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

}  // namespace scone::libos
