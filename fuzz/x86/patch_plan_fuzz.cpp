// Any bytes as a plan: decoding never reads past them, and what it accepts keeps its own rules.
#include <stdlib.h>

#include <vector>

#include "lib/x86/patch_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone;
    const std::vector<uint8_t> copy(data, data + size);
    const auto plan = x86::PatchPlan::decode(copy);
    if (!plan)
        return 0;
    const x86::PlannedFile file = plan->file();
    uint64_t free_from = 0;
    for (uint32_t i = 0; i < plan->site_count(); ++i) {
        const x86::Site site = plan->site(i);
        const uint64_t end = site.file_offset + x86::kSiteSize + site.moved_after;
        if (site.file_offset - site.moved_before < free_from || end > file.size ||
            site.replaced_size() > x86::kMaxMovedBefore + 24 ||
            plan->first_site_at(site.file_offset) != i)
            abort();
        free_from = end;
    }
    if (file.size <= 1 << 20) {
        const std::vector<uint8_t> contents(file.size, 0x0F);
        (void)plan->verify(file, contents);
    }
    return 0;
}
