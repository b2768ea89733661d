#include "runtime/trusted/libos/fs/proc_fs.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/libos/fs/device_files.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/fs/proc_text.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

bool starts_with(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() &&
           __builtin_memcmp(text.data(), prefix.data(), prefix.size()) == 0;
}
std::string_view after(std::string_view text, size_t count) {
    return {text.data() + count, text.size() - count};
}

bool parse_number(std::string_view text, uint64_t& out) {
    if (text.empty() || text.size() > 9)
        return false;
    out = 0;
    for (char c : text) {
        if (c < '0' || c > '9')
            return false;
        out = out * 10 + static_cast<uint64_t>(c - '0');
    }
    return true;
}

// /proc/PID, /proc/thread-self and /proc/self/task/TID of the own process are /proc/self.
Path canonical(std::string_view path) {
    Path out;
    while (path.size() > 1 && path.back() == '/')
        path = {path.data(), path.size() - 1};
    if (!starts_with(path, "/proc/")) {
        out.append(path);
        return out;
    }
    std::string_view rest = after(path, 6);
    size_t end = 0;
    while (end < rest.size() && rest[end] != '/')
        end++;
    std::string_view first(rest.data(), end);
    uint64_t number;
    bool own = first == "thread-self" || (parse_number(first, number) &&
                                          number == static_cast<uint64_t>(current_process().pid));
    out.append("/proc/").append(own ? std::string_view("self") : first).append(after(rest, end));
    if (starts_with(out.view(), "/proc/self/task/")) {
        std::string_view task = after(out.view(), 16);
        size_t slash = 0;
        while (slash < task.size() && task[slash] != '/')
            slash++;
        Path shorter("/proc/self");
        shorter.append(after(task, slash));
        return shorter;
    }
    return out;
}

Result<Ref<File>> descriptor_of(std::string_view path) {
    uint64_t fd;
    if (!starts_with(path, "/proc/self/fd/") || !parse_number(after(path, 14), fd))
        return error(kENOENT);
    auto file = current_process().files->get(static_cast<int>(fd));
    if (!file)
        return error(kENOENT);
    return *file;
}

Result<void> link_target(std::string_view path, Path& out) {
    Process& process = current_process();
    if (path == "/proc/self") {
        out.append_number(static_cast<uint64_t>(process.pid));
        return {};
    }
    if (path == "/proc/self/exe") {
        out.append(process.executable.view());
        return {};
    }
    if (path == "/proc/self/cwd") {
        enclave::Guard guard(process.fs->lock);
        out.append(process.fs->working_directory.view());
        return {};
    }
    if (path == "/proc/self/root") {
        out.append("/");
        return {};
    }
    Ref<File> file = SCONE_TRY(descriptor_of(path));
    file->describe(out);
    return {};
}

bool is_directory(std::string_view path) {
    constexpr std::string_view kDirectories[] = {"/proc",
                                                 "/proc/self",
                                                 "/proc/self/fd",
                                                 "/proc/self/task",
                                                 "/proc/sys",
                                                 "/proc/sys/kernel",
                                                 "/proc/sys/vm",
                                                 "/proc/sys/fs",
                                                 "/proc/sys/net",
                                                 "/proc/sys/net/core",
                                                 "/sys",
                                                 "/sys/devices",
                                                 "/sys/devices/system",
                                                 "/sys/devices/system/cpu",
                                                 "/sys/kernel",
                                                 "/sys/kernel/mm",
                                                 "/sys/kernel/mm/transparent_hugepage"};
    for (std::string_view name : kDirectories)
        if (name == path)
            return true;
    return false;
}

