// Files of LAS's state folder.
//
// Side:   host
// Errors: Failed (the text names file and reason), InvalidInput (larger than the limit)
#pragma once

#include <string>

#include "lib/crypto/secret_bytes.h"
#include "lib/text/failure.h"

namespace scone::las {

bool file_exists(const std::string& path);
// Made with mode 0700 if it is not there; its parents must be.
text::Outcome<void> make_state_folder(const std::string& folder);
text::Outcome<crypto::SecretBytes> read_file(const std::string& path, size_t limit);
// Mode 0600; whole or not at all, also after a crash.
text::Outcome<void> write_file(const std::string& folder, const std::string& name,
                               base::Bytes content);

}  // namespace scone::las
