// The native image, read once: its configuration, its merged file tree, its contents in a spool.
//
// Side:   host
// Errors: those of tools/oci
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/oci/file_tree.h"
#include "tools/oci/image_source.h"

namespace scone::sconify {

struct NativeImage {
    oci::ImageSource source;
    std::vector<std::vector<oci::Entry>> layers;  // as they stand in the image, lowest first
    oci::FileTree tree;
    std::unique_ptr<oci::Spool> spool;

    const oci::ImageConfig& config() const { return source.config; }
    // The real file at an absolute path, links followed; nullptr when there is none.
    const oci::FileTree::Node* file(std::string_view absolute_path) const;
    // The path without "." and "..", which leads to the parent of what stands before it, links
    // followed. Links that no ".." follows stay. nullopt when there is nothing that a ".." could
    // follow, and for what cannot be a path.
    std::optional<std::string> clean_path(std::string_view absolute_path) const;
};

text::Outcome<NativeImage> read_native_image(const oci::ImageName& name);

}  // namespace scone::sconify
