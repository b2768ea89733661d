// Registries, by skopeo as a subprocess: it brings credentials, mirrors and signatures along.
//
// Side:    host
// Errors:  Unsupported (skopeo is not installed), and what skopeo says
#pragma once

#include "tools/oci/image_source.h"

namespace scone::oci {

Outcome<ImageSource> open_from_registry(const std::string& reference);
// Copies the layout's only image to the registry.
Outcome<void> push_to_registry(const std::string& layout, const std::string& reference);

}  // namespace scone::oci
