// A new image, made beside its place and put there in one step when it is complete.
//
// Side:    host
// Errors:  Failed, Unreachable (daemon), Conflict (something else is at the target), and those of
//          the layers that are copied
#pragma once

#include <set>

#include "tools/oci/blob_store.h"
#include "tools/oci/image_config.h"
#include "tools/oci/image_name.h"
#include "tools/oci/image_source.h"
#include "tools/oci/layer_writer.h"

namespace scone::oci {

class ImageBuilder {
  public:
    // Nothing is left behind when the builder ends without publish().
    static Outcome<ImageBuilder> create(const ImageName& target);
    ImageBuilder(ImageBuilder&&) = default;

    // One layer from members that `write` adds; `blob` can be told to store what does not compress.
    Outcome<void> add_layer(
        const std::function<Outcome<void>(LayerWriter& writer, LayerBlob& blob)>& write);
    // A layer of another image as it is: same diff_id, and the same digest where its packing suits
    // the target.
    Outcome<void> add_layer_of(const ImageSource& source, size_t layer);

    size_t layer_count() const { return layers_.size(); }
    // Writes configuration and manifest. `config.diff_ids` is set from the layers.
    Outcome<void> complete(ImageConfig config, const Json& annotations);

    // What the image consists of now, for reading it back. Preconditions: complete() succeeded.
    const BlobStore& store() const { return store_; }
    const std::vector<LayerBlob::Stored>& layers() const { return layers_; }
    const std::string& config_json() const { return config_json_; }
    const Descriptor& manifest() const { return *manifest_; }

    Outcome<void> publish();

  private:
    ImageBuilder(ImageName target, TemporaryFolder folder)
        : target_(std::move(target)), folder_(std::move(folder)), store_(folder_.path()) {}
    bool for_docker() const {
        return target_.transport == Transport::DockerDaemon ||
               target_.transport == Transport::DockerArchive;
    }
    Outcome<void> publish_layout();
    Outcome<void> merge_into_layout();
    Outcome<void> write_index(const std::string& folder, Index index) const;

    ImageName target_;
    TemporaryFolder folder_;
    BlobStore store_;
    std::vector<LayerBlob::Stored> layers_;
    std::string config_json_;
    std::optional<Descriptor> manifest_;
};

}  // namespace scone::oci
