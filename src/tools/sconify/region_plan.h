// Where each copied file stands in the converted image, and how it is protected there.
//
// Side:   host
// Errors: Usage (--host-path would leave the program without protection)
// Source: docs/formats/output-image.md, section 2
#pragma once

#include <string>
#include <vector>

#include "lib/fspf/format.h"
#include "tools/sconify/file_set.h"

namespace scone::sconify {

struct Region {
    std::string path;     // "/app"
    std::string backing;  // "/fspf/encrypted-files/app"; empty for ephemeral ones
    fspf::Backing kind = fspf::Backing::Kernel;
    fspf::Protection protection = fspf::Protection::Authenticated;

    bool keeps_files() const {
        return kind == fspf::Backing::Kernel && protection != fspf::Protection::None;
    }
};

class RegionPlan {
  public:
    static text::Outcome<RegionPlan> make(const NativeImage& image, const Program& program,
                                          const Options& options);

    const std::vector<Region>& regions() const { return regions_; }
    // Volumes of the image that became ephemeral.
    const std::vector<std::string>& forgetful_volumes() const { return forgetful_volumes_; }

    // `path` in normal form (without the leading '/').
    const Region& region_of(std::string_view path) const;
    // Where its bytes lie in the image, in normal form.
    std::string image_path(std::string_view path) const;

  private:
    std::vector<Region> regions_;  // longest path first; the last is "/"
    std::vector<std::string> forgetful_volumes_;
};

}  // namespace scone::sconify
