// Owners and callbacks for libarchive, a C library with void pointers.
//
// Side: host
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <memory>
#include <optional>
#include <vector>

#include "tools/oci/stream.h"

namespace scone::oci {

struct FreeReader {
    void operator()(archive* a) const { archive_read_free(a); }
};
struct FreeWriter {
    void operator()(archive* a) const { archive_write_free(a); }
};
struct FreeArchiveEntry {
    void operator()(archive_entry* e) const { archive_entry_free(e); }
};
using ArchiveReader = std::unique_ptr<archive, FreeReader>;
using ArchiveWriter = std::unique_ptr<archive, FreeWriter>;
using ArchiveEntry = std::unique_ptr<archive_entry, FreeArchiveEntry>;

// libarchive translates names through the thread's locale; in the C locale it stops at names that
// are not ASCII. While one of these lives, the calling thread's locale is C.UTF-8.
class Utf8Locale {
  public:
    Utf8Locale()
        : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)),
          previous_(locale_ != nullptr ? uselocale(locale_) : nullptr) {}
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;
    ~Utf8Locale() {
        if (locale_ == nullptr)
            return;
        uselocale(previous_);
        freelocale(locale_);
    }

  private:
    locale_t locale_;
    locale_t previous_;
};

// What libarchive calls back into. `error` holds the failure of the stream, which is better than
// what libarchive makes of it.
struct ReadBridge {
    ByteSource& source;
    std::vector<uint8_t> buffer = std::vector<uint8_t>(256 * 1024);
    std::optional<text::Failure> error = {};

    static la_ssize_t read(archive* a, void* self, const void** data);
};
struct WriteBridge {
    ByteSink& sink;
    std::optional<text::Failure> error = {};

    static la_ssize_t write(archive* a, void* self, const void* data, size_t size);
};

// The bridge's failure, else one of libarchive's words.
text::Failure archive_failure(archive* a, const std::optional<text::Failure>& stream_error,
                              ExitCode code, const std::string& doing);

}  // namespace scone::oci
