#include "services/cas/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lib/base/hex.h"
#include "lib/crypto/random.h"
#include "lib/text/errno_code.h"

namespace scone::cas {
namespace {

using crypto::SecretBytes;
using text::ExitCode;
using text::failure;
using text::Outcome;
namespace fs = std::filesystem;

constexpr size_t kKeyTextSize = 64;

auto system_failure(const std::string& doing) {
    int error = errno;
    return failure(text::exit_code_of_errno(error), std::strerror(error), doing);
}

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0)
            close(number_);
    }
    int number() const { return number_; }
    int release() { return std::exchange(number_, -1); }

  private:
    int number_;
};

bool write_whole(int descriptor, std::string_view content) {
    while (!content.empty()) {
        ssize_t count = ::write(descriptor, content.data(), content.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        content.remove_prefix(static_cast<size_t>(count));
    }
    return true;
}

bool sync_folder(const fs::path& folder) {
    Descriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return descriptor.number() >= 0 && fsync(descriptor.number()) == 0;
}

}  // namespace

Outcome<StateFolder> StateFolder::open(const fs::path& path) {
    std::string doing = "opening the state folder " + path.string();
    std::error_code error;
    fs::create_directories(path, error);
    if (error)
        return failure(text::exit_code_of_errno(error.value()), error.message(), doing,
                       "choose a folder that can be written: --state DIR");
    if (chmod(path.c_str(), 0700) != 0)
        return system_failure(doing);
    Descriptor lock(::open((path / "cas.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.number() < 0)
        return system_failure(doing);
    if (flock(lock.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return failure(ExitCode::Conflict, "another scone-cas uses this state folder", doing,
                           "stop it first, or give this one its own folder: --state DIR");
        return system_failure(doing);
    }
    return StateFolder(path, lock.release());
}

StateFolder::StateFolder(StateFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

StateFolder::~StateFolder() {
    if (lock_ >= 0)
        close(lock_);
}

bool StateFolder::has(const char* name) const {
    std::error_code error;
    return fs::exists(file(name), error);
}

Outcome<std::optional<MasterKey>> StateFolder::read_key() const {
    fs::path path = file("cas.key");
    std::string doing = "reading the key file " + path.string();
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) {
        if (errno == ENOENT)
            return std::nullopt;
        return system_failure(doing);
    }
    if ((status.st_mode & 0077) != 0)
        return failure(ExitCode::InvalidInput, "the key file can be read by others", doing,
                       "chmod 0600 " + path.string());
    auto content = SCONE_TRY(read_file(path, 4096));
    if (!content)
        return std::nullopt;
    std::string_view digits = content->expose_text();
    while (digits.ends_with('\n'))
        digits.remove_suffix(1);
    MasterKey key;
    if (digits.size() != kKeyTextSize || !base::hex_decode(digits, key.expose_mutable()))
        return failure(ExitCode::InvalidInput, "the key file does not hold 64 hex digits", doing,
                       "put the right cas.key back from the backup");
    return std::optional<MasterKey>(std::move(key));
}

Outcome<MasterKey> StateFolder::create_key() const {
    MasterKey key;
    if (!crypto::fill_random(key.expose_mutable()))
        return failure(ExitCode::Failed, "no random numbers", "making the master key");
    SecretBytes digits(kKeyTextSize + 1);
    // SAFETY: bytes of a text seen as characters.
    std::span<char> text(reinterpret_cast<char*>(digits.expose_mutable().data()), digits.size());
    base::hex_encode(key.expose(), text.first(kKeyTextSize));
    text.back() = '\n';
    SCONE_TRY(write_file(file("cas.key"), digits.expose_text(), 0600));
    return key;
}

Outcome<void> write_file(const fs::path& path, std::string_view content, unsigned mode) {
    std::string doing = "writing " + path.string();
    fs::path temporary = path;
    temporary += ".new";
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (file.number() < 0 || fchmod(file.number(), mode) != 0 ||
        !write_whole(file.number(), content) || fsync(file.number()) != 0)
        return system_failure(doing);
    if (rename(temporary.c_str(), path.c_str()) != 0 || !sync_folder(path.parent_path()))
        return system_failure(doing);
    return {};
}

Outcome<std::optional<SecretBytes>> read_file(const fs::path& path, size_t limit) {
    std::string doing = "reading " + path.string();
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0) {
        if (errno == ENOENT)
            return std::nullopt;
        return system_failure(doing);
    }
    struct stat status{};
    if (fstat(file.number(), &status) != 0)
        return system_failure(doing);
    if (!S_ISREG(status.st_mode) || static_cast<size_t>(status.st_size) > limit)
        return failure(ExitCode::InvalidInput,
                       "expected a file of at most " + std::to_string(limit) + " bytes", doing);
    SecretBytes content(static_cast<size_t>(status.st_size));
    size_t done = 0;
    while (done < content.size()) {
        ssize_t count =
            ::read(file.number(), content.expose_mutable().data() + done, content.size() - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return failure(ExitCode::Failed, "the file became shorter", doing);
        done += static_cast<size_t>(count);
    }
    return std::optional<SecretBytes>(std::move(content));
}

}  // namespace scone::cas
