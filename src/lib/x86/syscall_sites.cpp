#include "lib/x86/syscall_sites.h"

#include "lib/base/checked.h"
#include "lib/x86/neighbourhood.h"

namespace scone::x86 {
namespace {

// Whether 0F and this byte are an instruction that is looked for.
bool is_wanted(uint8_t second, WantedSites wanted) {
    return second == 0x05 || (second == 0xA2 && wanted != WantedSites::Syscall);
}

// Tables stand among the code of hand-written libraries (the points of P-256 in libcrypto, say),
// and random bytes decode as well as code does. So only what surrounds a real system call counts:
// its number loaded as a small constant shortly before, or its result compared with -4095 after.
// Either is 30 bits or more that a table does not have by chance.
bool is_surely_site(base::Bytes bytes, size_t offset, SiteKind kind) {
    constexpr size_t kBefore = 40, kAfter = 16;
    const size_t first = offset < kBefore ? 0 : offset - kBefore;
    for (size_t i = first; i + 5 <= offset; ++i) {
        // mov $number,%eax; mov $number,%rax
        const bool short_form = bytes[i] == 0xB8;
        const bool long_form =
            i + 7 <= offset && bytes[i] == 0x48 && bytes[i + 1] == 0xC7 && bytes[i + 2] == 0xC0;
        const size_t number = i + (short_form ? 1 : 3);
        // Leaves of cpuid: below 256, or from 0x80000000 on.
        const uint8_t top = bytes[number + 3];
        if ((short_form || long_form) && bytes[number + 1] < 4 && bytes[number + 2] == 0 &&
            (top == 0 || (top == 0x80 && kind == SiteKind::Cpuid)))
            return true;
    }
    if (kind == SiteKind::Cpuid)
        return false;
    for (size_t i = offset + kSiteSize; i + 6 <= bytes.size() && i < offset + kSiteSize + kAfter;
         ++i) {
        // cmp $-4096 or $-4095,%rax
        if (bytes[i] == 0x48 && bytes[i + 1] == 0x3D && bytes[i + 2] < 2 && bytes[i + 3] == 0xF0 &&
            bytes[i + 4] == 0xFF && bytes[i + 5] == 0xFF)
            return true;
    }
    return false;
}

class SiteFinder {
  public:
    SiteFinder(const Segment& code, const BranchTargets& targets, WantedSites wanted)
        : code_(code),
          targets_(targets),
          demand_evidence_(wanted != WantedSites::SyscallAndCpuidBySymbols) {}

    // Decides about the two bytes at `offset`. False: they are no instruction of this kind.
    bool examine(size_t offset, SiteKind kind, Site& site) {
        const Neighbourhood near(code_.bytes, offset);
        if (!near.agrees(offset))
            return false;
        site =
            Site{.address = code_.address + offset,
                 .file_offset = code_.file_offset + offset,
                 .kind = kind,
                 .jumped_to = targets_.any_in(code_.address + offset, code_.address + offset + 1)};
        if (demand_evidence_ && !is_surely_site(code_.bytes, offset, kind))
            return true;  // left alone: it traps if it ever is executed
        measure_before(near, offset);
        if (try_previous(site) || try_previous_several(site) || try_mixed(site, 0) ||
            try_next(site) || try_mixed(site, 1))
            free_from_ = site.replaced_start() + site.replaced_size();
        if (free_from_ < site.address + kSiteSize)
            free_from_ = site.address + kSiteSize;
        return true;
    }

  private:
    // before_[n]: bytes of the n + 1 movable instructions directly before the site.
    void measure_before(const Neighbourhood& near, size_t offset);
    // Bytes of movable instructions behind the site, at least `wanted`; 0 where there are not
    // enough.
    size_t measure_after(uint64_t site, size_t wanted) const;

    bool nothing_jumps_inside(uint64_t start, uint64_t end) const {
        return targets_.complete() && !targets_.any_in(start + 1, end);
    }
    bool settle(Site& site, SiteClass site_class, size_t before, size_t after) const {
        site.site_class = site_class;
        site.moved_before = static_cast<uint8_t>(before);
        site.moved_after = static_cast<uint8_t>(after);
        return true;
    }
    bool try_previous(Site& site) const {
        const size_t size = before_count_ == 0 ? 0 : before_[0];
        if (size < kJumpSize || targets_.direct_in(site.address - size + 1, site.address))
            return false;
        return settle(site, SiteClass::Previous, size, 0);
    }
    bool try_previous_several(Site& site) const {
        for (size_t i = 1; i < before_count_; ++i) {
            if (before_[i] < kJumpSize)
                continue;
            return nothing_jumps_inside(site.address - before_[i], site.address) &&
                   settle(site, SiteClass::PreviousSeveral, before_[i], 0);
        }
        return false;
    }
    bool try_mixed(Site& site, size_t least_after) const {
        for (size_t i = 0; i < before_count_; ++i) {
            const size_t have = before_[i] + kSiteSize;
            size_t after = 0;
            if (have < kJumpSize || least_after != 0) {
                if (least_after == 0)
                    continue;
                after = measure_after(site.address, have < kJumpSize ? kJumpSize - have : 1);
                if (after == 0)
                    continue;
            }
            const uint64_t end = site.address + kSiteSize + after;
            if (before_[i] <= kMaxMovedBefore &&
                nothing_jumps_inside(site.address - before_[i], end))
                return settle(site, SiteClass::Mixed, before_[i], after);
        }
        return false;
    }
    bool try_next(Site& site) const {
        const size_t after = measure_after(site.address, kJumpSize - kSiteSize);
        return after != 0 && nothing_jumps_inside(site.address, site.address + kSiteSize + after) &&
               settle(site, SiteClass::Next, 0, after);
    }

