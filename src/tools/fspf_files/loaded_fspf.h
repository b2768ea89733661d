// An fspf read from disk with all that its reader needs.
//
// Side: host
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/fspf_writer/writer.h"
#include "lib/text/failure.h"

namespace scone::tools {

// "DOING: WHAT" of a library's error, with the exit code that fits.
text::Failure fspf_failure(const fspf::Error& error, const std::string& what);
text::Failure system_failure(const std::string& what);  // from errno

class LoadedFspf {
  public:
    // With the key in its header where `key` is null; InvalidInput when it has none there.
    static text::Outcome<std::unique_ptr<LoadedFspf>> load(const std::string& file,
                                                           const fspf::Key* key);
    fspf::Reader& reader() { return reader_; }

  private:
    LoadedFspf() : slots_(256) {}

    std::vector<uint8_t> bytes_;
    std::vector<fspf::PageSlot> slots_;
    fspf::RegionStore regions_;
    fspf::Reader reader_;
};

text::Outcome<std::vector<uint8_t>> read_whole_file(const std::string& file);
enum class Replace { No, Yes };
// Writes beside and renames. Conflict when it exists and may not be replaced.
text::Outcome<void> write_whole_file(const std::string& file, base::Bytes bytes, unsigned mode,
                                     Replace replace);

}  // namespace scone::tools
