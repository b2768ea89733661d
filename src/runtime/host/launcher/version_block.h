// What SCONE_VERSION prints: the settings that are in force, in SCONE's order.
//
// Side:   host
// Source: docs/reference/environment.md
#pragma once

#include <string>

#include "lib/sgx/architecture.h"
#include "runtime/host/launcher/options.h"

namespace scone::launcher {

std::string version_block(const Options& options, const sgx::Settings& settings, machine::Kind kind,
                          const sgx::Measurement256& mr_enclave, const std::string& libc_line);

// 64 digits.
std::string hex_text(const sgx::Measurement256& value);

}  // namespace scone::launcher
