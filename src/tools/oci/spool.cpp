#include "tools/oci/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace scone::oci {

Outcome<std::unique_ptr<Spool>> Spool::create() {
    const char* variable = std::getenv("TMPDIR");
    const std::string folder = variable != nullptr && *variable != 0 ? variable : "/tmp";
    FileHandle file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file) {
        std::string pattern = folder + "/scone-spool-XXXXXX";
        file = FileHandle(::mkostemp(pattern.data(), O_CLOEXEC));
        if (!file)
            return failure(ExitCode::Failed,
                           fmt::format("cannot make a temporary file in '{}': {}", folder,
                                       std::strerror(errno)),
                           {}, "set TMPDIR to a folder with space for the unpacked image");
        ::unlink(pattern.c_str());
    }
    return std::unique_ptr<Spool>(new Spool(std::move(file)));
}

Outcome<void> Spool::write_at(uint64_t offset, Bytes data) {
    uint64_t position = end_ + offset;
    while (!data.empty()) {
        const ssize_t count =
            ::pwrite(file_.get(), data.data(), data.size(), static_cast<off_t>(position));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return failure(ExitCode::Failed,
                           fmt::format("cannot write the temporary file: {}", std::strerror(errno)),
                           {}, "set TMPDIR to a folder with space for the unpacked image");
        data = data.subspan(static_cast<size_t>(count));
        position += static_cast<uint64_t>(count);
    }
    file_size_ = std::max(file_size_, position);
    return {};
}

Outcome<Extent> Spool::close_extent(uint64_t size) {
    const Extent extent{end_, size};
    end_ += size;
    if (end_ > file_size_) {
        if (::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0)
            return failure(ExitCode::Failed, fmt::format("cannot extend the temporary file: {}",
                                                         std::strerror(errno)));
        file_size_ = end_;
    }
    return extent;
}

Outcome<Extent> Spool::append(Bytes data) {
    SCONE_TRY(write_at(0, data));
    return close_extent(data.size());
}

Outcome<void> Spool::read(const Extent& extent, uint64_t offset, MutableBytes out) const {
    return pread_fully(file_.get(), extent.offset + offset, out, "temporary file");
}

Outcome<std::string> Spool::read_text(const Extent& extent, size_t limit) const {
    std::string out(std::min<uint64_t>(extent.size, limit), '\0');
    // SAFETY: a char may be written as an unsigned byte.
    SCONE_TRY(read(extent, 0, {reinterpret_cast<uint8_t*>(out.data()), out.size()}));
    return out;
}

Spool::Mapping::~Mapping() {
    if (start_ != nullptr)
        ::munmap(start_, length_);
}

Outcome<Spool::Mapping> Spool::map(const Extent& extent) const {
    Mapping out;
    if (extent.size == 0)
        return out;
    constexpr uint64_t kPageSize = 4096;
    const uint64_t before = extent.offset % kPageSize;
    out.length_ = extent.size + before;
    void* start = ::mmap(nullptr, out.length_, PROT_READ, MAP_PRIVATE, file_.get(),
                         static_cast<off_t>(extent.offset - before));
    if (start == MAP_FAILED)
        return failure(ExitCode::Failed,
                       fmt::format("cannot map the temporary file: {}", std::strerror(errno)));
    out.start_ = start;
    // SAFETY: the mapping holds `before` bytes and then the content, and ends with `out`.
    out.bytes_ = Bytes(static_cast<const uint8_t*>(start) + before, extent.size);
    return out;
}

}  // namespace scone::oci