    const Segment& code_;
    const BranchTargets& targets_;
    bool demand_evidence_;
    uint64_t free_from_ = 0;  // bytes below belong to the site before
    size_t before_[kJumpSize] = {};
    size_t before_count_ = 0;
};

void SiteFinder::measure_before(const Neighbourhood& near, size_t offset) {
    before_count_ = 0;
    size_t start = offset;
    while (before_count_ < kJumpSize && offset - start < kJumpSize) {
        const size_t previous = near.previous(start);
        if (previous == start || code_.address + previous < free_from_)
            return;
        const Movability how = movability(decode(code_.bytes.subspan(previous)));
        if (how != Movability::Anywhere && how != Movability::FirstOnly)
            return;
        start = previous;
        before_[before_count_++] = offset - start;
        if (how == Movability::FirstOnly)
            return;
    }
}

size_t SiteFinder::measure_after(uint64_t site, size_t wanted) const {
    base::Bytes rest = code_.bytes.subspan(site - code_.address + kSiteSize);
    size_t size = 0;
    Movability last = Movability::Anywhere;
    while (size < wanted) {
        const Instruction instruction = decode(rest);
        if (!instruction.valid() || last == Movability::EndsGroup)
            return 0;
        const Movability how = movability(instruction);
        if (last == Movability::EndsBlock) {
            if (how != Movability::PaddingOnly)
                return 0;
        } else if (how == Movability::Anywhere || how == Movability::EndsBlock ||
                   how == Movability::EndsGroup) {
            last = how;
        } else {
            return 0;
        }
        size += instruction.length;
        rest = rest.subspan(instruction.length);
    }
    return size;
}

base::Result<size_t, SiteError> find_in_segment(const Segment& code, WantedSites wanted,
                                                const BranchTargets& targets, std::span<Site> out) {
    SiteFinder finder(code, targets, wanted);
    size_t count = 0;
    const base::Bytes bytes = code.bytes;
    for (size_t i = 0; i + 1 < bytes.size(); ++i) {
        if (bytes[i] != 0x0F)
            continue;
        if (!is_wanted(bytes[i + 1], wanted))
            continue;
        Site site;
        if (!finder.examine(i, bytes[i + 1] == 0x05 ? SiteKind::Syscall : SiteKind::Cpuid, site))
            continue;
        if (count == out.size())
            return base::fail(
                SiteError{SiteErrorCode::TooManySites, "more sites than room", count});
        out[count++] = site;
    }
    return count;
}

// True when the code holds a site at all: without one its branches need no looking at.
bool has_site(base::Bytes bytes, WantedSites wanted) {
    for (size_t i = 0; i + 1 < bytes.size(); ++i) {
        if (bytes[i] == 0x0F && is_wanted(bytes[i + 1], wanted) &&
            Neighbourhood(bytes, i).agrees(i))
            return true;
    }
    return false;
}

// jmp and jcc without prefixes, which have a form with a 32-bit displacement. Not loop, jrcxz,
// xbegin.
bool is_plain_branch(const Instruction& instruction) {
    const bool short_form = instruction.branch_size == 1 && instruction.length == 2;
    const bool long_form =
        instruction.branch_size == 4 &&
        instruction.length == (instruction.kind == InstructionKind::Jump ? 5 : 6);
    return (short_form || long_form) && instruction.has_wide_form;
}

}  // namespace

Movability movability(const Instruction& instruction) {
    if (!instruction.valid() || (instruction.is_rip_relative() && instruction.address_size_32))
        return Movability::No;
    switch (instruction.kind) {
        case InstructionKind::Ordinary:
            return Movability::Anywhere;
        case InstructionKind::EndBranch:
            return Movability::FirstOnly;
        case InstructionKind::Return:
        case InstructionKind::IndirectJump:
        case InstructionKind::Stop:
            return Movability::EndsBlock;
        case InstructionKind::Padding:
            return Movability::PaddingOnly;
        case InstructionKind::Jump:
            return is_plain_branch(instruction) ? Movability::EndsBlock : Movability::No;
        case InstructionKind::ConditionalJump:
            return is_plain_branch(instruction) ? Movability::EndsGroup : Movability::No;
        default:
            return Movability::No;
    }
}

size_t scratch_size(std::span<const Segment> segments) {
    size_t size = 0;
    for (const Segment& segment : segments) {
        if (segment.use == SegmentUse::Code && BranchTargets::bitmap_size(segment) > size)
            size = BranchTargets::bitmap_size(segment);
    }
    return size;
}

base::Result<size_t, SiteError> find_sites(std::span<const Segment> segments, WantedSites wanted,
                                           base::MutableBytes scratch, std::span<Site> out) {
    if (scratch.size() < scratch_size(segments))
        return base::fail(SiteError{SiteErrorCode::ScratchTooSmall, "scratch memory is too small",
                                    scratch.size()});
    uint64_t address = 0;
    for (const Segment& segment : segments) {
        if (segment.address < address ||
            !base::checked_add<uint64_t>(segment.address, segment.bytes.size()))
            return base::fail(SiteError{SiteErrorCode::BadSegment,
                                        "segments overlap or are not in order", segment.address});
        address = segment.end();
    }
    size_t count = 0;
    for (const Segment& segment : segments) {
        if (segment.use != SegmentUse::Code || !has_site(segment.bytes, wanted))
            continue;
        const BranchTargets targets(segment, segments,
                                    scratch.first(BranchTargets::bitmap_size(segment)));
        count += SCONE_TRY(find_in_segment(segment, wanted, targets, out.subspan(count)));
    }
    return count;
}

}  // namespace scone::x86
