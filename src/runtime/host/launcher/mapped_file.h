// A file of the host, mapped for reading.
//
// Side:   host
// Errors: NotFound with the system's words; an empty file is an error
#pragma once

#include <string>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/text/failure.h"

namespace scone::launcher {

class MappedFile {
  public:
    static text::Outcome<MappedFile> open(const std::string& path);
    MappedFile(MappedFile&& other) noexcept
        : bytes_(std::exchange(other.bytes_, {})),
          descriptor_(std::exchange(other.descriptor_, -1)) {}
    MappedFile& operator=(MappedFile&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~MappedFile() { close(); }

    base::Bytes bytes() const { return bytes_; }
    // Gives mapping and descriptor back early; bytes() is empty then.
    void close();
    int descriptor() const { return descriptor_; }

  private:
    MappedFile() = default;
    base::Bytes bytes_;
    int descriptor_ = -1;
};

}  // namespace scone::launcher
