// Whether something really jumps to a place in the image.
//
// Side:    host
// lib/x86/branch_targets.h counts every byte that could begin a branch, and so finds some by
// chance, other ones after each change of the code. The image has symbols: its functions can be
// decoded from their start, and what begins inside an instruction is no branch.
#pragma once

#include "tools/enclave_image/image.h"

namespace scone::enclave_image {

// True also where it cannot be known: outside of functions, or behind bytes that are no code.
bool something_jumps_to(const Image& image, uint64_t address);

}  // namespace scone::enclave_image
