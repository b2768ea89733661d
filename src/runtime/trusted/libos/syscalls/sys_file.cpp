// The calls on descriptors that are not in sys_read_write, sys_fcntl and sys_attributes
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/syscalls/arguments.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {
namespace {
using namespace linux_abi;
}

SyscallResult sys_lseek(Call& call) {
    Ref<File> file = SCONE_TRY(usable_file(call));
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

SyscallResult sys_ioctl(Call& call) {
    constexpr uint32_t kFioclex = 0x5451, kFionclex = 0x5450;
    Ref<File> file = SCONE_TRY(usable_file(call));
    if (call.u32(1) == kFioclex || call.u32(1) == kFionclex) {
        SCONE_TRY(call.process().files->set_close_on_exec(call.fd(0), call.u32(1) == kFioclex));
        return 0;
    }
    return file->ioctl(call.arg[1], call.arg[2]);
}

SyscallResult sys_getdents64(Call& call) {
    Ref<File> file = SCONE_TRY(usable_file(call));
    IoBuffer buffer = IoBuffer::of_program(call.arg[1], call.u32(2));
    return file->read_directory(buffer);
}
// The old record is as long as the new one: the type moves from before the name to the end.
SyscallResult sys_getdents(Call& call) {
    constexpr uint64_t kMost = 32768, kType = 18, kName = 19, kOldName = 18;
    Ref<File> file = SCONE_TRY(usable_file(call));
    uint64_t size = call.u32(2) < kMost ? call.u32(2) : kMost;
    auto* records = static_cast<uint8_t*>(enclave::heap_allocate(size));
    if (records == nullptr)
        return error(kENOMEM);
    IoBuffer buffer = IoBuffer::of_runtime(records, size);
    SyscallResult count = file->read_directory(buffer);
    for (uint64_t at = 0; count && at < *count;) {
        uint64_t record = records[at + 16] | uint64_t{records[at + 17]} << 8;
        uint8_t type = records[at + kType];
        __builtin_memmove(records + at + kOldName, records + at + kName, record - kName);
        records[at + record - 1] = type;
        at += record;
    }
    if (count) {
        auto copied = copy_to_program(call.arg[1], records, *count);
        if (!copied)
            count = std::unexpected(copied.error());
    }
    enclave::heap_free(records);
    return count;
}

SyscallResult sys_ftruncate(Call& call) {
    Ref<File> file = SCONE_TRY(usable_file(call));
    uint64_t size = SCONE_TRY(file_offset(call.arg[1]));
    if (!file->is_writable())
        return error(kEINVAL);
    SCONE_TRY(check_file_size(call, size));
    SCONE_TRY(file->truncate(size));
    return 0;
}
SyscallResult sys_truncate(Call& call) {
    uint64_t size = SCONE_TRY(file_offset(call.arg[1]));
    SCONE_TRY(check_file_size(call, size));
    return on_path(
        kAT_FDCWD, call.arg[0], Follow::Yes,
        [&](FileSystem& tree, std::string_view path) { return tree.truncate(path, size); });
}
SyscallResult sys_fallocate(Call& call) {
    Ref<File> file = SCONE_TRY(writable_file(call));
    uint64_t offset = SCONE_TRY(file_offset(call.arg[2])), size = call.arg[3];
    if (static_cast<int64_t>(size) <= 0)
        return error(kEINVAL);
    if (offset + size > INT64_MAX)
        return error(kEFBIG);
    SCONE_TRY(check_file_size(call, offset + size));
    SCONE_TRY(file->allocate(call.fd(1), offset, size));
    return 0;
}
SyscallResult sys_fsync(Call& call) {
    Ref<File> file = SCONE_TRY(usable_file(call));
    SCONE_TRY(file->sync(false));
    return 0;
}
SyscallResult sys_fdatasync(Call& call) {
    Ref<File> file = SCONE_TRY(usable_file(call));
    SCONE_TRY(file->sync(true));
    return 0;
}
SyscallResult sys_sync(Call&) {
    enclave::host_call(__NR_sync, enclave::Interruptible::No);
    return 0;
}
SyscallResult sys_flock(Call& call) {
    Ref<File> file = SCONE_TRY(usable_file(call));
    SCONE_TRY(file->flock(call.fd(1)));
    return 0;
}
namespace {
// Advice is heard for files that have content.
SyscallResult advise(Call& call, int of_others) {
    Ref<File> file = SCONE_TRY(usable_file(call));
    Stat now{};
    SCONE_TRY(file->stat(now));
    uint32_t type = now.mode & kS_IFMT;
    if (type == kS_IFIFO || type == kS_IFSOCK)
        return error(of_others);
    return 0;
}
}  // namespace
SyscallResult sys_fadvise64(Call& call) {
    constexpr uint32_t kLastAdvice = 5;
    if (call.u32(3) > kLastAdvice)
        return error(kEINVAL);
    return advise(call, kESPIPE);
}
SyscallResult sys_readahead(Call& call) {
    return advise(call, kEINVAL);
}
SyscallResult sys_syncfs(Call& call) {
    Ref<File> file = SCONE_TRY(usable_file(call));
    if (file->host_descriptor() < 0)
        return 0;  // memory, or files that do not change
    return from_kernel(
        enclave::checked_result(enclave::host_call(__NR_syncfs, enclave::Interruptible::No,
                                                   static_cast<uint64_t>(file->host_descriptor())),
                                0));
}
SyscallResult sys_sync_file_range(Call& call) {
    constexpr uint32_t kKnown = 7;
    SCONE_TRY(only_flags(call.u32(3), kKnown));
    SCONE_TRY(file_offset(call.arg[1]));
    SCONE_TRY(file_offset(call.arg[2]));
    SCONE_TRY(advise(call, kESPIPE));
    Ref<File> file = SCONE_TRY(usable_file(call));
    SCONE_TRY(file->sync(true));
    return 0;
}

}  // namespace scone::libos
