// What the handlers of calls on files and paths decode in the same way.
//
// Side:   trusted
// Errors: EBADF, EFAULT, EINVAL and those of vfs::absolute_path
#pragma once

#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/syscall.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::libos {

inline constexpr uint64_t kMaximumTransfer = 0x7ffff000;  // MAX_RW_COUNT

// An open file that was not opened with O_PATH.
inline Result<Ref<File>> usable_file(Call& call, unsigned index = 0) {
    Ref<File> file = SCONE_TRY(call.file(index));
    if (file->is_path_only())
        return error(linux_abi::kEBADF);
    return file;
}
inline Result<Ref<File>> readable_file(Call& call, unsigned index = 0) {
    Ref<File> file = SCONE_TRY(usable_file(call, index));
    if (!file->is_readable())
        return error(linux_abi::kEBADF);
    return file;
}
inline Result<Ref<File>> writable_file(Call& call, unsigned index = 0) {
    Ref<File> file = SCONE_TRY(usable_file(call, index));
    if (!file->is_writable())
        return error(linux_abi::kEBADF);
    return file;
}

inline Result<uint64_t> file_offset(uint64_t value) {
    if (static_cast<int64_t>(value) < 0)
        return error(linux_abi::kEINVAL);
    return value;
}

inline Result<void> path_of(int fd, uint64_t address, Path& out) {
    Path given;
    SCONE_TRY(copy_path(given, address));
    return vfs::absolute_path(fd, given.view(), out);
}

inline uint32_t without_umask(Call& call, uint32_t mode) {
    FsContext& context = *call.process().fs;
    enclave::Guard guard(context.lock);
    return mode & ~context.umask & 07777;
}

inline SyscallResult done(Result<void> result) {
    if (!result)
        return std::unexpected(result.error());
    return 0;
}

// operation(tree, path) for the path at an address.
template <class F>
SyscallResult on_path(int fd, uint64_t address, Follow follow, F&& operation) {
    Path path;
    SCONE_TRY(path_of(fd, address, path));
    return done(vfs::with_tree(path.view(), follow, operation));
}

inline Follow follow_of(uint32_t flags) {
    return flags & linux_abi::kAT_SYMLINK_NOFOLLOW ? Follow::No : Follow::Yes;
}
// EINVAL for a flag that the call does not have.
inline Result<void> only_flags(uint32_t flags, uint32_t known) {
    if (flags & ~known)
        return error(linux_abi::kEINVAL);
    return {};
}

// Bytes [offset, offset + buffer) of `file` are to be written: the buffer is cut at RLIMIT_FSIZE.
// Without room for one byte SIGXFSZ is sent: EFBIG.
Result<void> limit_file_size(Call& call, File& file, uint64_t offset, IoBuffer& buffer);
// The same for a new size.
Result<void> check_file_size(Call& call, uint64_t size);

}  // namespace scone::libos
