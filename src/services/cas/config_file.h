// cas.toml: what scone-cas can be told in a file.
//
// Side:   host
// Errors: NotFound, InvalidInput (line and column, and the nearest key where one is misspelt)
// Source: docs/how-to/operate-cas.md
#pragma once

#include <filesystem>
#include <string_view>

#include "services/cas/options.h"

namespace scone::cas {

// Sets in `options` what the file says. Relative paths count from the file's folder.
text::Outcome<void> apply_config_file(const std::filesystem::path& path, Options& options);
// The same for a text that stands in `folder`/cas.toml.
text::Outcome<void> apply_config(std::string_view toml, const std::filesystem::path& folder,
                                 Options& options);

}  // namespace scone::cas
