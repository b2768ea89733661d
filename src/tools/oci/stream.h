// Bytes that come and go in pieces: where layers are read from and written to.
//
// Side:    host
// Errors:  Failed (a read or write of the system failed), and what each source or sink says
// Threads: each object is used by one thread at a time; PrefetchSource and BackgroundSink own a
//          thread that uses the wrapped object until they end
#pragma once

#include <memory>
#include <string>

#include "lib/base/bytes.h"
#include "lib/text/failure.h"
#include "tools/oci/digest.h"
#include "tools/oci/file_handle.h"

namespace scone::oci {

using base::Bytes;
using base::MutableBytes;
using text::ExitCode;
using text::failure;
using text::Outcome;

class ByteSource {
  public:
    virtual ~ByteSource() = default;
    // Between 1 and out.size() bytes, or 0 at the end. Preconditions: out is not empty.
    virtual Outcome<size_t> read(MutableBytes out) = 0;
};

class ByteSink {
  public:
    virtual ~ByteSink() = default;
    virtual Outcome<void> write(Bytes data) = 0;
    // Nothing may be written afterwards. Without it the output is not complete.
    virtual Outcome<void> finish() = 0;
};

// A file or pipe from its current position to its end.
class FileSource : public ByteSource {
  public:
    explicit FileSource(FileHandle file, std::string name)
        : file_(std::move(file)), name_(std::move(name)) {}
    Outcome<size_t> read(MutableBytes out) override;

  private:
    FileHandle file_;
    std::string name_;  // for messages
};

class FileSink : public ByteSink {
  public:
    explicit FileSink(FileHandle file, std::string name)
        : file_(std::move(file)), name_(std::move(name)) {}
    Outcome<void> write(Bytes data) override;
    // Reports errors that the system delays until a file is closed.
    Outcome<void> finish() override;

  private:
    FileHandle file_;
    std::string name_;
};

// Hashes and counts what passes through.
class HashingSource : public ByteSource {
  public:
    explicit HashingSource(std::unique_ptr<ByteSource> inner) : inner_(std::move(inner)) {}
    Outcome<size_t> read(MutableBytes out) override;
    uint64_t size() const { return size_; }
    // Of everything read so far; once.
    Digest digest() { return hash_.finish(); }

  private:
    std::unique_ptr<ByteSource> inner_;
    Sha256Stream hash_;
    uint64_t size_ = 0;
};

// Checks size and digest of what passes; the error comes in place of the end.
// Errors: Integrity
class CheckingSource : public ByteSource {
  public:
    // `expected_size` may be nullopt when the index does not say.
    CheckingSource(std::unique_ptr<ByteSource> inner, Digest expected,
                   std::optional<uint64_t> expected_size, std::string name)
        : inner_(std::move(inner)),
          expected_(std::move(expected)),
          expected_size_(expected_size),
          name_(std::move(name)) {}
    Outcome<size_t> read(MutableBytes out) override;

  private:
    std::unique_ptr<ByteSource> inner_;
    Digest expected_;
    std::optional<uint64_t> expected_size_;
    std::string name_;
    Sha256Stream hash_;
    uint64_t size_ = 0;
    bool ended_ = false;
};

// Reads ahead in a thread of its own, at most 4 MiB.
std::unique_ptr<ByteSource> make_prefetch_source(std::unique_ptr<ByteSource> inner);

// Reads to the end. Errors: those of the source.
Outcome<void> drain(ByteSource& source);
// The whole content. Errors: InvalidInput (more than `limit` bytes).
Outcome<std::string> read_all(ByteSource& source, size_t limit, std::string_view name);

}  // namespace scone::oci
