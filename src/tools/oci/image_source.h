// An image opened for reading, wherever it comes from.
//
// Side:    host
// Every byte that is read is checked against the digests that name it.
// Errors:  NotFound (no such image), Unreachable (daemon), InvalidInput, Integrity, Unsupported
//          (another machine's architecture, several images and no tag)
#pragma once

#include <optional>
#include <vector>

#include "tools/oci/file_handle.h"
#include "tools/oci/image_config.h"
#include "tools/oci/image_name.h"
#include "tools/oci/layer_reader.h"
#include "tools/oci/manifest.h"

namespace scone::oci {

struct SourceLayer {
    std::string path;                  // of the file that holds it
    std::optional<Descriptor> packed;  // its digest and size as stored, where the image says so
    Digest diff_id;                    // of the unpacked tar
    std::string name;                  // for messages: "layer 3 of 6"
};

class ImageSource {
  public:
    ImageConfig config;
    Json annotations = Json::object();  // of the manifest
    std::vector<SourceLayer> layers;    // lowest first

    // The stored bytes, checked where their digest is known.
    Outcome<std::unique_ptr<ByteSource>> open_packed(size_t layer) const;
    // The tar's bytes, checked against packed digest and diff_id; read it to its end.
    Outcome<std::unique_ptr<ByteSource>> open_tar(size_t layer) const;
    Outcome<std::vector<Entry>> read(size_t layer, Spool& spool, const LayerLimits& limits) const;

    // Unpacked archives live here until the source ends.
    std::optional<TemporaryFolder> folder;
};

Outcome<ImageSource> open_image(const ImageName& name);

// Parts of open_image, one for each transport.
Outcome<ImageSource> open_layout(const std::string& folder, const std::string& tag);
Outcome<ImageSource> open_docker_archive(ByteSource& tar, const std::string& reference,
                                         const std::string& name);

}  // namespace scone::oci
