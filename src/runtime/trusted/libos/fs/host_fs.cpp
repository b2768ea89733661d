#include "runtime/trusted/libos/fs/host_fs.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/fs/host_attribute.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/task/interruption.h"

namespace scone::libos {

using namespace linux_abi;

Result<std::string_view> HostFs::map(std::string_view path, Path& storage) const {
    if (path_ == host_path_)
        return path;
    storage.append(host_path_).append({path.data() + path_.size(), path.size() - path_.size()});
    if (storage.overflowed())
        return error(kENAMETOOLONG);
    if (storage.size() == 0)
        storage.append('/');
    return storage.view();
}

Result<Ref<File>> HostFs::open(std::string_view path, uint32_t flags, uint32_t mode) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    int64_t fd = enclave::host_open(mapped, flags | kO_CLOEXEC, mode);
    if (fd < 0)
        return std::unexpected(interrupted_or(fd, kERESTARTSYS).error());
    return adopt_opened_file(fd, flags, path);  // it shows our path, not the host's
}

Result<void> HostFs::stat(std::string_view path, Follow follow, Stat& out) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    return done_or_error(enclave::host_stat(mapped, follow == Follow::Yes, out));
}

Result<void> HostFs::read_link(std::string_view path, Path& out) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    int64_t size = enclave::host_read_link(mapped, out.data(), Path::capacity());
    if (size < 0)
        return error(static_cast<int>(-size));
    out.set_size(static_cast<size_t>(size));
    return {};
}

Result<void> HostFs::access(std::string_view path, uint32_t mode, Follow follow) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    // faccessat has no flags in the old call, which every kernel and seccomp profile knows.
    if (follow == Follow::No) {
        Stat now{};
        return done_or_error(enclave::host_stat(mapped, false, now));
    }
    return done_or_error(enclave::host_path_at_call(__NR_faccessat, mapped, mode));
}
Result<void> HostFs::make_directory(std::string_view path, uint32_t mode) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    return done_or_error(enclave::host_path_at_call(__NR_mkdirat, mapped, mode));
}
Result<void> HostFs::make_node(std::string_view path, uint32_t mode, uint64_t device) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    return done_or_error(enclave::host_path_at_call(__NR_mknodat, mapped, mode, device));
}
Result<void> HostFs::remove(std::string_view path, bool directory) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    return done_or_error(
        enclave::host_path_at_call(__NR_unlinkat, mapped, directory ? kAT_REMOVEDIR : 0));
}
Result<void> HostFs::rename(std::string_view from, std::string_view to, uint32_t flags) {
    Path from_storage, to_storage;
    std::string_view mapped_from = SCONE_TRY(map(from, from_storage));
    std::string_view mapped_to = SCONE_TRY(map(to, to_storage));
    return done_or_error(
        enclave::host_two_path_call(__NR_renameat2, mapped_from, mapped_to, flags));
}
Result<void> HostFs::link(std::string_view from, std::string_view to, Follow follow) {
    Path from_storage, to_storage;
    std::string_view mapped_from = SCONE_TRY(map(from, from_storage));
    std::string_view mapped_to = SCONE_TRY(map(to, to_storage));
    return done_or_error(enclave::host_two_path_call(
        __NR_linkat, mapped_from, mapped_to, follow == Follow::Yes ? kAT_SYMLINK_FOLLOW : 0));
}
Result<void> HostFs::symlink(std::string_view target, std::string_view path) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    return done_or_error(enclave::host_two_path_call(__NR_symlinkat, target, mapped, 0));
}
Result<void> HostFs::change_mode(std::string_view path, uint32_t mode) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    return done_or_error(enclave::host_path_at_call(__NR_fchmodat, mapped, mode));
}
Result<void> HostFs::change_owner(std::string_view path, uint32_t user, uint32_t group,
                                  Follow follow) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    return done_or_error(enclave::host_path_at_call(
        __NR_fchownat, mapped, user, group, follow == Follow::No ? kAT_SYMLINK_NOFOLLOW : 0));
}
Result<void> HostFs::set_times(std::string_view path, const Timespec* times, Follow follow) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    uint64_t at = 0;
    if (times != nullptr) {
        at = enclave::window_data() + enclave::kResultArea;
        enclave::copy_to_host(at, times, 2 * sizeof(Timespec));
    }
    return done_or_error(enclave::host_path_at_call(
        __NR_utimensat, mapped, at, follow == Follow::No ? kAT_SYMLINK_NOFOLLOW : 0));
}
Result<void> HostFs::truncate(std::string_view path, uint64_t size) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    return done_or_error(enclave::host_path_call(__NR_truncate, mapped, size));
}
Result<void> HostFs::statfs(std::string_view path, uint8_t (&out)[120]) {
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    SCONE_TRY(done_or_error(enclave::host_path_call(__NR_statfs, path, at)));
    enclave::copy_from_host(out, at, sizeof out);
    return {};
}

// The host resolves its own link to the descriptor, which leads to the file wherever it is named.
Result<void> HostFs::link_file(File& file, std::string_view to) {
    if (file.host_descriptor() < 0)
        return error(kEXDEV);
    Path storage;
    std::string_view mapped = SCONE_TRY(map(to, storage));
    FixedText<40> from;
    append_host_descriptor_path(from, file.host_descriptor());
    return done_or_error(
        enclave::host_two_path_call(__NR_linkat, from.view(), mapped, kAT_SYMLINK_FOLLOW));
}
Result<uint64_t> HostFs::extended_attribute(std::string_view path, Follow follow,
                                            ExtendedAttribute& request) {
    Path storage;
    std::string_view mapped = SCONE_TRY(map(path, storage));
    return host_attribute(mapped, follow, request);
}

}  // namespace scone::libos
