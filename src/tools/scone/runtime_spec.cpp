#include "tools/scone/runtime_spec.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>

#include "lib/base/result.h"

namespace scone::tools {
namespace {

using text::ExitCode;
using text::failure;
using text::Json;
using text::Outcome;

constexpr const char* kInit = "/dev/scone-init";  // on the container's own /dev
constexpr const char* kDefaultPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Those that container engines leave to root by default.
constexpr const char* kCapabilities[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER",      "CAP_FSETID",  "CAP_KILL",
    "CAP_SETGID",  "CAP_SETUID",       "CAP_SETPCAP",     "CAP_MKNOD",   "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW", "CAP_SYS_CHROOT",   "CAP_AUDIT_WRITE", "CAP_SETFCAP",
};
constexpr const char* kMaskedPaths[] = {
    "/proc/acpi",       "/proc/asound",      "/proc/kcore",       "/proc/keys",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/latency_stats",
    "/sys/firmware",    "/proc/scsi",
};
constexpr const char* kReadonlyPaths[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                          "/proc/sysrq-trigger"};

template <class Range>
Json list_of(const Range& texts) {
    Json out = Json::array();
    for (const auto& text : texts)
        out.push(text);
    return out;
}

Json object(std::initializer_list<std::pair<const char*, Json>> members) {
    Json out = Json::object();
    for (const auto& [key, value] : members)
        out.set(key, value);
    return out;
}

Json mount(const char* target, const char* type, const std::string& source,
           std::initializer_list<const char*> options) {
    return object({{"destination", target},
                   {"type", type},
                   {"source", source},
                   {"options", list_of(options)}});
}

Json mounts_of(const RunRequest& request) {
    Json out = Json::array();
    out.push(mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}));
    out.push(mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
    out.push(mount("/dev/pts", "devpts", "devpts",
                   {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}));
    out.push(mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777"}));
    out.push(mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
    out.push(mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}));
    out.push(mount(kInit, "bind", request.init_program, {"bind", "ro", "nosuid"}));
    for (const char* file : kHostFiles)
        if (::access(file, R_OK) == 0)
            out.push(mount(file, "bind", file, {"bind", "ro", "nosuid", "noexec"}));
    return out;
}

Json capabilities_of(const ImageUser& user) {
    const Json all = list_of(kCapabilities);
    const Json own = user.uid == 0 ? all : Json::array();
    return object({{"bounding", all}, {"effective", own}, {"permitted", own}});
}

Json linux_part() {
    Json devices = Json::array();
    Json allowed = Json::array();
    allowed.push(object({{"allow", false}, {"access", "rwm"}}));
    for (const char* path : kSgxDevices) {
        struct stat status = {};
        if (::stat(path, &status) != 0 || !S_ISCHR(status.st_mode))
            continue;
        const auto numbers = [&](Json base) {
            return std::move(base.set("type", "c")
                                 .set("major", int64_t{major(status.st_rdev)})
                                 .set("minor", int64_t{minor(status.st_rdev)}));
        };
        devices.push(numbers(object({{"path", path}, {"fileMode", 0666}})));
        allowed.push(numbers(object({{"allow", true}, {"access", "rw"}})));
    }
    Json namespaces = Json::array();
    for (const char* type : {"pid", "ipc", "uts", "mount"})  // none for the network: the host's
        namespaces.push(object({{"type", type}}));
    return object({{"resources", object({{"devices", allowed}})},
                   {"devices", devices},
                   {"namespaces", namespaces},
                   {"maskedPaths", list_of(kMaskedPaths)},
                   {"readonlyPaths", list_of(kReadonlyPaths)}});
}

void set_variable(std::vector<std::string>& environment, const std::string& definition) {
    const std::string prefix = definition.substr(0, definition.find('=') + 1);
    std::erase_if(environment, [&](const std::string& old) { return old.starts_with(prefix); });
    environment.push_back(definition);
}

}  // namespace

Outcome<std::vector<std::string>> command_of(const oci::ImageConfig& image,
                                             const RunRequest& request) {
    std::vector<std::string> out = image.entrypoint;
    const auto& rest = request.arguments.empty() ? image.command : request.arguments;
    out.insert(out.end(), rest.begin(), rest.end());
    if (out.empty())
        return failure(ExitCode::InvalidInput, "the image names no command to run", {},
                       "scone run IMAGE -- COMMAND ARGS");
    return out;
}

std::vector<std::string> environment_of(const oci::ImageConfig& image, const RunRequest& request,
                                        const ImageUser& user) {
    std::vector<std::string> out{kDefaultPath, "HOME=" + user.home};
    for (const auto* definitions : {&image.environment, &request.environment})
        for (const std::string& definition : *definitions)
            set_variable(out, definition);
    return out;
}

Outcome<Json> runtime_spec(const oci::ImageConfig& image, const RunRequest& request,
                           const ImageUser& user) {
    std::vector<std::string> arguments{kInit};
    for (std::string& argument : SCONE_TRY(command_of(image, request)))
        arguments.push_back(std::move(argument));
    Json gids = Json::array();
    for (uint32_t gid : user.more_gids)
        gids.push(gid);
    Json process =
        object({{"terminal", false},
                {"user", object({{"uid", user.uid}, {"gid", user.gid}, {"additionalGids", gids}})},
                {"args", list_of(arguments)},
                {"env", list_of(environment_of(image, request, user))},
                {"cwd", image.working_dir.empty() ? "/" : image.working_dir},
                {"capabilities", capabilities_of(user)},
                {"noNewPrivileges", false}});
    return object({{"ociVersion", "1.0.2"},
                   {"process", process},
                   {"root", object({{"path", "rootfs"}, {"readonly", false}})},
                   {"mounts", mounts_of(request)},
                   {"linux", linux_part()}});
}

}  // namespace scone::tools
