// CAS put together: state, certificates, both ports, metrics.
//
// Side:    host
// Errors:  those of the parts, each with what to do next
#pragma once

#include "services/cas/options.h"

namespace scone::cas {

// Runs until SIGTERM or SIGINT.
text::Outcome<void> run_server(const Options& options);

extern const char* const kVersion;

}  // namespace scone::cas
