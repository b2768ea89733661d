// What names an image's parts: descriptors, manifests, indexes (OCI and Docker schema 2).
//
// Side:    host
// Errors:  InvalidInput (not JSON, no sha256 digest, a digest that no file name may have),
//          Unsupported (Docker schema 1, a media type we do not know, encrypted layers)
// Source:  OCI image specification, "Content Descriptors", "Image Manifest", "Image Index"
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/oci/digest.h"
#include "tools/oci/json.h"

namespace scone::oci {

inline constexpr size_t kMaxManifestSize = 4 << 20;
inline constexpr size_t kMaxLayers = 512;

namespace media {
inline constexpr const char* kManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr const char* kIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr const char* kConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr const char* kLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr const char* kLayerTar = "application/vnd.oci.image.layer.v1.tar";
inline constexpr const char* kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr const char* kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr const char* kRefName = "org.opencontainers.image.ref.name";
}  // namespace media

struct Descriptor {
    std::string media_type;
    Digest digest;
    uint64_t size = 0;
    Json annotations = Json::object();
    std::string architecture = {}, os = {};  // of "platform"; may be empty

    std::string annotation(const char* name) const;
};

struct Manifest {
    std::string media_type;
    Descriptor config;
    std::vector<Descriptor> layers;
    Json annotations = Json::object();
};

struct Index {
    std::vector<Descriptor> manifests;
    Json document = Json::object();  // as read; what we do not know is kept
};

bool is_index(std::string_view media_type);
bool is_manifest(std::string_view media_type);

text::Outcome<Manifest> parse_manifest(std::string_view json);
text::Outcome<Index> parse_index(std::string_view json);
std::string manifest_json(const Manifest& manifest);
Json descriptor_json(const Descriptor& descriptor);

}  // namespace scone::oci
