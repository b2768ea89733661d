#include "tools/oci/image_builder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "tools/oci/docker_archive.h"
#include "tools/oci/docker_engine.h"
#include "tools/oci/skopeo.h"

namespace scone::oci {
namespace {

constexpr std::string_view kLayoutMarker = R"({"imageLayoutVersion":"1.0.0"})";

bool exists(const std::string& path) {
    struct stat ignored = {};
    return ::lstat(path.c_str(), &ignored) == 0;
}

bool is_zstd(const SourceLayer& layer) {
    return layer.packed && layer.packed->media_type.ends_with("zstd");
}

}  // namespace

Outcome<ImageBuilder> ImageBuilder::create(const ImageName& target) {
    if (target.transport == Transport::OciLayout && exists(target.path) &&
        !exists(target.path + "/oci-layout")) {
        std::error_code ignored;
        if (!std::filesystem::is_empty(target.path, ignored))
            return failure(ExitCode::Conflict,
                           fmt::format("'{}' exists and is not an OCI image folder", target.path),
                           {}, "give another folder: --to=oci:FOLDER");
    }
    const bool is_file =
        target.transport == Transport::OciLayout || target.transport == Transport::DockerArchive;
    if (is_file)
        if (const std::string parent = std::filesystem::path(target.path).parent_path().string();
            !parent.empty())
            SCONE_TRY(make_directories(parent));
    TemporaryFolder folder = SCONE_TRY(is_file ? TemporaryFolder::create_beside(target.path)
                                               : TemporaryFolder::create_in_temp());
    ImageBuilder builder(target, std::move(folder));
    SCONE_TRY(builder.store_.create());
    return builder;
}

Outcome<void> ImageBuilder::add_layer(
    const std::function<Outcome<void>(LayerWriter&, LayerBlob&)>& write) {
    auto blob = SCONE_TRY(
        LayerBlob::create(store_, for_docker() ? LayerPacking::None : LayerPacking::Gzip));
    auto writer = SCONE_TRY(LayerWriter::open(*blob));
    SCONE_TRY(write(*writer, *blob));
    SCONE_TRY(writer->finish());
    SCONE_TRY(blob->finish());
    layers_.push_back(blob->stored());
    return {};
}

Outcome<void> ImageBuilder::add_layer_of(const ImageSource& source, size_t index) {
    const SourceLayer& layer = source.layers[index];
    std::vector<uint8_t> block(256 * 1024);
    const bool as_stored = layer.packed.has_value() && !(for_docker() && is_zstd(layer));
    if (as_stored) {
        auto packed = SCONE_TRY(source.open_packed(index));
        const std::string path = store_.path_of(layer.packed->digest);
        if (!exists(path)) {
            FileSink out(SCONE_TRY(create_file(path)), path);
            while (const size_t count = SCONE_TRY(packed->read(block)))
                SCONE_TRY(out.write(Bytes(block).first(count)));
            SCONE_TRY(out.finish());
        }
        layers_.push_back({.blob = *layer.packed, .diff_id = layer.diff_id});
        return {};
    }
    auto tar = SCONE_TRY(source.open_tar(index));
    auto blob = SCONE_TRY(
        LayerBlob::create(store_, for_docker() ? LayerPacking::None : LayerPacking::Gzip));
    while (const size_t count = SCONE_TRY(tar->read(block)))
        SCONE_TRY(blob->write(Bytes(block).first(count)));
    SCONE_TRY(blob->finish());
    layers_.push_back(blob->stored());
    return {};
}

Outcome<void> ImageBuilder::complete(ImageConfig config, const Json& annotations) {
    config.diff_ids.clear();
    Manifest manifest{.media_type = media::kManifest,
                      .config = {.media_type = "", .digest = Digest::of({}), .size = 0},
                      .layers = {},
                      .annotations = annotations};
    for (const LayerBlob::Stored& layer : layers_) {
        config.diff_ids.push_back(layer.diff_id);
        manifest.layers.push_back(layer.blob);
        // A Docker layer keeps its bytes; in an OCI manifest it has OCI's name.
        std::string& type = manifest.layers.back().media_type;
        if (type == "application/vnd.docker.image.rootfs.diff.tar.gzip")
            type = media::kLayerGzip;
    }
    config_json_ = config.json();
    manifest.config = SCONE_TRY(store_.put(config_json_, media::kConfig));
    manifest_ = SCONE_TRY(store_.put(manifest_json(manifest), media::kManifest));
    manifest_->architecture = config.architecture;
    manifest_->os = config.os;
    if (target_.transport == Transport::OciLayout && !target_.reference.empty())
        manifest_->annotations[media::kRefName] = target_.reference;
    SCONE_TRY(replace_file(store_.folder() + "/oci-layout", base::as_bytes(kLayoutMarker)));
    return write_index(store_.folder(), {});
}

Outcome<void> ImageBuilder::write_index(const std::string& folder, Index index) const {
    const std::string tag = manifest_->annotation(media::kRefName);
    Json document = std::move(index.document);
    Json manifests = Json::array();
    for (const Descriptor& other : index.manifests)
        if (other.annotation(media::kRefName) != tag)
            manifests.push_back(descriptor_json(other));
    manifests.push_back(descriptor_json(*manifest_));
    document["schemaVersion"] = 2;
    document["mediaType"] = media::kIndex;
    document["manifests"] = std::move(manifests);
    return replace_file(folder + "/index.json", base::as_bytes(json_text(document)));
}

Outcome<void> ImageBuilder::merge_into_layout() {
    const BlobStore target(target_.path);
    SCONE_TRY(target.create());
    const std::string text = SCONE_TRY(read_file(target_.path + "/index.json", kMaxManifestSize));
    Index index = SCONE_TRY(parse_index(text));
    std::error_code error;
    for (const auto& blob :
         std::filesystem::directory_iterator(store_.folder() + "/blobs/sha256", error)) {
        const std::string to =
            fmt::format("{}/blobs/sha256/{}", target_.path, blob.path().filename().string());
        if (std::rename(blob.path().c_str(), to.c_str()) != 0)
            return failure(ExitCode::Failed,
                           fmt::format("cannot put a blob at '{}': {}", to, std::strerror(errno)));
    }
    if (error)
        return failure(ExitCode::Failed,
                       fmt::format("cannot list the new blobs: {}", error.message()));
    // The index is last: until it is there, the layout is what it was.
    return write_index(target_.path, std::move(index));
}

Outcome<void> ImageBuilder::publish_layout() {
    if (exists(target_.path + "/oci-layout"))
        return merge_into_layout();
    ::rmdir(target_.path.c_str());  // an empty folder that the user made for us
    return folder_.keep_as(target_.path);
}

Outcome<void> ImageBuilder::publish() {
    const auto write = [&](ByteSink& sink) {
        return write_docker_archive(sink, store_, config_json_, layers_, target_.reference);
    };
    switch (target_.transport) {
        case Transport::OciLayout:
            return publish_layout();
        case Transport::Registry:
            return push_to_registry(store_.folder(), target_.reference);
        case Transport::DockerDaemon:
            return load_into_daemon(write);
        case Transport::DockerArchive: {
            const std::string partial = store_.folder() + "/archive.tar";
            FileSink sink(SCONE_TRY(create_file(partial)), partial);
            SCONE_TRY(write(sink));
            if (std::rename(partial.c_str(), target_.path.c_str()) != 0)
                return failure(ExitCode::Failed, fmt::format("cannot put the archive at '{}': {}",
                                                             target_.path, std::strerror(errno)));
            return {};
        }
    }
    return failure(ExitCode::Unsupported, "unknown transport");
}

}  // namespace scone::oci
