// A file that exists only in the enclave's memory, made from a template when the service starts.
//
// Side:    hosted
// Source:  docs/reference/session-language.md, "images"
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/text/diagnostic.h"

namespace scone::policy {

struct InjectedFile {
    std::string path;
    // The policy's own content; nullopt: the file of that path in the image's file system.
    std::optional<std::string> content;
    uint32_t permission = 0700;
    text::Position at;
};

}  // namespace scone::policy
