#include "lib/x86/patch_plan.h"

#include "lib/base/checked.h"
#include "lib/base/endian.h"

namespace scone::x86 {
namespace {

constexpr base::ByteArray<8> kMagic = {'S', 'C', 'O', 'N', 'E', 'P', 'L', 'N'};
constexpr uint8_t kJumpedTo = 0x80;

base::Result<void, PlanError> fail(PlanErrorCode code, const char* text, uint64_t number = 0) {
    return base::fail(PlanError{code, text, number});
}

uint32_t fnv1a(base::Bytes bytes) {
    uint32_t hash = 0x811C9DC5;
    for (const uint8_t byte : bytes)
        hash = (hash ^ byte) * 0x01000193;
    return hash;
}

const Segment* code_segment_of(std::span<const Segment> segments, const Site& site) {
    for (const Segment& segment : segments) {
        const bool here = segment.use == SegmentUse::Code &&
                          site.replaced_start() >= segment.address &&
                          site.resume_address() <= segment.end();
        if (here)
            return &segment;
    }
    return nullptr;
}

// The sizes that each class can have; nothing else is accepted.
bool sizes_fit_class(const Site& site) {
    const size_t before = site.moved_before;
    const size_t after = site.moved_after;
    switch (site.site_class) {
        case SiteClass::Previous:
            return before >= kJumpSize && before <= kMaxInstructionLength && after == 0;
        case SiteClass::PreviousSeveral:
            return before >= kJumpSize && before <= kMaxMovedBefore && after == 0;
        case SiteClass::Mixed:
            return before >= 1 && before <= kMaxMovedBefore && after <= kMaxMovedAfter &&
                   before + kSiteSize + after >= kJumpSize;
        case SiteClass::Next:
            return before == 0 && after >= kJumpSize - kSiteSize && after <= kMaxMovedAfter;
        case SiteClass::Trap:
            return before == 0 && after == 0;
    }
    return false;
}

// Whole instructions that may stand in front of a site, the order of syscall_sites.cpp.
bool movable_before(base::Bytes code) {
    for (bool first = true; !code.empty(); first = false) {
        const Instruction instruction = decode(code);
        const Movability how = movability(instruction);
        if (how != Movability::Anywhere && !(first && how == Movability::FirstOnly))
            return false;
        code = code.subspan(instruction.length);
    }
    return true;
}

bool movable_after(base::Bytes code) {
    Movability last = Movability::Anywhere;
    while (!code.empty()) {
        const Instruction instruction = decode(code);
        const Movability how = movability(instruction);
        const bool padding = how == Movability::PaddingOnly;
        const bool ordinary = how == Movability::Anywhere || how == Movability::EndsBlock ||
                              how == Movability::EndsGroup;
        if (last == Movability::Anywhere ? !ordinary : last != Movability::EndsBlock || !padding)
            return false;
        if (!padding)
            last = how;
        code = code.subspan(instruction.length);
    }
    return true;
}

}  // namespace

PlanResult<size_t> encode_plan(const PlannedFile& file, std::span<const Segment> segments,
                               std::span<const Site> sites, base::MutableBytes out) {
    size_t code_count = 0;
    for (const Segment& segment : segments)
        code_count += segment.use == SegmentUse::Code;
    const size_t size = plan_size(code_count, sites.size());
    if (code_count == 0 || code_count > kMaxPlanSegments || sites.size() > kMaxPlanSites ||
        out.size() < size || file.size > UINT32_MAX)
        return base::fail(PlanError{PlanErrorCode::TooLarge,
                                    "too many segments or sites, or no room for them", size});
    base::fill_bytes(out.first(size), 0);
    base::copy_bytes(out, kMagic);
    base::store_le16(&out[8], kPlanVersion);
    base::store_le16(&out[10], static_cast<uint16_t>(code_count));
    base::store_le32(&out[12], static_cast<uint32_t>(sites.size()));
    base::store_le64(&out[16], file.size);
    base::copy_bytes(out.subspan(24), file.digest);
    uint8_t* next = &out[kPlanHeaderSize];
    for (const Segment& segment : segments) {
        if (segment.use != SegmentUse::Code)
            continue;
        base::store_le64(next, segment.file_offset);
        base::store_le64(next + 8, segment.address);
        base::store_le64(next + 16, segment.bytes.size());
        next += kPlanSegmentSize;
    }
    for (const Site& site : sites) {
        const Segment* segment = code_segment_of(segments, site);
        if (segment == nullptr)
            return base::fail(PlanError{PlanErrorCode::Malformed, "a site lies in no code segment",
                                        site.address});
        const base::Bytes original =
            segment->bytes.subspan(site.replaced_start() - segment->address,
                                   size_t{site.moved_before} + kSiteSize + site.moved_after);
        base::store_le32(next, static_cast<uint32_t>(site.file_offset));
        next[4] = static_cast<uint8_t>(site.site_class);
        next[5] = site.moved_before;
        next[6] = site.moved_after;
        next[7] = static_cast<uint8_t>(static_cast<uint8_t>(site.kind) |
                                       (site.jumped_to ? kJumpedTo : 0));
        base::store_le32(next + 8, fnv1a(original));
        next += kPlanSiteSize;
    }
    return size;
}

PlanResult<PatchPlan> PatchPlan::decode(base::Bytes bytes) {
    PatchPlan plan(bytes);
    SCONE_TRY(plan.check_header());
    plan.segment_count_ = base::load_le16(&bytes[10]);
    plan.site_count_ = base::load_le32(&bytes[12]);
    SCONE_TRY(plan.check_segments());
    SCONE_TRY(plan.check_sites());
    return plan;
}

PlanResult<void> PatchPlan::check_header() const {
    if (bytes_.size() < kPlanHeaderSize)
        return fail(PlanErrorCode::Truncated, "shorter than a header", bytes_.size());
    if (!base::equal_bytes(bytes_.first(kMagic.size()), kMagic))
        return fail(PlanErrorCode::NotAPlan, "not a patch plan");
    const uint16_t version = base::load_le16(&bytes_[8]);
    if (version != kPlanVersion)
        return fail(PlanErrorCode::UnknownVersion, "unknown version of a patch plan", version);
    const uint16_t segments = base::load_le16(&bytes_[10]);
    const uint32_t sites = base::load_le32(&bytes_[12]);
    if (segments == 0 || segments > kMaxPlanSegments || sites > kMaxPlanSites)
        return fail(PlanErrorCode::TooLarge, "too many segments or sites", sites);
    if (base::load_le64(&bytes_[16]) > UINT32_MAX)
        return fail(PlanErrorCode::TooLarge, "file of 4 GiB or more");
    if (base::load_le64(&bytes_[56]) != 0)
        return fail(PlanErrorCode::Malformed, "reserved field is not zero");
    if (bytes_.size() != plan_size(segments, sites))
        return fail(PlanErrorCode::Truncated, "size differs from what the counts say",
                    bytes_.size());
    return {};
}

PlanResult<void> PatchPlan::check_segments() const {
    const uint64_t file_size = base::load_le64(&bytes_[16]);
    uint64_t offset_end = 0;
    uint64_t address_end = 0;
    for (uint32_t i = 0; i < segment_count_; ++i) {
        const base::Bytes entry = segment_entry(i);
        const uint64_t offset = base::load_le64(&entry[0]);
        const uint64_t address = base::load_le64(&entry[8]);
        const uint64_t size = base::load_le64(&entry[16]);
        const bool ascending = offset >= offset_end && address >= address_end;
        if (!ascending || !base::range_fits(offset, size, file_size) ||
            !base::range_fits(address, size, uint64_t{1} << 47))
            return fail(PlanErrorCode::Malformed, "a segment overlaps or leaves the file", i);
        offset_end = offset + size;
        address_end = address + size;
    }
    return {};
}

PlanResult<void> PatchPlan::check_sites() const {
    uint32_t segment = 0;
    uint64_t free_from = 0;
    for (uint32_t i = 0; i < site_count_; ++i) {
        const base::Bytes entry = site_entry(i);
        const uint8_t kind = static_cast<uint8_t>(entry[7] & ~kJumpedTo);
        const bool known_kind = kind == static_cast<uint8_t>(SiteKind::Syscall) ||
                                kind == static_cast<uint8_t>(SiteKind::Cpuid);
        const uint64_t offset = base::load_le32(&entry[0]);
        const uint64_t start = offset - entry[5];
        const uint64_t end = offset + kSiteSize + entry[6];
        if (!known_kind || entry[5] > offset || start < free_from)
            return fail(PlanErrorCode::Malformed, "sites overlap or are not in order", i);
        while (segment < segment_count_ &&
               offset >= base::load_le64(&segment_entry(segment)[0]) +
                             base::load_le64(&segment_entry(segment)[16]))
            ++segment;
        if (segment == segment_count_)
            return fail(PlanErrorCode::Malformed, "a site lies in no segment", i);
        const uint64_t segment_start = base::load_le64(&segment_entry(segment)[0]);
        const uint64_t segment_size = base::load_le64(&segment_entry(segment)[16]);
        if (start < segment_start || end > segment_start + segment_size)
            return fail(PlanErrorCode::Malformed, "a site leaves its segment", i);
        if (!sizes_fit_class(site(i)))
            return fail(PlanErrorCode::Malformed, "sizes do not belong to the class", i);
        free_from = end;
    }
    return {};
}

base::Bytes PatchPlan::segment_entry(uint32_t index) const {
    return bytes_.subspan(kPlanHeaderSize + index * kPlanSegmentSize, kPlanSegmentSize);
}

base::Bytes PatchPlan::site_entry(uint32_t index) const {
    return bytes_.subspan(plan_size(segment_count_, index), kPlanSiteSize);
}

PlannedFile PatchPlan::file() const {
    PlannedFile file{.size = base::load_le64(&bytes_[16])};
    base::copy_bytes(file.digest, bytes_.subspan(24));
    return file;
}

Site PatchPlan::site(uint32_t index) const {
    const base::Bytes entry = site_entry(index);
    const uint64_t offset = base::load_le32(&entry[0]);
    uint64_t address = 0;
    for (uint32_t i = 0; i < segment_count_; ++i) {
        const uint64_t start = base::load_le64(&segment_entry(i)[0]);
        if (offset >= start)
            address = base::load_le64(&segment_entry(i)[8]) + (offset - start);
    }
    return {.address = address,
            .file_offset = offset,
            .kind = static_cast<SiteKind>(entry[7] & ~kJumpedTo),
            .site_class = static_cast<SiteClass>(entry[4]),
            .moved_before = entry[5],
            .moved_after = entry[6],
            .jumped_to = (entry[7] & kJumpedTo) != 0};
}

uint32_t PatchPlan::check_value(uint32_t index) const {
    return base::load_le32(&site_entry(index)[8]);
}

uint32_t PatchPlan::first_site_at(uint64_t file_offset) const {
    uint32_t low = 0;
    uint32_t high = site_count_;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (base::load_le32(&site_entry(middle)[0]) < file_offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

PlanResult<void> PatchPlan::check_file(const PlannedFile& expected) const {
    const PlannedFile own = file();
    if (own.size != expected.size || own.digest != expected.digest)
        return fail(PlanErrorCode::OtherFile, "the plan was made for another file", own.size);
    return {};
}

PlanResult<void> PatchPlan::verify(const PlannedFile& expected, base::Bytes contents) const {
    SCONE_TRY(check_file(expected));
    if (contents.size() != expected.size)
        return fail(PlanErrorCode::OtherFile, "the file has another size", contents.size());
    for (uint32_t i = 0; i < site_count_; ++i) {
        const Site planned = site(i);
        const base::Bytes original =
            contents.subspan(planned.file_offset - planned.moved_before,
                             size_t{planned.moved_before} + kSiteSize + planned.moved_after);
        SCONE_TRY(check_site(planned, check_value(i), original));
    }
    return {};
}

PlanResult<void> check_site(const Site& site, uint32_t check_value, base::Bytes original) {
    const uint8_t second = site.kind == SiteKind::Syscall ? 0x05 : 0xA2;
    const size_t at = site.moved_before;
    const bool whole = original.size() == at + kSiteSize + site.moved_after;
    if (!whole || original[at] != 0x0F || original[at + 1] != second ||
        fnv1a(original) != check_value || !movable_before(original.first(at)) ||
        !movable_after(original.subspan(at + kSiteSize)))
        return fail(PlanErrorCode::OtherBytes, "the bytes at a site are not those of the plan",
                    site.file_offset);
    return {};
}

}  // namespace scone::x86
