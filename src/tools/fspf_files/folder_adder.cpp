#include "tools/fspf_files/folder_adder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

namespace scone::tools {
namespace {

constexpr int kMaxDepth = 256;

fspf::Attributes attributes_of(const struct stat& st) {
    return {static_cast<uint16_t>(st.st_mode & 07777),
            st.st_uid,
            st.st_gid,
            {st.st_mtim.tv_sec, static_cast<uint32_t>(st.st_mtim.tv_nsec)}};
}

std::string join(const std::string& folder, std::string_view name) {
    if (folder.empty())
        return {};
    return (folder == "/" ? folder : folder + "/") + std::string(name);
}

class HostFile : public fspf::ContentSource, public fspf::ContentSink {
  public:
    HostFile(const std::string& path, int flags, mode_t mode = 0)
        : fd_(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode)) {}
    ~HostFile() override {
        if (fd_ >= 0)
            close(fd_);
    }
    HostFile(const HostFile&) = delete;
    HostFile& operator=(const HostFile&) = delete;
    bool is_open() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    // Looks for holes from now on. Preconditions: opened for reading.
    void set_size(uint64_t size) { sparse_size_ = size; }

    fspf::Result<size_t> read(base::MutableBytes out) override {
        ssize_t got;
        do
            got = ::read(fd_, out.data(), out.size());
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return fspf::fail(fspf::ErrorCode::Host, "the file cannot be read",
                              static_cast<uint64_t>(errno));
        return static_cast<size_t>(got);
    }
    fspf::Result<uint64_t> skip_hole() override {
        if (sparse_size_ == 0)
            return 0;
        off_t at = lseek(fd_, 0, SEEK_CUR);
        off_t data = lseek(fd_, at, SEEK_DATA);
        off_t end = data >= 0 ? data : errno == ENXIO ? static_cast<off_t>(sparse_size_) : at;
        uint64_t hole = static_cast<uint64_t>(std::max(end, at) - at);
        if (end != static_cast<off_t>(sparse_size_))
            hole -= hole % fspf::kBlockSize;
        if (lseek(fd_, at + static_cast<off_t>(hole), SEEK_SET) < 0)
            return fspf::fail(fspf::ErrorCode::Host, "the file cannot be read");
        return hole;
    }
    fspf::Result<void> write(base::Bytes bytes) override {
        while (!bytes.empty()) {
            ssize_t put = ::write(fd_, bytes.data(), bytes.size());
            if (put < 0 && errno == EINTR)
                continue;
            if (put < 0)
                return fspf::fail(fspf::ErrorCode::Host, "the file cannot be written",
                                  static_cast<uint64_t>(errno));
            bytes = bytes.subspan(static_cast<size_t>(put));
        }
        return {};
    }
    fspf::Result<void> skip(uint64_t size) override {
        off_t end = lseek(fd_, static_cast<off_t>(size), SEEK_CUR);
        if (end < 0 || ftruncate(fd_, end) != 0)
            return fspf::fail(fspf::ErrorCode::Host, "the file cannot be written");
        return {};
    }

