// SHA-256 of files that are measured, remembered by what stat says of them.
//
// Side:   host
// Safety: the enclave computes the digest again when it opens the file; a stale entry of the cache
//         (a file changed without a change of its times) makes the start fail, it is never unsafe
#pragma once

#include "lib/aead/sha256.h"
#include "runtime/host/launcher/mapped_file.h"

namespace scone::launcher {

// Digest of the file at `path`, whose content `file` is.
aead::Digest file_digest(const std::string& path, const MappedFile& file);

// The fastest block function that this processor has.
aead::Sha256Compress fastest_sha256();

}  // namespace scone::launcher
