#include "lib/x86/rewritten_code.h"

namespace scone::x86 {
namespace {

// The bytes of a site and its moved neighbours; empty when they are not all in the mapping.
base::MutableBytes original_bytes(const Site& site, const CodeMapping& mapping) {
    const uint64_t start = site.file_offset - site.moved_before;
    const uint64_t size = uint64_t{site.moved_before} + kSiteSize + site.moved_after;
    if (start < mapping.file_offset || start - mapping.file_offset > mapping.bytes.size() ||
        size > mapping.bytes.size() - (start - mapping.file_offset))
        return {};
    return mapping.bytes.subspan(start - mapping.file_offset, size);
}

struct Slot {
    uint64_t address;
    std::span<uint8_t, kSlotSize> bytes;
};

bool rewrite_site(const PatchPlan& plan, uint32_t index, const CodeMapping& mapping, Slot slot,
                  Entries entries) {
    const Site site = plan.site(index);
    const base::MutableBytes original = original_bytes(site, mapping);
    if (original.empty() || site.site_class == SiteClass::Trap)
        return false;
    if (site.kind == SiteKind::Cpuid && !entries.cpuid)
        return false;
    const uint32_t entry = site.kind == SiteKind::Cpuid ? *entries.cpuid : entries.syscall;
    const uint64_t load_bias =
        mapping.address + (site.file_offset - mapping.file_offset) - site.address;
    if (!check_site(site, plan.check_value(index), original) ||
        !write_slot(site, load_bias, original, slot.address, Destination::gs_slot(entry),
                    slot.bytes))
        return false;
    base::ByteArray<kMaxMovedBefore + 24> jump;
    const auto jump_size = write_jump(site, load_bias, slot.address, jump);
    if (!jump_size)
        return false;
    base::copy_bytes(original, base::Bytes(jump).first(*jump_size));
    return true;
}

}  // namespace

bool describes(const PatchPlan& plan, const CodeMapping& mapping) {
    bool any = false;
    for (uint32_t i = plan.first_site_at(mapping.file_offset); i < plan.site_count(); ++i) {
        const Site site = plan.site(i);
        if (site.file_offset - mapping.file_offset >= mapping.bytes.size())
            break;
        const base::MutableBytes original = original_bytes(site, mapping);
        if (original.empty())
            continue;
        if (!check_site(site, plan.check_value(i), original))
            return false;
        any = true;
    }
    return any;
}

size_t pool_size(const PatchPlan& plan, uint64_t file_offset, uint64_t size) {
    size_t count = 0;
    for (uint32_t i = plan.first_site_at(file_offset); i < plan.site_count(); ++i) {
        const Site site = plan.site(i);
        if (site.file_offset - file_offset >= size)
            break;
        count += site.site_class != SiteClass::Trap;
    }
    return count * kSlotSize;
}

RewrittenCode RewrittenCode::apply(const PatchPlan& plan, CodeMapping mapping, SlotPool pool,
                                   Entries entries, SiteChoice choice) {
    RewrittenCode code;
    code.code_start_ = mapping.address;
    code.code_end_ = mapping.address + mapping.bytes.size();
    code.pool_address_ = pool.address;
    code.pool_ = pool.bytes.data();
    const uint64_t slot_limit = pool.bytes.size() / kSlotSize;
    for (uint32_t i = plan.first_site_at(mapping.file_offset); i < plan.site_count(); ++i) {
        if (plan.site(i).file_offset - mapping.file_offset >= mapping.bytes.size())
            break;
        const size_t offset = code.slot_count_ * kSlotSize;
        const bool wanted = choice == SiteChoice::All || i % 2 == 0;
        const bool done =
            wanted && code.slot_count_ < slot_limit &&
            rewrite_site(plan, i, mapping,
                         Slot{pool.address + offset, pool.bytes.subspan(offset).first<kSlotSize>()},
                         entries);
        ++(done ? code.slot_count_ : code.left_count_);
    }
    return code;
}

SlotRecord RewrittenCode::record(uint32_t slot) const {
    return read_slot_record(
        std::span<const uint8_t, kSlotSize>(pool_ + slot * kSlotSize, kSlotSize));
}

std::optional<uint64_t> RewrittenCode::program_address(uint64_t address) const {
    const uint64_t offset = address - pool_address_;
    if (address < pool_address_ || offset >= uint64_t{slot_count_} * kSlotSize)
        return std::nullopt;
    return original_address(record(static_cast<uint32_t>(offset / kSlotSize)), offset % kSlotSize);
}

std::optional<uint64_t> RewrittenCode::execution_address(uint64_t address) const {
    if (address < code_start_ || address >= code_end_)
        return std::nullopt;
    // The last slot whose replaced bytes start at or before the address; sites ascend.
    uint32_t low = 0;
    uint32_t high = slot_count_;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const SlotRecord middle_record = record(middle);
        if (middle_record.site - middle_record.moved_before <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return std::nullopt;
    const std::optional<size_t> offset = moved_offset(record(low - 1), address);
    if (!offset)
        return std::nullopt;
    return pool_address_ + (low - 1) * uint64_t{kSlotSize} + *offset;
}

}  // namespace scone::x86
