// File contents of an image, kept on disk until they are needed: memory stays bounded.
//
// Side:    host
// The file has no name (it ends with the process) and mode 0600: it holds plaintext.
// Errors:  Failed (no space, no temporary folder)
// Threads: append from one thread; reading from any
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tools/oci/stream.h"

namespace scone::oci {

struct Extent {
    uint64_t offset = 0;
    uint64_t size = 0;
    friend bool operator==(const Extent&, const Extent&) = default;
};

class Spool {
  public:
    // In $TMPDIR, else /tmp.
    static Outcome<std::unique_ptr<Spool>> create();

    uint64_t end() const { return end_; }
    // Writes at end() + offset; pieces may come with gaps, which read as zeros.
    Outcome<void> write_at(uint64_t offset, Bytes data);
    // Closes the content that began at end(): its size is `size`.
    Outcome<Extent> close_extent(uint64_t size);
    Outcome<Extent> append(Bytes data);

    // Preconditions: offset + out.size() <= extent.size.
    Outcome<void> read(const Extent& extent, uint64_t offset, MutableBytes out) const;
    Outcome<std::string> read_text(const Extent& extent, size_t limit) const;
    // The content as memory; pages come from the file as they are touched. Lives as long as the
    // mapping, also beyond the spool.
    class Mapping {
      public:
        Mapping() = default;
        Mapping(Mapping&& other) noexcept
            : start_(std::exchange(other.start_, nullptr)),
              length_(other.length_),
              bytes_(std::exchange(other.bytes_, {})) {}
        Mapping& operator=(Mapping&& other) noexcept {
            std::swap(start_, other.start_);
            std::swap(length_, other.length_);
            std::swap(bytes_, other.bytes_);
            return *this;
        }
        ~Mapping();
        Bytes bytes() const { return bytes_; }

      private:
        friend class Spool;
        void* start_ = nullptr;
        size_t length_ = 0;
        Bytes bytes_;
    };
    Outcome<Mapping> map(const Extent& extent) const;

  private:
    explicit Spool(FileHandle file) : file_(std::move(file)) {}
    FileHandle file_;
    uint64_t end_ = 0;
    uint64_t file_size_ = 0;
};

}  // namespace scone::oci