Result<Ref<File>> open_directory(std::string_view path) {
    auto directory = make_ref<ListDirectory>(path);
    if (!directory)
        return error(kENOMEM);
    Process& process = current_process();
    if (path == "/proc/self/fd") {
        Result<void> added{};
        process.files->for_each([&](int fd, const Ref<File>&) {
            FixedText<16> name;
            name.append_number(static_cast<uint64_t>(fd));
            if (added)
                added = directory->add(name.view(), 10);
        });
        SCONE_TRY(std::move(added));
    } else if (path == "/proc/self/task") {
        enclave::Guard guard(process.mutex);
        for (Thread* thread : process.threads) {
            FixedText<16> name;
            name.append_number(static_cast<uint64_t>(thread->tid));
            SCONE_TRY(directory->add(name.view(), 4));
        }
    } else if (path == "/proc") {
        FixedText<16> pid;
        pid.append_number(static_cast<uint64_t>(process.pid));
        SCONE_TRY(directory->add(pid.view(), 4));
        for (std::string_view name :
             {"cpuinfo", "meminfo", "mounts", "stat", "uptime", "version", "loadavg"})
            SCONE_TRY(directory->add(name, 8));
        SCONE_TRY(directory->add("self", 10));
    } else if (path == "/proc/self") {
        for (std::string_view name :
             {"cmdline", "comm", "environ", "maps", "stat", "statm", "status", "limits"})
            SCONE_TRY(directory->add(name, 8));
        for (std::string_view name : {"cwd", "exe", "root"})
            SCONE_TRY(directory->add(name, 10));
        for (std::string_view name : {"fd", "task"})
            SCONE_TRY(directory->add(name, 4));
    } else if (path == "/sys/devices/system/cpu") {
        for (std::string_view name : {"online", "possible", "present"})
            SCONE_TRY(directory->add(name, 8));
    }
    return Ref<File>(directory);
}

void report_refusal(std::string_view path) {
    FixedText<400> text;
    text.append("open: ").append(path).append(" is not supported/allowed");
    log(Level::Info, text.view());
}

}  // namespace

Result<Ref<File>> ProcFs::open(std::string_view given, uint32_t flags, uint32_t) {
    Path path = canonical(given);
    if (flags & kO_CREAT && (flags & kO_EXCL))
        return error(kEEXIST);
    if (is_directory(path.view())) {
        if ((flags & kO_ACCMODE) != kO_RDONLY)
            return error(kEISDIR);
        return open_directory(path.view());
    }
    Path target;
    if (link_target(path.view(), target)) {
        if (flags & kO_NOFOLLOW)
            return error(kELOOP);
        return error(kEXDEV);
    }
    auto content = proc_text(path.view());
    if (!content) {
        report_refusal(path.view());
        return std::unexpected(content.error());
    }
    if (path.view() == "/proc/self/oom_score_adj" && (flags & kO_ACCMODE) != kO_RDONLY) {
        auto sink = make_ref<DeviceFile>(Device::Null, 3u, flags);
        return sink ? Result<Ref<File>>(Ref<File>(sink)) : error(kENOMEM);
    }
    if ((flags & kO_ACCMODE) != kO_RDONLY)
        return error(kEACCES);
    auto file = make_ref<TextFile>(path.view(), std::move(*content), 0444u, flags);
    if (!file)
        return error(kENOMEM);
    return Ref<File>(file);
}

Result<void> ProcFs::stat(std::string_view given, Follow follow, Stat& out) {
    Path path = canonical(given);
    Path target;
    bool self = given == "/proc/self" && follow == Follow::No;
    if ((self || path.view() != "/proc/self") && link_target(path.view(), target)) {
        if (follow == Follow::Yes) {
            auto file = descriptor_of(path.view());
            if (file)
                return (*file)->stat(out);
            return error(kEXDEV);
        }
        out = {};
        out.dev = 4, out.ino = 3, out.nlink = 1;
        out.mode = kS_IFLNK | 0777;
        return {};
    }
    if (is_directory(path.view())) {
        out = {};
        out.dev = 4, out.ino = 2, out.nlink = 2;
        out.mode = kS_IFDIR | 0555;
        out.blksize = 1024;
        return {};
    }
    SCONE_TRY(proc_text(path.view()));
    out = {};
    out.dev = 4, out.ino = 1, out.nlink = 1;
    out.mode = kS_IFREG | 0444;
    out.blksize = 1024;
    return {};
}

Result<void> ProcFs::read_link(std::string_view given, Path& out) {
    Path path = canonical(given);
    out.clear();
    if (path.view() == "/proc/self" && given != "/proc/self")
        return error(kEINVAL);  // /proc/PID is the directory itself
    auto found = link_target(path.view(), out);
    if (!found && (is_directory(path.view()) || proc_text(path.view())))
        return error(kEINVAL);
    return found;
}

