// OCI image layouts as a source of images.
//
// Source: OCI image specification, "Image Layout"
#include <fmt/format.h>

#include "tools/oci/blob_store.h"
#include "tools/oci/image_source.h"

namespace scone::oci {
namespace {

std::string listed_tags(const Index& index) {
    std::string out;
    for (const Descriptor& entry : index.manifests) {
        const std::string tag = entry.annotation(media::kRefName);
        out += fmt::format("{}{}", out.empty() ? "" : ", ", tag.empty() ? "(no tag)" : tag);
    }
    return out.empty() ? "none" : out;
}

// An index below the index: the entry for this machine, never just the first.
Outcome<Descriptor> choose_platform(const BlobStore& store, Descriptor entry, int depth) {
    if (!is_index(entry.media_type))
        return entry;
    if (depth > 4)
        return failure(ExitCode::InvalidInput, "image indexes are nested more than 4 deep");
    const Index index = SCONE_TRY(parse_index(SCONE_TRY(store.read(entry, kMaxManifestSize))));
    std::string seen;
    for (const Descriptor& candidate : index.manifests) {
        if (candidate.os == "linux" && candidate.architecture == "amd64")
            return choose_platform(store, candidate, depth + 1);
        seen += fmt::format(" {}/{}", candidate.os, candidate.architecture);
    }
    return failure(ExitCode::Unsupported,
                   fmt::format("the image has no variant for linux/amd64, only:{}", seen));
}

Outcome<Descriptor> choose_image(const BlobStore& store, const std::string& tag) {
    const std::string text = SCONE_TRY(read_file(store.folder() + "/index.json", kMaxManifestSize));
    const Index index = SCONE_TRY(parse_index(text));
    std::optional<Descriptor> found;
    for (const Descriptor& entry : index.manifests)
        if (tag.empty() || entry.annotation(media::kRefName) == tag) {
            if (found)
                return failure(ExitCode::Usage,
                               fmt::format("'{}' holds several images", store.folder()), {},
                               fmt::format("add a tag, oci:{}:TAG; there are: {}", store.folder(),
                                           listed_tags(index)));
            found = entry;
        }
    if (!found)
        return failure(ExitCode::NotFound,
                       fmt::format("no image '{}' in '{}'", tag, store.folder()), {},
                       fmt::format("its tags are: {}", listed_tags(index)));
    return choose_platform(store, *found, 0);
}

}  // namespace

Outcome<ImageSource> open_layout(const std::string& folder, const std::string& tag) {
    const auto marker = read_file(folder + "/oci-layout", 4096);
    if (!marker)
        return failure(marker.error().exit_code,
                       fmt::format("'{}' is not an OCI image folder: no oci-layout in it", folder));
    const Json layout = SCONE_TRY(parse_json_object(*marker, "oci-layout"));
    if (const std::string version = SCONE_TRY(get_text(layout, "imageLayoutVersion"));
        version != "1.0.0")
        return failure(ExitCode::Unsupported,
                       fmt::format("expected OCI layout version 1.0.0, got '{}'", version));
    const BlobStore store(folder);
    const Descriptor entry = SCONE_TRY(choose_image(store, tag));
    if (!is_manifest(entry.media_type))
        return failure(ExitCode::Unsupported,
                       fmt::format("expected an image manifest, got '{}'", entry.media_type));
    const Manifest manifest =
        SCONE_TRY(parse_manifest(SCONE_TRY(store.read(entry, kMaxManifestSize))));
    ImageSource out{.config = SCONE_TRY(
                        ImageConfig::parse(SCONE_TRY(store.read(manifest.config, kMaxConfigSize)))),
                    .annotations = manifest.annotations,
                    .layers = {},
                    .folder = std::nullopt};
    if (out.config.diff_ids.size() != manifest.layers.size())
        return failure(ExitCode::InvalidInput,
                       fmt::format("the manifest names {} layers, the configuration {}",
                                   manifest.layers.size(), out.config.diff_ids.size()));
    for (size_t i = 0; i < manifest.layers.size(); ++i)
        out.layers.push_back(
            {.path = store.path_of(manifest.layers[i].digest),
             .packed = manifest.layers[i],
             .diff_id = out.config.diff_ids[i],
             .name = fmt::format("layer {} of {} ({})", i + 1, manifest.layers.size(),
                                 manifest.layers[i].digest.text())});
    return out;
}

}  // namespace scone::oci
