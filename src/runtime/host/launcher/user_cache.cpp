#include "runtime/host/launcher/user_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace scone::launcher {
namespace {

// Empty: this user has no place for a cache.
std::string cache_root() {
    const char* folder = std::getenv("XDG_CACHE_HOME");
    if (folder != nullptr && *folder == '/')
        return std::string(folder) + "/scone";
    const char* home = std::getenv("HOME");
    if (home != nullptr && *home == '/')
        return std::string(home) + "/.cache/scone";
    return {};
}

bool make_folders(const std::string& path) {
    for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
        mkdir(path.substr(0, at).c_str(), 0700);
    mkdir(path.c_str(), 0700);
    return access(path.c_str(), W_OK) == 0;
}

bool write_all(int descriptor, base::Bytes content) {
    while (!content.empty()) {
        ssize_t written = write(descriptor, content.data(), content.size());
        if (written <= 0)
            return false;
        content = content.subspan(static_cast<size_t>(written));
    }
    return true;
}

}  // namespace

std::optional<std::vector<uint8_t>> read_cached(const std::string& folder,
                                                const std::string& name) {
    std::string root = cache_root();
    if (root.empty())
        return std::nullopt;
    int descriptor = open((root + "/" + folder + "/" + name).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return std::nullopt;
    std::vector<uint8_t> content;
    struct stat status;
    if (fstat(descriptor, &status) == 0 && status.st_size <= static_cast<off_t>(kMaxCachedSize)) {
        content.resize(static_cast<size_t>(status.st_size));
        ssize_t got = read(descriptor, content.data(), content.size());
        content.resize(got > 0 ? static_cast<size_t>(got) : 0);
    }
    close(descriptor);
    if (content.empty())
        return std::nullopt;
    return content;
}

void write_cached(const std::string& folder, const std::string& name, base::Bytes content) {
    std::string root = cache_root();
    if (root.empty() || content.size() > kMaxCachedSize || !make_folders(root + "/" + folder))
        return;
    std::string path = root + "/" + folder + "/" + name;
    std::string temporary = path + "." + std::to_string(getpid());
    int descriptor =
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return;
    bool good = write_all(descriptor, content);
    good = close(descriptor) == 0 && good;
    if (!good || rename(temporary.c_str(), path.c_str()) != 0)
        unlink(temporary.c_str());
}

}  // namespace scone::launcher
