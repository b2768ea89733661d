#include "tools/oci/manifest.h"

#include <fmt/format.h>

namespace scone::oci {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

Outcome<Descriptor> read_descriptor(const Json& object) {
    const std::string text = SCONE_TRY(get_text(object, "digest"));
    auto digest = Digest::parse(text);
    if (!digest)
        return failure(ExitCode::InvalidInput,
                       fmt::format("expected a sha256 digest in a descriptor, got '{}'", text));
    const auto size = SCONE_TRY(get_number(object, "size"));
    if (!size)
        return failure(ExitCode::InvalidInput,
                       fmt::format("the descriptor of {} names no size", text));
    const Json platform = SCONE_TRY(get_object(object, "platform"));
    return Descriptor{.media_type = SCONE_TRY(get_text(object, "mediaType")),
                      .digest = std::move(*digest),
                      .size = *size,
                      .annotations = SCONE_TRY(get_object(object, "annotations")),
                      .architecture = SCONE_TRY(get_text(platform, "architecture")),
                      .os = SCONE_TRY(get_text(platform, "os"))};
}

}  // namespace

std::string Descriptor::annotation(const char* name) const {
    const auto it = annotations.find(name);
    return it != annotations.end() && it->is_string() ? it->get<std::string>() : "";
}

bool is_index(std::string_view type) {
    return type == media::kIndex || type == media::kDockerList;
}
bool is_manifest(std::string_view type) {
    return type == media::kManifest || type == media::kDockerManifest;
}

Outcome<Manifest> parse_manifest(std::string_view json) {
    const Json top = SCONE_TRY(parse_json_object(json, "the image's manifest"));
    const auto schema = SCONE_TRY(get_number(top, "schemaVersion"));
    if (schema != 2)
        return failure(ExitCode::Unsupported, "the image's manifest is not of schema version 2");
    Manifest out{.media_type = SCONE_TRY(get_text(top, "mediaType")),
                 .config = SCONE_TRY(read_descriptor(SCONE_TRY(get_object(top, "config")))),
                 .layers = {},
                 .annotations = SCONE_TRY(get_object(top, "annotations"))};
    for (const Json& item : SCONE_TRY(get_objects(top, "layers"))) {
        Descriptor layer = SCONE_TRY(read_descriptor(item));
        if (layer.media_type.ends_with("+encrypted"))
            return failure(ExitCode::Unsupported,
                           fmt::format("layer {} is encrypted (ocicrypt)", layer.digest.text()), {},
                           "decrypt the image first, for example with skopeo --decryption-key");
        if (layer.media_type.find("foreign") != std::string::npos ||
            layer.media_type.find("nondistributable") != std::string::npos)
            return failure(ExitCode::Unsupported,
                           fmt::format("layer {} lies outside the image", layer.digest.text()));
        out.layers.push_back(std::move(layer));
        if (out.layers.size() > kMaxLayers)
            return failure(ExitCode::InvalidInput,
                           fmt::format("the image has more than {} layers", kMaxLayers));
    }
    return out;
}

Outcome<Index> parse_index(std::string_view json) {
    Index out{.manifests = {}, .document = SCONE_TRY(parse_json_object(json, "the image index"))};
    for (const Json& item : SCONE_TRY(get_objects(out.document, "manifests"))) {
        out.manifests.push_back(SCONE_TRY(read_descriptor(item)));
        if (out.manifests.size() > 10'000)
            return failure(ExitCode::InvalidInput, "the image index has more than 10000 entries");
    }
    return out;
}

Json descriptor_json(const Descriptor& descriptor) {
    Json out = {{"mediaType", descriptor.media_type},
                {"digest", descriptor.digest.text()},
                {"size", descriptor.size}};
    if (!descriptor.annotations.empty())
        out["annotations"] = descriptor.annotations;
    if (!descriptor.architecture.empty())
        out["platform"] = {{"architecture", descriptor.architecture}, {"os", descriptor.os}};
    return out;
}

std::string manifest_json(const Manifest& manifest) {
    Json layers = Json::array();
    for (const Descriptor& layer : manifest.layers)
        layers.push_back(descriptor_json(layer));
    Json out = {{"schemaVersion", 2},
                {"mediaType", manifest.media_type},
                {"config", descriptor_json(manifest.config)},
                {"layers", std::move(layers)}};
    if (!manifest.annotations.empty())
        out["annotations"] = manifest.annotations;
    return json_text(out);
}

}  // namespace scone::oci
