// The file system of an image as a folder of the host.
//
// Side:    host
// Kept:    owners, modes, times, links, hardlinks, devices, extended attributes
// Errors:  those of the image's layers; Denied (not root), Failed (no space, ...), Interrupted ends
//          as Failed when `keep_going` says no
// Source:  OCI image specification, "Applying Changesets"
#pragma once

#include <functional>
#include <string>

#include "tools/oci/file_tree.h"
#include "tools/oci/image_source.h"
#include "tools/oci/spool.h"

namespace scone::tools {

// False: stop as soon as possible.
using KeepGoing = std::function<bool()>;

struct UnpackedImage {
    oci::FileTree tree;
    std::unique_ptr<oci::Spool> spool;

    // Content of a small text file of the image; empty when there is none.
    std::string text_of(std::string_view path) const;
};

// All layers on top of each other; every byte checked against the image's digests.
text::Outcome<UnpackedImage> unpack_layers(const oci::ImageSource& image,
                                           const KeepGoing& keep_going);
// Makes everything in the tree below `folder`, which must be empty and ours alone: no name in the
// tree leads through a symbolic link, so nothing outside is touched.
text::Outcome<void> write_root_folder(const UnpackedImage& image, const std::string& folder,
                                      const KeepGoing& keep_going);

}  // namespace scone::tools
