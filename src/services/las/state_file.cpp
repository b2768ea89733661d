#include "services/las/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "lib/text/errno_code.h"

namespace scone::las {
namespace {

using text::ExitCode;

constexpr const char* kDoing = "using LAS's state folder";

std::unexpected<text::Failure> errno_failure(const std::string& what) {
    return text::failure(text::exit_code_of_errno(errno), what + ": " + std::strerror(errno),
                         kDoing, "choose a folder that is writable: --state DIR");
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

bool write_whole(int fd, base::Bytes content) {
    while (!content.empty()) {
        ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        content = content.subspan(static_cast<size_t>(count));
    }
    return true;
}

}  // namespace

bool file_exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

text::Outcome<void> make_state_folder(const std::string& folder) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), ignored);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return errno_failure("cannot make '" + folder + "'");
    return {};
}

text::Outcome<crypto::SecretBytes> read_file(const std::string& path, size_t limit) {
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0)
        return errno_failure("cannot open '" + path + "'");
    crypto::SecretBytes buffer(limit + 1);
    size_t size = 0;
    while (size <= limit) {
        auto rest = buffer.expose_mutable().subspan(size);
        ssize_t count = ::read(file.get(), rest.data(), rest.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno_failure("cannot read '" + path + "'");
        if (count == 0)
            return crypto::SecretBytes(buffer.expose().first(size));
        size += static_cast<size_t>(count);
    }
    return text::failure(ExitCode::InvalidInput, "'" + path + "' is too large", kDoing);
}

text::Outcome<void> write_file(const std::string& folder, const std::string& name,
                               base::Bytes content) {
    std::string path = folder + "/" + name;
    std::string draft = path + ".new";
    {
        Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (file.get() < 0)
            return errno_failure("cannot make '" + draft + "'");
        if (!write_whole(file.get(), content) || ::fsync(file.get()) != 0)
            return errno_failure("cannot write '" + draft + "'");
    }
    if (::rename(draft.c_str(), path.c_str()) != 0)
        return errno_failure("cannot rename '" + draft + "'");
    Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0)
        return errno_failure("cannot make '" + path + "' durable");
    return {};
}

}  // namespace scone::las
