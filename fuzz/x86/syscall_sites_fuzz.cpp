// Any bytes as the code of a program: sites lie inside it and do not overlap, each can be written
// to a slot, and the plan made of them can be read back and is true of the file.
#include <stdlib.h>

#include <vector>

#include "lib/x86/patch_plan.h"
#include "lib/x86/trampoline.h"

namespace {

using namespace scone;

void check_slot(const x86::Site& site, base::Bytes contents) {
    if (site.site_class == x86::SiteClass::Trap)
        return;
    const base::Bytes original =
        contents.subspan(site.file_offset - site.moved_before,
                         size_t{site.moved_before} + x86::kSiteSize + site.moved_after);
    base::ByteArray<x86::kSlotSize> slot;
    base::ByteArray<x86::kMaxMovedBefore + 24> jump;
    const auto written =
        x86::write_slot(site, 0, original, 0x380000, x86::Destination::gs_slot(8), slot);
    // Only an operand far away may keep a site from being written.
    if (!written && !(written.error() == x86::TrampolineErrorCode::OutOfReach))
        abort();
    if (x86::write_jump(site, 0, 0x380000, jump) != site.replaced_size())
        abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2 || size > 1 << 16)
        return 0;
    const size_t code_size = size / 4 * 3;
    const base::Bytes contents(data, size);
    const x86::Segment segments[] = {
        {.file_offset = 0,
         .address = 0x400000,
         .bytes = contents.first(code_size),
         .use = x86::SegmentUse::Code},
        {.file_offset = code_size, .address = 0x500000, .bytes = contents.subspan(code_size)}};
    std::vector<uint8_t> scratch(x86::scratch_size(segments));
    std::vector<x86::Site> sites(code_size);
    const auto count = x86::find_sites(segments, x86::WantedSites::SyscallAndCpuid, scratch, sites);
    if (!count)
        abort();
    sites.resize(*count);
    for (const x86::Site& site : sites)
        check_slot(site, contents);
    const x86::PlannedFile file{.size = size};
    std::vector<uint8_t> bytes(x86::plan_size(1, sites.size()));
    if (!x86::encode_plan(file, segments, sites, bytes))
        abort();
    const auto plan = x86::PatchPlan::decode(bytes);
    if (!plan || !plan->verify(file, contents))
        abort();
    return 0;
}
