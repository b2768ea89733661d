// Owner of a file descriptor, and the few file operations this room needs.
//
// Side: host
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/text/failure.h"

namespace scone::oci {

class FileHandle {
  public:
    FileHandle() = default;
    explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
    FileHandle(const FileHandle&) = delete;
    FileHandle& operator=(const FileHandle&) = delete;
    FileHandle(FileHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    FileHandle& operator=(FileHandle&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~FileHandle();

    int get() const { return descriptor_; }
    explicit operator bool() const { return descriptor_ >= 0; }
    // 0, or the errno of close().
    int close();

  private:
    int descriptor_ = -1;
};

// Errors: NotFound (no such file), Failed.
text::Outcome<FileHandle> open_for_reading(const std::string& path);
// A new file of mode 0644 (or `mode`); refused when it exists.
text::Outcome<FileHandle> create_file(const std::string& path, unsigned mode = 0644);
text::Outcome<void> write_fully(int descriptor, base::Bytes data, const std::string& name);
text::Outcome<void> pread_fully(int descriptor, uint64_t offset, base::MutableBytes out,
                                const std::string& name);
// Writes beside `path` and renames over it. The file has mode `mode` from its first moment.
text::Outcome<void> replace_file(const std::string& path, base::Bytes data, unsigned mode = 0644);
// The whole file. Errors: NotFound, InvalidInput (above `limit`), Failed.
text::Outcome<std::string> read_file(const std::string& path, size_t limit);
text::Outcome<void> make_directories(const std::string& path);

// A new folder beside `near`, with mode 0700, removed with everything in it at its end.
class TemporaryFolder {
  public:
    static text::Outcome<TemporaryFolder> create_beside(const std::string& near);
    static text::Outcome<TemporaryFolder> create_in_temp();
    TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    TemporaryFolder& operator=(TemporaryFolder&& other) noexcept {
        std::swap(path_, other.path_);
        return *this;
    }
    ~TemporaryFolder();
    const std::string& path() const { return path_; }
    // Renames the folder to `final_path` (which must not exist) with mode 0755 and keeps it.
    text::Outcome<void> keep_as(const std::string& final_path);

  private:
    explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

}  // namespace scone::oci
