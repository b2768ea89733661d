// Leads every syscall and cpuid of the image to the runtime's own entries.
//
// Side:    host
// The trampolines (lib/x86/trampoline.h) stand in the section .scone.trampolines, which the link
// reserves; they jump to scone_provisioning_syscall_entry with the continuation in RCX, and to
// scone_provisioning_cpuid_entry with the continuation in RDX (RAX and RCX are cpuid's inputs, RBX
// and RDX only outputs). Where the two bytes of the instruction are left over behind the jump, they
// become ud2.
// Errors:  InvalidInput: the section is missing or too small, an entry symbol is missing
#pragma once

#include <map>

#include "lib/x86/syscall_sites.h"
#include "tools/enclave_image/image.h"

namespace scone::enclave_image {

struct PatchReport {
    std::vector<x86::Site> patched;
    std::vector<x86::Site> left;
    size_t slot_count = 0;  // that there is room for
};

text::Outcome<PatchReport> patch_sites(Image& image, uint64_t image_base);

// The syscall and cpuid instructions that are still there, outside the trampolines.
text::Outcome<std::vector<x86::Site>> remaining_sites(const Image& image);

}  // namespace scone::enclave_image
