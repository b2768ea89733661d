// Small files kept between starts in $XDG_CACHE_HOME/scone or ~/.cache/scone.
//
// Side:   host
// Errors: none: what cannot be read is not there, what cannot be written is not kept
// Safety: nothing from here is believed by an enclave; a false entry only makes a start fail
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"

namespace scone::launcher {

inline constexpr size_t kMaxCachedSize = 16 << 20;

// `folder` and `name` are plain names.
std::optional<std::vector<uint8_t>> read_cached(const std::string& folder, const std::string& name);
// Replaces the entry in one step.
void write_cached(const std::string& folder, const std::string& name, base::Bytes content);

}  // namespace scone::launcher
