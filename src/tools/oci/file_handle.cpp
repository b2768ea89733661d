#include "tools/oci/file_handle.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "lib/text/errno_code.h"

namespace scone::oci {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

std::unexpected<text::Failure> system_failure(const char* action, const std::string& name,
                                              int error = errno) {
    return failure(text::exit_code_of_errno(error),
                   fmt::format("cannot {} '{}': {}", action, name, std::strerror(error)));
}

}  // namespace

FileHandle::~FileHandle() {
    close();
}

int FileHandle::close() {
    const int descriptor = std::exchange(descriptor_, -1);
    return descriptor >= 0 && ::close(descriptor) != 0 ? errno : 0;
}

Outcome<FileHandle> open_for_reading(const std::string& path) {
    FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file)
        return system_failure("open", path);
    return file;
}

Outcome<FileHandle> create_file(const std::string& path, unsigned mode) {
    FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file)
        return system_failure("create", path);
    return file;
}

Outcome<void> write_fully(int descriptor, base::Bytes data, const std::string& name) {
    while (!data.empty()) {
        const ssize_t count = ::write(descriptor, data.data(), data.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return system_failure("write", name);
        data = data.subspan(static_cast<size_t>(count));
    }
    return {};
}

Outcome<void> pread_fully(int descriptor, uint64_t offset, base::MutableBytes out,
                          const std::string& name) {
    while (!out.empty()) {
        const ssize_t count =
            ::pread(descriptor, out.data(), out.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return system_failure("read", name);
        if (count == 0)
            return failure(ExitCode::Failed, fmt::format("'{}' became shorter while read", name));
        out = out.subspan(static_cast<size_t>(count));
        offset += static_cast<uint64_t>(count);
    }
    return {};
}

Outcome<void> replace_file(const std::string& path, base::Bytes data, unsigned mode) {
    std::string partial = path + ".XXXXXX";
    FileHandle file(::mkostemp(partial.data(), O_CLOEXEC));
    if (!file)
        return system_failure("create a file beside", path);
    const auto give_up = [&](std::unexpected<text::Failure> why) {
        ::unlink(partial.c_str());
        return why;
    };
    if (auto ok = write_fully(file.get(), data, partial); !ok)
        return give_up(std::unexpected(ok.error()));
    if (::fchmod(file.get(), mode) != 0)
        return give_up(system_failure("set the mode of", partial));
    if (const int error = file.close(); error != 0)
        return give_up(system_failure("write", partial, error));
    if (::rename(partial.c_str(), path.c_str()) != 0)
        return give_up(system_failure("replace", path));
    return {};
}

Outcome<std::string> read_file(const std::string& path, size_t limit) {
    const FileHandle file = SCONE_TRY(open_for_reading(path));
    std::string out;
    char block[16384];
    while (true) {
        const ssize_t count = ::read(file.get(), block, sizeof block);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return system_failure("read", path);
        if (count == 0)
            return out;
        if (out.size() + static_cast<size_t>(count) > limit)
            return failure(ExitCode::InvalidInput,
                           fmt::format("'{}' is larger than {} bytes", path, limit));
        out.append(block, static_cast<size_t>(count));
    }
}

Outcome<void> make_directories(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error)
        return system_failure("create folder", path, error.value());
    return {};
}

namespace {
Outcome<std::string> make_folder(std::string pattern) {
    if (::mkdtemp(pattern.data()) == nullptr)
        return system_failure("create a folder at", pattern);
    return pattern;
}
}  // namespace

Outcome<TemporaryFolder> TemporaryFolder::create_beside(const std::string& near) {
    std::string stem = near;
    while (stem.size() > 1 && stem.ends_with('/'))
        stem.pop_back();
    return TemporaryFolder(SCONE_TRY(make_folder(stem + ".partial-XXXXXX")));
}

Outcome<TemporaryFolder> TemporaryFolder::create_in_temp() {
    const char* folder = std::getenv("TMPDIR");
    return TemporaryFolder(SCONE_TRY(make_folder(
        fmt::format("{}/scone-XXXXXX", folder != nullptr && *folder != 0 ? folder : "/tmp"))));
}

TemporaryFolder::~TemporaryFolder() {
    if (path_.empty())
        return;
    std::error_code ignored;  // nothing can be done about it here
    std::filesystem::remove_all(path_, ignored);
}

Outcome<void> TemporaryFolder::keep_as(const std::string& final_path) {
    if (::chmod(path_.c_str(), 0755) != 0)
        return system_failure("set the mode of", path_);
    if (::rename(path_.c_str(), final_path.c_str()) != 0)
        return system_failure("put the result at", final_path);
    path_.clear();
    return {};
}

}  // namespace scone::oci
