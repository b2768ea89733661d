// SIGSTRUCTs signed by the built-in debug key, kept by MRENCLAVE so that a start need not sign.
//
// Side:   host
// Errors: the signing program is missing or failed. A cache that cannot be used is no error.
// Safety: the key is public; what comes from the cache is checked by EINIT like any SIGSTRUCT
// Signing needs OpenSSL, which would cost every start milliseconds: it is done by a program of its
// own, which is run only when the cache has no entry.
#pragma once

#include <string>
#include <vector>

#include "lib/sgx/architecture.h"
#include "lib/text/failure.h"

namespace scone::launcher {

// The signing program's name; it takes MRENCLAVE in hexadecimal and writes 1808 bytes to stdout.
inline constexpr const char kDebugSigner[] = "scone-sign-debug";

// `tool_folder`: where the signing program lies beside ours; its ../lib/scone and /usr/lib/scone
// are looked at as well.
text::Outcome<std::vector<uint8_t>> debug_sigstruct(const sgx::Measurement256& mr_enclave,
                                                    const std::string& tool_folder);

}  // namespace scone::launcher
