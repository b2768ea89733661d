// The tar that `docker save` writes and `docker load` reads.
//
// Side:    host
// Layout:  manifest.json (a list of {Config, RepoTags, Layers}), the configuration as HEX.json, the
//          layers as tars, packed or not. In a stream from the daemon manifest.json comes last.
// Source:  Docker image specification v1.2
#pragma once

#include "tools/oci/blob_store.h"
#include "tools/oci/image_config.h"
#include "tools/oci/image_source.h"

namespace scone::oci {

// Writes an archive of one image whose layers lie in `store`. `reference` may be empty.
Outcome<void> write_docker_archive(ByteSink& out, const BlobStore& store,
                                   const std::string& config_json,
                                   const std::vector<LayerBlob::Stored>& layers,
                                   const std::string& reference);

}  // namespace scone::oci
