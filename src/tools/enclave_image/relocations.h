// Applies the relative relocations of a static-PIE for one fixed base, so that the bytes of the
// file are the bytes in memory: what is measured needs no further change before it can run.
//
// Side:    host
// R_X86_64_RELATIVE (RELA and RELR) is applied and taken out of the tables. R_X86_64_IRELATIVE
// stays for the C library's start code, which calls the resolvers. Anything else is refused.
// Errors:  InvalidInput: another relocation type, a target outside the data segments, a bad table
// Source:  AMD64 psABI 4.4.1; gABI "Relative relocation table"
#pragma once

#include "tools/enclave_image/image.h"

namespace scone::enclave_image {

struct RelocationCount {
    size_t applied = 0;
    size_t left_to_libc = 0;
};

text::Outcome<RelocationCount> apply_relocations(Image& image, uint64_t image_base);

}  // namespace scone::enclave_image
