// read, write and their relatives: bytes between files and the program.
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/syscalls/arguments.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint64_t kNoOffset = ~0ull;

SyscallResult sigpipe_on_epipe(SyscallResult result) {
    if (!result && result.error().value == kEPIPE)
        send_to_thread(current_thread(), user_signal(kSIGPIPE, kSI_USER));
    return result;
}

IoBuffer program_buffer(uint64_t address, uint64_t size) {
    return IoBuffer::of_program(address, size < kMaximumTransfer ? size : kMaximumTransfer);
}

Result<IoBuffer> load_vectors(ProgramVectors& vectors, Call& call) {
    IoBuffer buffer = SCONE_TRY(vectors.load(call.arg[1], call.arg[2]));
    buffer.limit(kMaximumTransfer);
    return buffer;
}

SyscallResult write_at_position(Call& call, File& file, IoBuffer& buffer) {
    SCONE_TRY(limit_file_size(call, file, kNoOffset, buffer));
    return sigpipe_on_epipe(file.write(buffer));
}
SyscallResult write_at_offset(Call& call, File& file, IoBuffer& buffer, uint64_t offset) {
    SCONE_TRY(limit_file_size(call, file, offset, buffer));
    return file.write_at(buffer, offset);
}

}  // namespace

Result<void> check_file_size(Call& call, uint64_t size) {
    constexpr unsigned kFileSize = 1;
    if (size <= call.process().limits[kFileSize].soft)
        return {};
    send_to_thread(current_thread(), user_signal(kSIGXFSZ, kSI_KERNEL));
    return error(kEFBIG);
}

Result<void> limit_file_size(Call& call, File& file, uint64_t offset, IoBuffer& buffer) {
    constexpr unsigned kFileSize = 1;
    uint64_t limit = call.process().limits[kFileSize].soft;
    if (limit >= INT64_MAX || buffer.size() == 0)
        return {};
    Stat now{};
    SCONE_TRY(file.stat(now));
    if ((now.mode & kS_IFMT) != kS_IFREG)
        return {};
    uint64_t at = file.status_flags() & kO_APPEND ? static_cast<uint64_t>(now.size)
                  : offset == kNoOffset           ? SCONE_TRY(file.seek(0, kSEEK_CUR))
                                                  : offset;
    if (at >= limit)
        return check_file_size(call, limit + 1);
    buffer.limit(limit - at);
    return {};
}

SyscallResult sys_read(Call& call) {
    Ref<File> file = SCONE_TRY(readable_file(call));
    IoBuffer buffer = program_buffer(call.arg[1], call.arg[2]);
    return file->read(buffer);
}
SyscallResult sys_write(Call& call) {
    Ref<File> file = SCONE_TRY(writable_file(call));
    IoBuffer buffer = program_buffer(call.arg[1], call.arg[2]);
    return write_at_position(call, *file, buffer);
}
SyscallResult sys_pread64(Call& call) {
    Ref<File> file = SCONE_TRY(readable_file(call));
    uint64_t offset = SCONE_TRY(file_offset(call.arg[3]));
    IoBuffer buffer = program_buffer(call.arg[1], call.arg[2]);
    return file->read_at(buffer, offset);
}
SyscallResult sys_pwrite64(Call& call) {
    Ref<File> file = SCONE_TRY(writable_file(call));
    uint64_t offset = SCONE_TRY(file_offset(call.arg[3]));
    IoBuffer buffer = program_buffer(call.arg[1], call.arg[2]);
    return write_at_offset(call, *file, buffer, offset);
}
SyscallResult sys_readv(Call& call) {
    Ref<File> file = SCONE_TRY(readable_file(call));
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(load_vectors(vectors, call));
    return file->read(buffer);
}
SyscallResult sys_writev(Call& call) {
    Ref<File> file = SCONE_TRY(writable_file(call));
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(load_vectors(vectors, call));
    return write_at_position(call, *file, buffer);
}
SyscallResult sys_preadv(Call& call) {
    Ref<File> file = SCONE_TRY(readable_file(call));
    uint64_t offset = SCONE_TRY(file_offset(call.arg[3]));
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(load_vectors(vectors, call));
    return file->read_at(buffer, offset);
}
SyscallResult sys_pwritev(Call& call) {
    Ref<File> file = SCONE_TRY(writable_file(call));
    uint64_t offset = SCONE_TRY(file_offset(call.arg[3]));
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(load_vectors(vectors, call));
    return write_at_offset(call, *file, buffer, offset);
}

namespace {

constexpr uint32_t kRWF_DSYNC = 2, kRWF_SYNC = 4, kRWF_NOWAIT = 8, kRWF_APPEND = 16,
                   kRWF_KNOWN = 31;

// A regular file never makes anybody wait long; of others the wait cannot be left out.
Result<void> check_no_wait(File& file, uint32_t flags) {
    if (flags & ~kRWF_KNOWN)
        return error(kEOPNOTSUPP);
    Stat now{};
    if (flags & kRWF_NOWAIT)
        SCONE_TRY(file.stat(now));
    if ((flags & kRWF_NOWAIT) && (now.mode & kS_IFMT) != kS_IFREG)
        return error(kEOPNOTSUPP);
    return {};
}

}  // namespace

SyscallResult sys_preadv2(Call& call) {
    Ref<File> file = SCONE_TRY(readable_file(call));
    uint32_t flags = call.u32(5);
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(load_vectors(vectors, call));
    SCONE_TRY(check_no_wait(*file, flags));
    if (flags & kRWF_APPEND)
        return error(kEOPNOTSUPP);
    if (call.arg[3] == kNoOffset)
        return file->read(buffer);
    return file->read_at(buffer, SCONE_TRY(file_offset(call.arg[3])));
}
SyscallResult sys_pwritev2(Call& call) {
    Ref<File> file = SCONE_TRY(writable_file(call));
    uint32_t flags = call.u32(5);
    ProgramVectors vectors;
    IoBuffer buffer = SCONE_TRY(load_vectors(vectors, call));
    SCONE_TRY(check_no_wait(*file, flags));
    uint64_t offset = call.arg[3];
    if (offset != kNoOffset)
        SCONE_TRY(file_offset(offset));
    uint64_t count;
    if (offset != kNoOffset && (flags & kRWF_APPEND)) {
        Stat now{};
        SCONE_TRY(file->stat(now));
        SCONE_TRY(limit_file_size(call, *file, static_cast<uint64_t>(now.size), buffer));
        count = SCONE_TRY(file->append(buffer));
    } else if (offset == kNoOffset) {
        if (flags & kRWF_APPEND)
            SCONE_TRY(file->seek(0, kSEEK_END));
        count = SCONE_TRY(write_at_position(call, *file, buffer));
    } else {
        count = SCONE_TRY(write_at_offset(call, *file, buffer, offset));
    }
    if (flags & (kRWF_DSYNC | kRWF_SYNC))
        SCONE_TRY(file->sync(!(flags & kRWF_SYNC)));
    return count;
}

}  // namespace scone::libos
