#include "runtime/trusted/libos/fs/dev_fs.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/libos/fs/device_files.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/fs/text_file.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/vfs/directory_record.h"
#include "runtime/trusted/libos/vfs/path_walk.h"

namespace scone::libos {

using namespace linux_abi;

void report_refusal(std::string_view path) {
    FixedText<400> text;
    text.append("open: ").append(path).append(" is not supported/allowed");
    log(Level::Info, text.view());
}

namespace {

struct DeviceRow {
    std::string_view path;
    Device device;
    uint32_t minor;
};
constexpr DeviceRow kDevices[] = {
    {"/dev/null", Device::Null, 3},      {"/dev/zero", Device::Zero, 5},
    {"/dev/full", Device::Full, 7},      {"/dev/random", Device::Random, 8},
    {"/dev/urandom", Device::Random, 9},
};
struct LinkRow {
    std::string_view path, target;
};
constexpr LinkRow kDeviceLinks[] = {
    {"/dev/fd", "/proc/self/fd"},
    {"/dev/stdin", "/proc/self/fd/0"},
    {"/dev/stdout", "/proc/self/fd/1"},
    {"/dev/stderr", "/proc/self/fd/2"},
};

// Terminals are the host's, as the standard streams are.
bool is_terminal(std::string_view path) {
    return path == "/dev/tty" || path == "/dev/ptmx" || vfs::lies_in(path, "/dev/pts") ||
           path == "/dev/console";
}

// The link at this path or above it.
const LinkRow* device_link(std::string_view path) {
    for (const LinkRow& row : kDeviceLinks)
        if (vfs::lies_in(path, row.path))
            return &row;
    return nullptr;
}
bool is_link_itself(std::string_view path) {
    const LinkRow* row = device_link(path);
    return row != nullptr && row->path == path;
}
std::string_view without_slash(std::string_view path) {
    while (path.size() > 1 && path.back() == '/')
        path = {path.data(), path.size() - 1};
    return path;
}
const DeviceRow* device_row(std::string_view path) {
    for (const DeviceRow& row : kDevices)
        if (row.path == path)
            return &row;
    return nullptr;
}
// ENOTDIR below a device and for "/dev/null/", else ENOENT.
int absence_of(std::string_view path) {
    for (const DeviceRow& row : kDevices)
        if (vfs::lies_in(path, row.path))
            return kENOTDIR;
    return kENOENT;
}

std::string_view after_folder(std::string_view path) {
    constexpr size_t kFolder = 5;  // "/dev/"
    return {path.data() + kFolder, path.size() - kFolder};
}

}  // namespace

Result<Ref<File>> DevFs::open(std::string_view path, uint32_t flags, uint32_t mode) {
    bool exclusive = (flags & (kO_CREAT | kO_EXCL)) == (kO_CREAT | kO_EXCL);
    if (const DeviceRow* row = device_row(path)) {
        if (exclusive)
            return error(kEEXIST);
        if (flags & kO_DIRECTORY)
            return error(kENOTDIR);
        auto file = make_ref<DeviceFile>(row->device, row->minor,
                                         flags & ~(kO_CREAT | kO_TRUNC | kO_CLOEXEC));
        return file ? Result<Ref<File>>(Ref<File>(file)) : error(kENOMEM);
    }
    if (device_link(path) != nullptr) {
        if (is_link_itself(path) && exclusive)
            return error(kEEXIST);
        if (is_link_itself(path) && (flags & kO_NOFOLLOW))
            return error(kELOOP);
        return error(kEXDEV);
    }
    if (is_terminal(path)) {
        int64_t fd = enclave::host_open(path, flags | kO_CLOEXEC, mode);
        if (fd < 0)
            return std::unexpected(interrupted_or(fd, kERESTARTSYS).error());
        return adopt_host_descriptor(fd, flags, path);
    }
    if (without_slash(path) == "/dev") {
        if ((flags & kO_ACCMODE) != kO_RDONLY || (flags & kO_CREAT))
            return error(kEISDIR);
        auto directory = make_ref<ListDirectory>("/dev");
        if (!directory)
            return error(kENOMEM);
        for (const DeviceRow& row : kDevices)
            SCONE_TRY(directory->add(after_folder(row.path), kDT_CHR));
        for (const LinkRow& row : kDeviceLinks)
            SCONE_TRY(directory->add(after_folder(row.path), kDT_LNK));
        for (std::string_view name : {"tty", "ptmx"})
            SCONE_TRY(directory->add(name, kDT_CHR));
        for (std::string_view name : {"pts", "shm"})
            SCONE_TRY(directory->add(name, kDT_DIR));
        return Ref<File>(directory);
    }
    if (absence_of(path) == kENOTDIR)
        return error(kENOTDIR);
    report_refusal(path);
    return error(flags & kO_CREAT ? kEACCES : kENOENT);
}

Result<void> DevFs::stat(std::string_view path, Follow follow, Stat& out) {
    if (without_slash(path) == "/dev") {
        out = {};
        out.dev = 5, out.ino = 1, out.nlink = 2, out.mode = kS_IFDIR | 0755, out.blksize = 4096;
        return {};
    }
    if (const DeviceRow* row = device_row(path))
        return DeviceFile(row->device, row->minor, 0).stat(out);
    if (device_link(path) != nullptr) {
        if (!is_link_itself(path) || follow == Follow::Yes)
            return error(kEXDEV);
        out = {};
        out.dev = 5, out.ino = 2, out.nlink = 1, out.mode = kS_IFLNK | 0777;
        return {};
    }
    if (is_terminal(path))
        return done_or_error(enclave::host_stat(path, follow == Follow::Yes, out));
    return error(absence_of(path));
}

Result<void> DevFs::read_link(std::string_view path, Path& out) {
    const LinkRow* row = device_link(path);
    if (row == nullptr) {
        Stat now{};
        SCONE_TRY(stat(path, Follow::No, now));
        return error(kEINVAL);
    }
    if (row->path != path)
        return error(kEXDEV);
    out = Path(row->target);
    return {};
}

Result<void> DevFs::leaves_to(std::string_view path, Follow, Path& out) {
    const LinkRow* row = device_link(path);
    if (row == nullptr)
        return error(kENOENT);
    out = Path(row->target);
    out.append({path.data() + row->path.size(), path.size() - row->path.size()});
    return {};
}

Result<void> DevFs::refuse(std::string_view path) {
    Stat now{};
    SCONE_TRY(stat(path, Follow::Yes, now));
    return error(kEPERM);
}
Result<void> DevFs::truncate(std::string_view path, uint64_t) {
    Stat now{};
    SCONE_TRY(stat(path, Follow::Yes, now));
    return error((now.mode & kS_IFMT) == kS_IFDIR ? kEISDIR : kEINVAL);
}

Result<void> DevFs::access(std::string_view path, uint32_t, Follow follow) {
    Stat now{};
    return stat(path, follow, now);
}

}  // namespace scone::libos
