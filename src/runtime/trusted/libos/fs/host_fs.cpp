#include "runtime/trusted/libos/fs/host_fs.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/task/interruption.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

}  // namespace

Result<Ref<File>> HostFs::open(std::string_view path, uint32_t flags, uint32_t mode) {
    int64_t fd = enclave::host_open(path, flags | kO_CLOEXEC, mode);
    if (fd < 0)
        return std::unexpected(interrupted_or(fd, kERESTARTSYS).error());
    return adopt_host_descriptor(fd, flags, path);
}

Result<void> HostFs::stat(std::string_view path, Follow follow, Stat& out) {
    return done_or_error(enclave::host_stat(path, follow == Follow::Yes, out));
}

Result<void> HostFs::read_link(std::string_view path, Path& out) {
    int64_t size = enclave::host_read_link(path, out.data(), Path::capacity());
    if (size < 0)
        return error(static_cast<int>(-size));
    out.set_size(static_cast<size_t>(size));
    return {};
}

Result<void> HostFs::access(std::string_view path, uint32_t mode, Follow follow) {
    // faccessat has no flags in the old call, which every kernel and seccomp profile knows.
    if (follow == Follow::No) {
        Stat now{};
        return stat(path, follow, now);
    }
    return done_or_error(enclave::host_path_at_call(__NR_faccessat, path, mode));
}
Result<void> HostFs::make_directory(std::string_view path, uint32_t mode) {
    return done_or_error(enclave::host_path_at_call(__NR_mkdirat, path, mode));
}
Result<void> HostFs::make_node(std::string_view path, uint32_t mode, uint64_t device) {
    return done_or_error(enclave::host_path_at_call(__NR_mknodat, path, mode, device));
}
Result<void> HostFs::remove(std::string_view path, bool directory) {
    return done_or_error(
        enclave::host_path_at_call(__NR_unlinkat, path, directory ? kAT_REMOVEDIR : 0));
}
Result<void> HostFs::rename(std::string_view from, std::string_view to, uint32_t flags) {
    return done_or_error(enclave::host_two_path_call(__NR_renameat2, from, to, flags));
}
Result<void> HostFs::link(std::string_view from, std::string_view to, Follow follow) {
    return done_or_error(enclave::host_two_path_call(
        __NR_linkat, from, to, follow == Follow::Yes ? kAT_SYMLINK_FOLLOW : 0));
}
Result<void> HostFs::symlink(std::string_view target, std::string_view path) {
    return done_or_error(enclave::host_two_path_call(__NR_symlinkat, target, path, 0));
}
Result<void> HostFs::change_mode(std::string_view path, uint32_t mode) {
    return done_or_error(enclave::host_path_at_call(__NR_fchmodat, path, mode));
}
Result<void> HostFs::change_owner(std::string_view path, uint32_t user, uint32_t group,
                                  Follow follow) {
    return done_or_error(enclave::host_path_at_call(
        __NR_fchownat, path, user, group, follow == Follow::No ? kAT_SYMLINK_NOFOLLOW : 0));
}
Result<void> HostFs::set_times(std::string_view path, const Timespec* times, Follow follow) {
    uint64_t at = 0;
    if (times != nullptr) {
        at = enclave::window_data() + enclave::kResultArea;
        enclave::copy_to_host(at, times, 2 * sizeof(Timespec));
    }
    return done_or_error(enclave::host_path_at_call(
        __NR_utimensat, path, at, follow == Follow::No ? kAT_SYMLINK_NOFOLLOW : 0));
}
Result<void> HostFs::truncate(std::string_view path, uint64_t size) {
    return done_or_error(enclave::host_path_call(__NR_truncate, path, size));
}
Result<void> HostFs::statfs(std::string_view path, uint8_t (&out)[120]) {
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    SCONE_TRY(done_or_error(enclave::host_path_call(__NR_statfs, path, at)));
    enclave::copy_from_host(out, at, sizeof out);
    return {};
}

}  // namespace scone::libos
