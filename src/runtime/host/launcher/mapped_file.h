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
    MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    MappedFile& operator=(MappedFile&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~MappedFile();

    base::Bytes bytes() const { return bytes_; }

  private:
    MappedFile() = default;
    base::Bytes bytes_;
};

}  // namespace scone::launcher
