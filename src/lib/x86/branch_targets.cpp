#include "lib/x86/branch_targets.h"

#include "lib/base/endian.h"

namespace scone::x86 {
namespace {

// Words read from tables of 32-bit differences, for one file. node, the largest program tried,
// needs under a million; a file made of overlapping tables stops here.
constexpr uint64_t kTableBudget = 16u << 20;

}  // namespace

BranchTargets::BranchTargets(const Segment& code, std::span<const Segment> segments,
                             base::MutableBytes bitmap)
    : code_(code), segments_(segments), table_budget_(kTableBudget) {
    base::fill_bytes(bitmap, 0);
    direct_ = bitmap.first(bitmap.size() / 2);
    taken_ = bitmap.subspan(bitmap.size() / 2);
    for (const Segment& segment : segments) {
        if (segment.use == SegmentUse::Code)
            sweep(segment);
        scan_words(segment);
    }
}

void BranchTargets::add(base::MutableBytes bitmap, uint64_t address) {
    const uint64_t offset = address - code_.address;
    if (offset < code_.bytes.size())
        bitmap[offset / 8] = static_cast<uint8_t>(bitmap[offset / 8] | 1u << offset % 8);
}

bool BranchTargets::is_set(base::Bytes bitmap, uint64_t first, uint64_t last) const {
    for (uint64_t address = first; address < last; ++address) {
        const uint64_t offset = address - code_.address;
        if (offset < code_.bytes.size() && (bitmap[offset / 8] >> offset % 8 & 1) != 0)
            return true;
    }
    return false;
}

void BranchTargets::sweep(const Segment& segment) {
    base::Bytes rest = segment.bytes;
    uint64_t address = segment.address;
    while (!rest.empty()) {
        const Instruction instruction = decode(rest);
        const size_t step = instruction.valid() ? instruction.length : 1;
        if (instruction.is_direct_branch())
            add(direct_, instruction.branch_target(address));
        else if (instruction.is_rip_relative() && instruction.rip_disp32_offset >= 2 &&
                 rest[instruction.rip_disp32_offset - 2u] == 0x8D)
            take_address(address + step +
                         static_cast<uint64_t>(static_cast<int32_t>(
                             base::load_le32(&rest[instruction.rip_disp32_offset]))));
        else if (instruction.length >= 5)
            note_immediate(instruction, rest);
        rest = rest.subspan(step);
        address += step;
    }
}

// `mov $address,%reg`, `movl/movq $address,memory` and `push $address` of fixed-address programs.
void BranchTargets::note_immediate(const Instruction& instruction, base::Bytes code) {
    const size_t position = instruction.length - 4u;
    const bool moves = (code[position - 1] & 0xF8) == 0xB8 || code[0] == 0x68 || code[0] == 0xC7 ||
                       code[1] == 0xC7;
    if (moves)
        add(taken_, base::load_le32(&code[position]));
}

// The code takes the address of something: of a function, or of a table of 32-bit differences.
void BranchTargets::take_address(uint64_t address) {
    add(taken_, address);
    for (const Segment& segment : segments_) {
        if (!segment.contains(address))
            continue;
        base::Bytes table = segment.bytes.subspan(address - segment.address);
        for (; table.size() >= 4 && table_budget_ != 0; table = table.subspan(4)) {
            --table_budget_;
            const auto difference = static_cast<int32_t>(base::load_le32(table.data()));
            const uint64_t target = address + static_cast<uint64_t>(int64_t{difference});
            if (!code_.contains(target))
                return;
            add(taken_, target);
        }
        return;
    }
}

void BranchTargets::scan_words(const Segment& segment) {
    const size_t skip = static_cast<size_t>(-segment.address & 7);
    for (size_t offset = skip; offset + 8 <= segment.bytes.size(); offset += 8)
        add(taken_, base::load_le64(&segment.bytes[offset]));
}

}  // namespace scone::x86
