#include "lib/x86/branch_targets.h"

#include "lib/base/endian.h"
#include "lib/x86/neighbourhood.h"

namespace scone::x86 {
namespace {

// Words read from tables of 32-bit differences, for one file. node, the largest program tried,
// needs under a million; a file made of overlapping tables stops here.
constexpr uint64_t kTableBudget = 16u << 20;

// What an opcode byte could be the start of.
enum class Reference : uint8_t {
    None,
    Branch,     // call, jmp rel32
    Escape,     // 0F: jcc rel32
    Lea,        // lea x(%rip)
    Immediate,  // mov $address,%reg; push $address
    Store,      // mov $address,memory
};

constexpr std::array<Reference, 256> make_references() {
    std::array<Reference, 256> table{};
    table[0xE8] = table[0xE9] = Reference::Branch;
    table[0x0F] = Reference::Escape;
    table[0x8D] = Reference::Lea;
    table[0x68] = Reference::Immediate;
    for (unsigned opcode = 0xB8; opcode <= 0xBF; ++opcode)
        table[opcode] = Reference::Immediate;
    table[0xC7] = Reference::Store;
    return table;
}
constexpr std::array<Reference, 256> kReferences = make_references();

}  // namespace

BranchTargets::BranchTargets(const Segment& code, std::span<const Segment> segments,
                             base::MutableBytes bitmap)
    : code_(code), segments_(segments), table_budget_(kTableBudget) {
    base::fill_bytes(bitmap, 0);
    direct_ = bitmap.first(bitmap.size() / 2);
    taken_ = bitmap.subspan(bitmap.size() / 2);
    for (const Segment& segment : segments) {
        if (segment.use == SegmentUse::Code)
            scan_code(segment);
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

// Looks at every byte as if an instruction started there: what is none gives a false target at
// worst, and nothing depends on finding the true starts.
void BranchTargets::scan_code(const Segment& segment) {
    const base::Bytes code = segment.bytes;
    for (size_t i = 0; i + 6 <= code.size(); ++i) {
        const Reference reference = kReferences[code[i]];
        if (reference == Reference::None)
            continue;
        // Addresses of the displacement that follows an opcode of one byte, or of two.
        const uint64_t behind = segment.address + i + 5;
        const auto one_byte =
            static_cast<uint64_t>(int64_t{static_cast<int32_t>(base::load_le32(&code[i + 1]))});
        const auto two_bytes =
            static_cast<uint64_t>(int64_t{static_cast<int32_t>(base::load_le32(&code[i + 2]))});
        switch (reference) {
            case Reference::Branch:
                add(direct_, behind + one_byte);
                break;
            case Reference::Escape:
                if ((code[i + 1] & 0xF0) == 0x80)
                    add(direct_, behind + 1 + two_bytes);
                break;
            case Reference::Lea:
                if ((code[i + 1] & 0xC7) == 5)
                    take_address(behind + 1 + two_bytes);
                break;
            case Reference::Immediate:
                add(taken_, base::load_le32(&code[i + 1]));
                break;
            case Reference::Store:
                if (const Instruction store = decode(code.subspan(i)); store.length >= 6)
                    add(taken_, base::load_le32(&code[i + store.length - 4]));
                break;
            case Reference::None:
                break;
        }
    }
    // The last branch may end with the code; five bytes are the shortest.
    if (code.size() >= 5 && kReferences[code[code.size() - 5]] == Reference::Branch)
        add(direct_, segment.end() + static_cast<uint64_t>(int64_t{static_cast<int32_t>(
                                         base::load_le32(&code[code.size() - 4]))}));
}

bool BranchTargets::short_branch_into(uint64_t first, uint64_t last) const {
    constexpr uint64_t kBackward = 128 + 2;
    constexpr uint64_t kForward = 127;
    const uint64_t size = code_.bytes.size();
    const uint64_t begin = first - code_.address;
    const uint64_t end = last - code_.address;
    if (begin >= end || end > size)
        return false;
    const uint64_t from = begin < kBackward ? 0 : begin - kBackward;
    const uint64_t to = size - end < kForward ? size : end + kForward;
    for (uint64_t i = from; i + 2 <= to; ++i) {
        const uint8_t opcode = code_.bytes[i];
        const bool is_short = (opcode & 0xF0) == 0x70 || (opcode & 0xFC) == 0xE0 || opcode == 0xEB;
        if (!is_short)
            continue;
        const uint64_t target =
            i + 2 + static_cast<uint64_t>(int64_t{static_cast<int8_t>(code_.bytes[i + 1])});
        if (target >= begin && target < end && Neighbourhood(code_.bytes, i).agreement(i) != 0)
            return true;
    }
    return false;
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
