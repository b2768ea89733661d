#include "lib/x86/trampoline.h"

#include "lib/base/checked.h"
#include "lib/base/endian.h"

namespace scone::x86 {
namespace {

constexpr size_t kRecordOffset = kSlotCodeSize;
constexpr uint8_t kInt3 = 0xCC;

// Writes the code of one slot, byte by byte from its start.
class SlotWriter {
  public:
    SlotWriter(uint64_t address, base::MutableBytes slot)
        : address_(address), code_(slot.first(kSlotCodeSize)) {
        base::fill_bytes(slot, kInt3);
    }

    size_t size() const { return size_; }

    bool put(std::initializer_list<uint8_t> bytes) {
        return put(base::Bytes(bytes.begin(), bytes.size()));
    }
    bool put(base::Bytes bytes) {
        if (bytes.size() > code_.size() - size_)
            return false;
        base::copy_bytes(code_.subspan(size_), bytes);
        size_ += bytes.size();
        return true;
    }
    bool put32(uint32_t value) {
        uint8_t bytes[4];
        base::store_le32(bytes, value);
        return put(base::Bytes(bytes));
    }
    // A displacement counted from the byte behind it.
    bool put_distance_to(uint64_t target) {
        const auto distance = static_cast<int64_t>(target - (address_ + size_ + 4));
        const std::optional<int32_t> fits = base::checked_cast<int32_t>(distance);
        return fits && put32(static_cast<uint32_t>(*fits));
    }
    bool patch_distance(size_t position, int64_t distance) {
        const std::optional<int32_t> fits = base::checked_cast<int32_t>(distance);
        if (fits)
            base::store_le32(&code_[position], static_cast<uint32_t>(*fits));
        return fits.has_value();
    }

