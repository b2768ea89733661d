#include "tools/oci/image_source.h"

#include <fmt/format.h>

#include "tools/oci/docker_engine.h"
#include "tools/oci/skopeo.h"

namespace scone::oci {

Outcome<std::unique_ptr<ByteSource>> ImageSource::open_packed(size_t index) const {
    const SourceLayer& layer = layers[index];
    std::unique_ptr<ByteSource> file =
        std::make_unique<FileSource>(SCONE_TRY(open_for_reading(layer.path)), layer.name);
    if (!layer.packed)
        return file;
    return std::make_unique<CheckingSource>(std::move(file), layer.packed->digest,
                                            layer.packed->size, layer.name);
}

Outcome<std::unique_ptr<ByteSource>> ImageSource::open_tar(size_t index) const {
    const SourceLayer& layer = layers[index];
    auto tar = SCONE_TRY(unpacked(SCONE_TRY(open_packed(index)), layer.name));
    return std::make_unique<CheckingSource>(std::move(tar), layer.diff_id, std::nullopt,
                                            fmt::format("{} (unpacked)", layer.name));
}

Outcome<std::vector<Entry>> ImageSource::read(size_t index, Spool& spool,
                                              const LayerLimits& limits) const {
    auto tar = SCONE_TRY(open_tar(index));
    return read_layer(*tar, spool, limits, layers[index].name);
}

Outcome<ImageSource> open_image(const ImageName& name) {
    Outcome<ImageSource> source = [&]() -> Outcome<ImageSource> {
        switch (name.transport) {
            case Transport::OciLayout:
                return open_layout(name.path, name.reference);
            case Transport::DockerArchive: {
                FileSource file(SCONE_TRY(open_for_reading(name.path)), name.path);
                return open_docker_archive(file, name.reference, name.given);
            }
            case Transport::DockerDaemon:
                return open_from_daemon(name.reference);
            case Transport::Registry:
                return open_from_registry(name.reference);
        }
        return failure(ExitCode::Unsupported, "unknown transport");
    }();
    if (!source)
        return source;
    if (source->config.os != "linux" || source->config.architecture != "amd64")
        return failure(ExitCode::Unsupported,
                       fmt::format("expected an image for linux/amd64, got {}/{}",
                                   source->config.os, source->config.architecture));
    return source;
}

}  // namespace scone::oci
