#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/host/launcher/mapped_file.h"

namespace scone::launcher {

text::Outcome<MappedFile> MappedFile::open(const std::string& path) {
    auto failed = [&](const char* why) {
        return text::failure(text::ExitCode::NotFound, "cannot read " + path + ": " + why);
    };
    int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return failed(std::strerror(errno));
    struct stat status;
    void* mapped = MAP_FAILED;
    errno = 0;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        mapped = mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE,
                      descriptor, 0);
    int error = errno;
    MappedFile file;
    file.descriptor_ = descriptor;
    if (mapped == MAP_FAILED)
        return failed(error != 0 ? std::strerror(error) : "not a file with content");
    // SAFETY: the mapping is as large as the file was; it is unmapped with this object.
    file.bytes_ = {static_cast<const uint8_t*>(mapped), static_cast<size_t>(status.st_size)};
    return file;
}

void MappedFile::close() {
    if (!bytes_.empty())
        munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
    if (descriptor_ >= 0)
        ::close(descriptor_);
    bytes_ = {};
    descriptor_ = -1;
}

}  // namespace scone::launcher