  private:
    uint64_t address_;
    base::MutableBytes code_;
    size_t size_ = 0;
};

base::Result<void, TrampolineError> fail(TrampolineErrorCode code, const char* text,
                                         uint64_t address) {
    return base::fail(TrampolineError{code, text, address});
}

// A jmp or jcc of either size, with a 32-bit displacement to the same target.
bool put_wide_branch(SlotWriter& writer, const Instruction& instruction, base::Bytes code,
                     uint64_t from) {
    const uint8_t condition = code[instruction.branch_offset - 1u] & 15;
    const bool put = instruction.kind == InstructionKind::Jump
                         ? writer.put({0xE9})
                         : writer.put({0x0F, static_cast<uint8_t>(0x80 | condition)});
    return put && writer.put_distance_to(instruction.branch_target(from));
}

// Copies whole instructions that stood at `from`. Only a branch changes its length, and nothing but
// padding stands behind it.
base::Result<void, TrampolineError> move_instructions(SlotWriter& writer, uint64_t slot_address,
                                                      base::Bytes code, uint64_t from) {
    while (!code.empty()) {
        const Instruction instruction = decode(code);
        if (movability(instruction) == Movability::No)
            return fail(TrampolineErrorCode::NotMovable, "instruction cannot be moved", from);
        if (instruction.is_direct_branch()) {
            if (!put_wide_branch(writer, instruction, code, from))
                return fail(TrampolineErrorCode::OutOfReach, "branch is out of reach", from);
            code = code.subspan(instruction.length);
            from += instruction.length;
            continue;
        }
        const size_t start = writer.size();
        if (!writer.put(code.first(instruction.length)))
            return fail(TrampolineErrorCode::TooLong, "moved instructions do not fit a slot", from);
        if (instruction.is_rip_relative()) {
            const auto old =
                static_cast<int32_t>(base::load_le32(&code[instruction.rip_disp32_offset]));
            const int64_t shift = static_cast<int64_t>(from - (slot_address + start));
            if (!writer.patch_distance(start + instruction.rip_disp32_offset, old + shift))
                return fail(TrampolineErrorCode::OutOfReach, "operand is out of reach", from);
        }
        code = code.subspan(instruction.length);
        from += instruction.length;
    }
    return {};
}

bool needs_after_part(const Site& site) {
    return !site.keeps_site() && site.moved_after != 0;
}

bool put_destination(SlotWriter& writer, Destination destination) {
    if (destination.how == Destination::How::GsSlot)
        return writer.put({0x65, 0xFF, 0x24, 0x25}) &&
               writer.put32(static_cast<uint32_t>(destination.value));
    return writer.put({0xE9}) && writer.put_distance_to(destination.value);
}

}  // namespace

base::Result<void, TrampolineError> write_slot(const Site& site, uint64_t load_bias,
                                               base::Bytes original, uint64_t slot_address,
                                               Destination destination,
                                               std::span<uint8_t, kSlotSize> slot) {
    const uint64_t run_site = site.address + load_bias;
    if (original.size() != size_t{site.moved_before} + kSiteSize + site.moved_after)
        return fail(TrampolineErrorCode::NotMovable, "original bytes have another size", run_site);
    SlotWriter writer(slot_address, slot);
    SCONE_TRY(move_instructions(writer, slot_address, original.first(site.moved_before),
                                run_site - site.moved_before));

    const uint8_t continuation_register = site.kind == SiteKind::Cpuid ? 0x15 : 0x0D;
    const size_t jump_size = destination.how == Destination::How::GsSlot ? 8 : 5;
    const size_t after_offset = writer.size() + 7 + jump_size;
    const uint64_t continuation =
        needs_after_part(site) ? slot_address + after_offset : run_site + kSiteSize;
    if (!writer.put({0x48, 0x8D, continuation_register}) || !writer.put_distance_to(continuation) ||
        !put_destination(writer, destination))
        return fail(TrampolineErrorCode::OutOfReach, "continuation or entry is out of reach",
                    run_site);
    if (needs_after_part(site)) {
        SCONE_TRY(move_instructions(writer, slot_address, original.last(site.moved_after),
                                    run_site + kSiteSize));
        if (!writer.put({0xE9}) || !writer.put_distance_to(site.resume_address() + load_bias))
            return fail(TrampolineErrorCode::OutOfReach, "way back is out of reach", run_site);
    }
    uint8_t* record = &slot[kRecordOffset];
    record[0] = site.moved_before;
    record[1] = needs_after_part(site) ? static_cast<uint8_t>(after_offset) : uint8_t{0};
    record[2] = site.moved_after;
    record[3] = static_cast<uint8_t>(site.site_class);
    base::store_le64(record + 4, run_site);
    return {};
}

base::Result<size_t, TrampolineError> write_jump(const Site& site, uint64_t load_bias,
                                                 uint64_t slot_address,
                                                 std::span<uint8_t, kMaxMovedBefore + 24> out) {
    const uint64_t start = site.replaced_start() + load_bias;
    const auto distance = static_cast<int64_t>(slot_address - (start + kJumpSize));
    const std::optional<int32_t> fits = base::checked_cast<int32_t>(distance);
    if (!fits)
        return base::fail(
            TrampolineError{TrampolineErrorCode::OutOfReach, "slot is out of reach", start});
    const size_t size = site.replaced_size();
    base::fill_bytes(out, kInt3);
    out[0] = 0xE9;
    base::store_le32(&out[1], static_cast<uint32_t>(*fits));
    return size;
}

SlotRecord read_slot_record(std::span<const uint8_t, kSlotSize> slot) {
    const uint8_t* record = &slot[kRecordOffset];
    return {.moved_before = record[0],
            .after_offset = record[1],
            .moved_after = record[2],
            .site_class = static_cast<SiteClass>(record[3]),
            .site = base::load_le64(record + 4)};
}

uint64_t original_address(const SlotRecord& record, size_t offset) {
    if (offset < record.moved_before)
        return record.site - record.moved_before + offset;
    if (record.after_offset == 0 || offset < record.after_offset)
        return record.site;  // about to enter the runtime: the call has not been made
    const size_t behind = offset - record.after_offset;
    return record.site + kSiteSize + (behind < record.moved_after ? behind : record.moved_after);
}

std::optional<size_t> moved_offset(const SlotRecord& record, uint64_t address) {
    const uint64_t start = record.site - record.moved_before;
    const bool keeps_site =
        record.site_class == SiteClass::Previous || record.site_class == SiteClass::PreviousSeveral;
    if (address <= start || (keeps_site && address >= record.site))
        return std::nullopt;
    if (address <= record.site)
        return address - start;
    const uint64_t behind = address - record.site;
    if (behind < kSiteSize || record.after_offset == 0 || behind - kSiteSize >= record.moved_after)
        return std::nullopt;
    return record.after_offset + (behind - kSiteSize);
}

}  // namespace scone::x86
