// Where the session file goes: --session, /build-resources, or ./build-resources.
//
// Side:   host
// Errors: Failed (it cannot be written)
#pragma once

#include <string>

#include "tools/sconify/options.h"

namespace scone::sconify {

std::string session_path(const Options& options);
// Mode 0600: the session holds the file system's key.
text::Outcome<void> write_session(const std::string& path, const std::string& session);

}  // namespace scone::sconify
