// The hosted layer's pages: added without EEXTEND, so that a start that does not need them does not
// pay for their measurement; compared with a digest in the core's measured pages before first use.
//
// Side:    trusted
// What the host put into these pages is fixed by EINIT: only code in the enclave could change them,
// and none runs there before the check. The core itself reads and executes nothing in them (the
// link gives it sections of its own, whose pages are all measured). Source:
// docs/formats/enclave-image.md, sections 2 and 3
#pragma once

#include <cstdint>

#include "lib/sgx/image_notes.h"

namespace scone::libos {

struct DeferredContent {
    uint64_t count;
    sgx::DeferredPages::Range ranges[sgx::DeferredPages::kMaxRanges];
    uint8_t digest[32];  // SHA-256 over the ranges, one after the other
};
static_assert(sizeof(DeferredContent) == 280);

// Ends the enclave when a byte differs.
// Preconditions: called once, vector registers saved, before anything writes to the ranges.
void check_deferred_pages();

}  // namespace scone::libos
