// Proves that no plaintext of the encrypted files is left in an image, by reading every blob of it.
//
// Side:   host
// How:    a finding is a run of at least 32 bytes that an encrypted file has too. Text that
// everybody
//         has (licence headers, import lines) would be found in the clear copies of the native
//         image's other files; of those it counts only when they hold nearly all of an encrypted
//         file. Runs of fewer than 6 different bytes (zeros, blanks) are no information.
// Memory: the encrypted files' size, for a table of their 16-byte blocks
// Errors: Integrity (a finding, or a damaged blob)
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/oci/image_builder.h"
#include "tools/sconify/native_image.h"

namespace scone::sconify {

class PlaintextCheck {
  public:
    explicit PlaintextCheck(const oci::Spool& spool) : spool_(spool) {}

    // A file that must not be found. `name` is for messages.
    text::Outcome<void> add(const std::string& name, const oci::Extent& content);
    size_t file_count() const { return files_.size(); }

    enum class Public { No, Yes };
    // Errors: Integrity, naming `where`. Public::Yes: a clear copy of a native file.
    text::Outcome<void> scan(std::string_view where, base::Bytes data, Public is_public);

    // Layers (packed and unpacked), names, configuration, manifest. `clear_paths`: members that are
    // clear copies of native files.
    text::Outcome<void> scan_image(const oci::ImageBuilder& image,
                                   const std::set<std::string>& clear_paths);

  private:
    struct Place {
        uint32_t file;
        uint64_t offset;
    };
    struct File {
        std::string name;
        oci::Spool::Mapping content;
    };
    struct Run {
        uint32_t file;
        uint64_t start_in_file, start_in_data, size;
    };
    Run longest_run(const Place& place, base::Bytes data, uint64_t at) const;

    const oci::Spool& spool_;
    std::vector<File> files_;
    std::unordered_multimap<uint64_t, Place> blocks_;  // by hash of 16 bytes
    std::vector<uint64_t> filter_;                     // one bit for each hash value
};

}  // namespace scone::sconify
