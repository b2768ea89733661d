// Patch plans of the files that scone-run measures, kept by the digest of the file.
//
// Side:   host
// Errors: none: a file without a plan is analysed in the enclave, or its system calls trap
#pragma once

#include <cstdint>
#include <vector>

#include "lib/aead/sha256.h"
#include "runtime/host/launcher/mapped_file.h"

namespace scone::launcher {

// Empty: the file is too large or cannot be planned.
std::vector<uint8_t> cached_plan(const MappedFile& file, const aead::Digest& digest);

}  // namespace scone::launcher
