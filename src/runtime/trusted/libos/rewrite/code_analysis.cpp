#include "runtime/trusted/libos/rewrite/code_analysis.h"

#include <new>

#include "lib/elf/reader.h"
#include "lib/x86/patch_plan.h"

namespace scone::libos {
namespace {

constexpr uint32_t kMaximumSegments = 32;

struct Segments {
    x86::Segment items[kMaximumSegments];
    uint32_t count = 0;
    std::span<const x86::Segment> all() const { return {items, count}; }
};

bool collect_segments(const elf::Reader& reader, Segments& out) {
    for (uint32_t i = 0; i < reader.program_header_count(); ++i) {
        const elf::Elf64Phdr phdr = reader.program_header(i);
        if (phdr.p_type != elf::kPT_LOAD)
            continue;
        if (out.count == kMaximumSegments)
            return false;
        const bool code = (phdr.p_flags & elf::kPF_X) != 0;
        out.items[out.count++] = {.file_offset = phdr.p_offset,
                                  .address = phdr.p_vaddr,
                                  .bytes = reader.contents(phdr),
                                  .use = code ? x86::SegmentUse::Code : x86::SegmentUse::Data};
    }
    return true;
}

// An upper bound of the sites: every place with the bytes of the instruction.
size_t count_candidates(const Segments& segments) {
    size_t count = 0;
    for (const x86::Segment& segment : segments.all()) {
        if (segment.use != x86::SegmentUse::Code)
            continue;
        for (size_t i = 0; i + 1 < segment.bytes.size(); ++i)
            count += segment.bytes[i] == 0x0F && segment.bytes[i + 1] == 0x05;
    }
    return count;
}

}  // namespace

HeapBytes make_plan(base::Bytes file) {
    const auto reader = elf::Reader::open(file);
    Segments segments;
    if (!reader || !collect_segments(*reader, segments))
        return {};
    const size_t candidates = count_candidates(segments);
    if (candidates == 0 || candidates > x86::kMaxPlanSites)
        return {};
    HeapBytes scratch(x86::scratch_size(segments.all()));
    HeapBytes site_memory(candidates * sizeof(x86::Site));
    if (!scratch || !site_memory)
        return {};
    auto* first = static_cast<x86::Site*>(site_memory.data());
    for (size_t i = 0; i < candidates; ++i)
        new (&first[i]) x86::Site;
    const std::span<x86::Site> sites(first, candidates);
    const auto count =
        x86::find_sites(segments.all(), x86::WantedSites::Syscall, scratch.bytes(), sites);
    if (!count || *count == 0)
        return {};
    HeapBytes plan(x86::plan_size(segments.count, *count));
    if (!plan)
        return {};
    x86::PlannedFile described;
    described.size = file.size();
    const auto size =
        x86::encode_plan(described, segments.all(), sites.first(*count), plan.bytes());
    if (!size)
        return {};
    plan.shrink(*size);
    return plan;
}

}  // namespace scone::libos
