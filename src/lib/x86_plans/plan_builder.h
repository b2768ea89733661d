// Makes patch plans of ELF files, outside of the enclave, and the plan set that an image carries.
//
// Side:    hosted
// Errors:  an empty plan: not an ELF program, or one that is too contrived for a plan (more code
//          segments or sites than the format holds); its sites are looked for inside, or trap
// Threads: pure functions
// Source:  docs/formats/patch-plan.md; docs/formats/output-image.md, section 4
#pragma once

#include <vector>

#include "lib/aead/page_digests.h"
#include "lib/x86/patch_plan.h"

namespace scone::x86_plans {

// The plan of a whole file. One without sites has a plan too: it says that there is nothing to do.
std::vector<uint8_t> make_plan(base::Bytes file, const x86::FileDigest& digest);

struct FilePlan {
    x86::FileDigest digest;  // of the content, settings-page.md
    uint64_t size;
    std::vector<uint8_t> plan;  // empty: it has none
    std::vector<aead::Digest> pages;
};
// Preconditions: there is a digest for each page of each file.
std::vector<uint8_t> make_plan_set(std::span<const FilePlan> files);

}  // namespace scone::x86_plans
