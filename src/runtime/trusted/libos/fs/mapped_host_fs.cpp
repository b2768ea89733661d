#include "runtime/trusted/libos/fs/mapped_host_fs.h"

#include "lib/fspf/region.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/task/interruption.h"

namespace scone::libos {

using namespace linux_abi;

Result<void> MappedHostFs::map(std::string_view path, Path& out) const {
    out.append(host_path_).append(fspf::without_first(path, path_.size()));
    if (out.overflowed())
        return error(kENAMETOOLONG);
    if (out.size() == 0)
        out.append('/');
    return {};
}

Result<Ref<File>> MappedHostFs::open(std::string_view path, uint32_t flags, uint32_t mode) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    int64_t fd = enclave::host_open(mapped.view(), flags | kO_CLOEXEC, mode);
    if (fd < 0)
        return std::unexpected(interrupted_or(fd, kERESTARTSYS).error());
    return adopt_host_descriptor(fd, flags, path);  // it shows our path, not the host's
}

Result<void> MappedHostFs::stat(std::string_view path, Follow follow, Stat& out) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.stat(mapped.view(), follow, out);
}
Result<void> MappedHostFs::read_link(std::string_view path, Path& out) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.read_link(mapped.view(), out);
}
Result<void> MappedHostFs::access(std::string_view path, uint32_t mode, Follow follow) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.access(mapped.view(), mode, follow);
}
Result<void> MappedHostFs::make_directory(std::string_view path, uint32_t mode) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.make_directory(mapped.view(), mode);
}
Result<void> MappedHostFs::make_node(std::string_view path, uint32_t mode, uint64_t device) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.make_node(mapped.view(), mode, device);
}
Result<void> MappedHostFs::remove(std::string_view path, bool directory) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.remove(mapped.view(), directory);
}
Result<void> MappedHostFs::rename(std::string_view from, std::string_view to, uint32_t flags) {
    Path mapped_from, mapped_to;
    SCONE_TRY(map(from, mapped_from));
    SCONE_TRY(map(to, mapped_to));
    return host_.rename(mapped_from.view(), mapped_to.view(), flags);
}
Result<void> MappedHostFs::link(std::string_view from, std::string_view to, Follow follow) {
    Path mapped_from, mapped_to;
    SCONE_TRY(map(from, mapped_from));
    SCONE_TRY(map(to, mapped_to));
    return host_.link(mapped_from.view(), mapped_to.view(), follow);
}
Result<void> MappedHostFs::symlink(std::string_view target, std::string_view path) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.symlink(target, mapped.view());
}
Result<void> MappedHostFs::change_mode(std::string_view path, uint32_t mode) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.change_mode(mapped.view(), mode);
}
Result<void> MappedHostFs::change_owner(std::string_view path, uint32_t user, uint32_t group,
                                        Follow follow) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.change_owner(mapped.view(), user, group, follow);
}
Result<void> MappedHostFs::set_times(std::string_view path, const Timespec* times, Follow follow) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.set_times(mapped.view(), times, follow);
}
Result<void> MappedHostFs::truncate(std::string_view path, uint64_t size) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.truncate(mapped.view(), size);
}
Result<void> MappedHostFs::statfs(std::string_view path, uint8_t (&out)[120]) {
    Path mapped;
    SCONE_TRY(map(path, mapped));
    return host_.statfs(mapped.view(), out);
}

}  // namespace scone::libos