  private:
    int fd_;
    uint64_t sparse_size_ = 0;
};

text::Outcome<void> check(const fspf::Result<void>& result, const std::string& path) {
    if (!result)
        return std::unexpected(fspf_failure(result.error(), "cannot add '" + path + "'"));
    return {};
}

// The owner is kept where the system lets us; times and mode always.
text::Outcome<void> copy_attributes(const std::string& to, const std::string& from) {
    struct stat st{};
    if (lstat(from.c_str(), &st) != 0)
        return std::unexpected(system_failure("cannot read '" + from + "'"));
    if (geteuid() == 0 && lchown(to.c_str(), st.st_uid, st.st_gid) != 0)
        return std::unexpected(system_failure("cannot write '" + to + "'"));
    timespec times[2] = {st.st_atim, st.st_mtim};
    if ((!S_ISLNK(st.st_mode) && chmod(to.c_str(), st.st_mode & 07777) != 0) ||
        utimensat(AT_FDCWD, to.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
        return std::unexpected(system_failure("cannot write '" + to + "'"));
    return {};
}

}  // namespace

text::Outcome<void> FolderAdder::clear_place(const std::string& path) {
    auto removed = writer_.remove(path);
    if (!removed && removed.error().code != fspf::ErrorCode::NotFound)
        return std::unexpected(fspf_failure(removed.error(), "cannot replace '" + path + "'"));
    return {};
}

text::Outcome<void> FolderAdder::add(const std::string& path, const std::string& source) {
    SCONE_TRY(add_one(path, source, out_, 0));
    SCONE_TRY(seal_all());
    for (const HardLink& link : links_) {
        SCONE_TRY(clear_place(link.path));
        SCONE_TRY(check(writer_.add_hard_link(link.path, link.existing), link.path));
        if (link.out.empty())
            continue;
        unlink(link.out.c_str());
        if (::link(link.existing_out.c_str(), link.out.c_str()) != 0)
            return std::unexpected(system_failure("cannot write '" + link.out + "'"));
    }
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder)
        SCONE_TRY(copy_attributes(folder->first, folder->second));
    return {};
}

text::Outcome<void> FolderAdder::add_one(const std::string& path, const std::string& source,
                                         const std::string& out, int depth) {
    struct stat st{};
    if ((depth == 0 ? stat(source.c_str(), &st) : lstat(source.c_str(), &st)) != 0)
        return std::unexpected(system_failure("cannot read '" + source + "'"));
    if (S_ISDIR(st.st_mode)) {
        SCONE_TRY(check(writer_.add_directory(path, attributes_of(st)), path));
        return add_folder(path, source, out, depth);
    }
    if (S_ISLNK(st.st_mode)) {
        std::string target(fspf::kMaxLinkSize + 1, '\0');
        ssize_t size = readlink(source.c_str(), target.data(), target.size());
        if (size < 0)
            return std::unexpected(system_failure("cannot read '" + source + "'"));
        target.resize(static_cast<size_t>(size));
        SCONE_TRY(clear_place(path));
        SCONE_TRY(check(writer_.add_symlink(path, attributes_of(st), target), path));
        if (out.empty())
            return {};
        unlink(out.c_str());
        if (symlink(target.c_str(), out.c_str()) != 0)
            return std::unexpected(system_failure("cannot write '" + out + "'"));
        return copy_attributes(out, source);
    }
    if (!S_ISREG(st.st_mode)) {
        result.skipped.push_back(source);
        return {};
    }
    if (st.st_nlink > 1) {
        auto [at, first] = first_names_.try_emplace({st.st_dev, st.st_ino}, files_.size());
        if (!first) {
            const File& existing = files_[at->second];
            links_.push_back({path, existing.path, out, existing.out});
            return {};
        }
    }
    files_.push_back({path, source, out, attributes_of(st), static_cast<uint64_t>(st.st_size)});
    return {};
}

text::Outcome<void> FolderAdder::add_folder(const std::string& path, const std::string& source,
                                            const std::string& out, int depth) {
    if (depth == kMaxDepth)
        return text::failure(text::ExitCode::InvalidInput,
                             "folders are nested deeper than 256: '" + source + "'");
    if (!out.empty()) {
        if (mkdir(out.c_str(), 0700) != 0 && errno != EEXIST)
            return std::unexpected(system_failure("cannot write '" + out + "'"));
        folders_.emplace_back(out, source);
    }
    DIR* folder = opendir(source.c_str());
    if (!folder)
        return std::unexpected(system_failure("cannot read '" + source + "'"));
    std::vector<std::string> names;
    for (dirent* entry = readdir(folder); entry; entry = readdir(folder))
        if (std::string_view name = entry->d_name; name != "." && name != "..")
            names.emplace_back(name);
    closedir(folder);
    std::ranges::sort(names);
    for (const std::string& name : names)
        SCONE_TRY(add_one(join(path, name), join(source, name), join(out, name), depth + 1));
    return {};
}

text::Outcome<void> FolderAdder::seal_file(const File& file) {
    HostFile source(file.source, O_RDONLY);
    if (!source.is_open())
        return std::unexpected(system_failure("cannot read '" + file.source + "'"));
    struct stat st{};
    if (fstat(source.fd(), &st) == 0 && st.st_blocks * 512 < st.st_size)
        source.set_size(file.size);
    std::optional<HostFile> sink;
    if (!file.out.empty()) {
        unlink(file.out.c_str());
        sink.emplace(file.out, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (!sink->is_open())
            return std::unexpected(system_failure("cannot write '" + file.out + "'"));
    }
    SCONE_TRY(clear_place(file.path));
    SCONE_TRY(check(
        writer_.add_file(file.path, file.attributes, file.size, source, sink ? &*sink : nullptr),
        file.path));
    if (sink)
        SCONE_TRY(copy_attributes(file.out, file.source));
    return {};
}

text::Outcome<void> FolderAdder::seal_all() {
    std::atomic<size_t> next = 0;
    std::mutex mutex;
    std::optional<text::Failure> failed;
    auto work = [&] {
        for (size_t i = next++; i < files_.size(); i = next++) {
            auto sealed = seal_file(files_[i]);
            if (sealed)
                continue;
            std::lock_guard lock(mutex);
            failed = sealed.error();
            next = files_.size();
        }
    };
    std::vector<std::thread> others;
    size_t cores = std::clamp(std::thread::hardware_concurrency(), 1u, 8u);
    for (size_t i = 1; i < cores && i < files_.size(); ++i)
        others.emplace_back(work);
    work();
    for (std::thread& thread : others)
        thread.join();
    if (failed)
        return std::unexpected(*failed);
    for (const File& file : files_)
        result.bytes += file.size;
    result.files = files_.size() + links_.size();
    return {};
}

}  // namespace scone::tools
