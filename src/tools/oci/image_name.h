// Where an image is or goes: "docker-daemon:repo/app:1", "repo/app:1", "docker-archive:app.tar",
// "oci:folder:tag", "docker://registry/repo/app:1".
//
// Side:   host
// Errors: Usage (empty, no such transport, characters that no reference has)
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/text/failure.h"

namespace scone::oci {

enum class Transport { DockerDaemon, DockerArchive, OciLayout, Registry };

struct ImageName {
    Transport transport = Transport::DockerDaemon;
    std::string path;       // of the archive or layout
    std::string reference;  // "repo/app:1"; a layout's tag; may be empty for files
    std::string given;      // as the user wrote it

    // "repo/app", without tag and digest; the file's name where there is no reference.
    std::string repository() const;
};

// A name without transport is the Docker daemon's.
text::Outcome<ImageName> parse_image_name(std::string_view text);
// Adds ":latest" to a reference that has neither tag nor digest.
std::string with_tag(std::string_view reference);

}  // namespace scone::oci
