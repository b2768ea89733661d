// Images of a Docker daemon, by its Engine API.
//
// Side:    host
// Where:   DOCKER_HOST (unix:///path, tcp://host:port; with DOCKER_TLS_VERIFY the keys of
//          DOCKER_CERT_PATH), else /var/run/docker.sock
// Errors:  Unreachable (no daemon), NotFound (no such image), Denied (no right to the socket),
//          Unsupported (ssh://), Failed (what the daemon says)
// Source:  Docker Engine API v1.40, "ImageGet", "ImageLoad"
#pragma once

#include <functional>

#include "tools/oci/image_source.h"

namespace scone::oci {

Outcome<ImageSource> open_from_daemon(const std::string& reference);

// Sends a docker archive, which `write` produces, to the daemon.
Outcome<void> load_into_daemon(const std::function<Outcome<void>(ByteSink&)>& write);

}  // namespace scone::oci