Result<void> ProcFs::leaves_to(std::string_view given, Follow, Path& out) {
    Path path = canonical(given);
    out.clear();
    if (path.view() == "/proc/self") {
        out.append("/proc/").append_number(static_cast<uint64_t>(current_process().pid));
        return {};
    }
    SCONE_TRY(link_target(path.view(), out));
    if (out.size() == 0 || out.view()[0] != '/')
        return error(kENOENT);
    return {};
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
    return path == "/dev/tty" || path == "/dev/ptmx" || starts_with(path, "/dev/pts/") ||
           path == "/dev/pts" || path == "/dev/console";
}

const LinkRow* device_link(std::string_view path) {
    for (const LinkRow& row : kDeviceLinks)
        if (row.path == path || (row.path == "/dev/fd" && starts_with(path, "/dev/fd/")))
            return &row;
    return nullptr;
}

}  // namespace

Result<Ref<File>> DevFs::open(std::string_view path, uint32_t flags, uint32_t mode) {
    for (const DeviceRow& row : kDevices) {
        if (row.path == path) {
            auto file = make_ref<DeviceFile>(row.device, row.minor,
                                             flags & ~(kO_CREAT | kO_TRUNC | kO_CLOEXEC));
            return file ? Result<Ref<File>>(Ref<File>(file)) : error(kENOMEM);
        }
    }
    if (device_link(path) != nullptr) {
        // Opening /dev/fd/N is a duplicate of N.
        Path target;
        SCONE_TRY(leaves_to(path, Follow::Yes, target));
        auto file = descriptor_of(target.view());
        if (file)
            return file;
        return error(kEXDEV);
    }
    if (is_terminal(path)) {
        int64_t fd = enclave::host_open(path, flags | kO_CLOEXEC, mode);
        if (fd < 0)
            return error(static_cast<int>(-fd));
        return adopt_host_descriptor(fd, flags, path);
    }
    if (path == "/dev" || path == "/dev/") {
        auto directory = make_ref<ListDirectory>("/dev");
        if (!directory)
            return error(kENOMEM);
        for (const DeviceRow& row : kDevices)
            SCONE_TRY(directory->add(after(row.path, 5), 2));
        for (const LinkRow& row : kDeviceLinks)
            SCONE_TRY(directory->add(after(row.path, 5), 10));
        return Ref<File>(directory);
    }
    report_refusal(path);
    return error(flags & kO_CREAT ? kEACCES : kENOENT);
}

Result<void> DevFs::stat(std::string_view path, Follow follow, Stat& out) {
    if (path == "/dev" || path == "/dev/") {
        out = {};
        out.dev = 5, out.ino = 1, out.nlink = 2, out.mode = kS_IFDIR | 0755, out.blksize = 4096;
        return {};
    }
    for (const DeviceRow& row : kDevices)
        if (row.path == path)
            return DeviceFile(row.device, row.minor, 0).stat(out);
    if (device_link(path) != nullptr) {
        if (follow == Follow::Yes)
            return error(kEXDEV);
        out = {};
        out.dev = 5, out.ino = 2, out.nlink = 1, out.mode = kS_IFLNK | 0777;
        return {};
    }
    if (is_terminal(path)) {
        int64_t result = enclave::host_stat(path, follow == Follow::Yes, out);
        if (result < 0)
            return error(static_cast<int>(-result));
        return {};
    }
    return error(kENOENT);
}

Result<void> DevFs::read_link(std::string_view path, Path& out) {
    out.clear();
    if (device_link(path) == nullptr)
        return error(kEINVAL);
    return leaves_to(path, Follow::No, out);
}

Result<void> DevFs::leaves_to(std::string_view path, Follow, Path& out) {
    const LinkRow* row = device_link(path);
    if (row == nullptr)
        return error(kENOENT);
    out.clear();
    out.append(row->target);
    if (row->path == "/dev/fd")
        out.append(after(path, 7));
    return {};
}

Result<void> DevFs::access(std::string_view path, uint32_t, Follow follow) {
    Stat now{};
    auto result = stat(path, follow, now);
    if (!result && result.error().value == kEXDEV)
        return {};
    return result;
}

}  // namespace scone::libos
