// A file system protection file on disk: make it, add regions and folders to it, encrypt it, show
// it.
//
// Every change writes a new file beside the old one and renames it, so an interrupted command
// leaves the old state. Until encrypt_fspf() the file holds its own key and is readable by its
// owner only.
//
// Side:   host
// Errors: Failure; NotFound, InvalidInput (not an fspf, or a path that cannot be), Integrity (wrong
//         key, changed file), Conflict (exists already), Failed (the system refused)
// Source: docs/formats/fspf.md
#pragma once

#include <string>
#include <vector>

#include "lib/fspf/format.h"
#include "lib/text/failure.h"

namespace scone::tools {

struct RegionOptions {
    std::string path;
    fspf::Backing backing = fspf::Backing::Kernel;
    fspf::Protection protection = fspf::Protection::None;
    std::string backing_path;  // of Kernel regions
};

struct AddedFiles {
    fspf::Tag tag{};
    uint64_t files = 0;
    uint64_t bytes = 0;
    std::vector<std::string> skipped;  // sockets, devices and pipes: they have no content
};

struct EncryptedFspf {
    fspf::Tag tag{};
    fspf::Key key;
};

// Replaces nothing: Conflict when the file exists.
text::Outcome<fspf::Tag> create_fspf(const std::string& file);
text::Outcome<fspf::Tag> add_region(const std::string& file, const RegionOptions& region);
// Adds the host's folder (or file) `source` with all that is in it at `path` of the program's view,
// which lies in an authenticated or encrypted kernel region. `out` receives what the host keeps for
// it; it may be empty for authenticated regions, whose files are then used where they are.
// What was there before is replaced.
text::Outcome<AddedFiles> add_files(const std::string& file, const std::string& path,
                                    const std::string& source, const std::string& out);
text::Outcome<EncryptedFspf> encrypt_fspf(const std::string& file);

// The tag that stands in the header. It is not verified here.
text::Outcome<fspf::Tag> tag_of_fspf(const std::string& file);
// What is in it, as text. `key` is 64 hex digits, or empty for a file that is not encrypted yet.
text::Outcome<std::string> describe_fspf(const std::string& file, const std::string& key);

}  // namespace scone::tools
