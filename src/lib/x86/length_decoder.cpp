#include "lib/x86/length_decoder.h"

#include "lib/base/endian.h"
#include "lib/x86/opcode_tables.h"

namespace scone::x86 {
namespace {

// One decoding looks at no more than this: 14 prefixes, a three-byte opcode, ModRM, SIB and a
// branch displacement all lie inside.
constexpr size_t kWindowSize = 32;

struct Prefixes {
    bool operand_size_16 = false;  // 66
    bool address_size_32 = false;  // 67
    bool lock = false;             // F0
    uint8_t repeat = 0;            // F2 or F3, the last one
    uint8_t rex = 0;               // 0 where none stands directly before the opcode

    bool wide() const { return (rex & 8) != 0; }
    bool forbid_vex() const { return operand_size_16 || lock || repeat != 0 || rex != 0; }
};

// Reads one instruction from a window of kWindowSize readable bytes.
class Decoder {
  public:
    explicit Decoder(const uint8_t* window) : window_(window) {}

    Instruction run() {
        const bool known = read_prefixes() && read_opcode();
        if (!known || position_ > kMaxInstructionLength)
            return {};
        result_.length = static_cast<uint8_t>(position_);
        return result_;
    }

  private:
    uint8_t next() { return window_[position_++]; }
    uint8_t peek(size_t distance = 0) const { return window_[position_ + distance]; }

    bool read_prefixes();
    bool read_opcode();
    bool read_one_byte(uint8_t opcode, uint8_t trait);
    bool read_two_byte();
    bool read_vex(uint8_t opcode);
    bool read_evex();
    bool read_xop();
    bool read_modrm();
    bool read_vector_operands(unsigned map, uint8_t opcode);
    void read_immediate(unsigned trait);
    bool special_one_byte(uint8_t opcode);
    bool special_two_byte(uint8_t opcode);
    bool group_five();
    void group_seven();

    unsigned mod() const { return modrm_ >> 6; }
    unsigned reg() const { return modrm_ >> 3 & 7; }

    const uint8_t* window_;
    size_t position_ = 0;
    Prefixes prefixes_;
    uint8_t modrm_ = 0;
    Instruction result_;
};

bool Decoder::read_prefixes() {
    for (; position_ < kMaxInstructionLength; ++position_) {
        const uint8_t byte = peek();
        if (kOneByteTable[byte] != kPrefix)
            return true;
        const bool is_rex = (byte & 0xF0) == 0x40;
        prefixes_.rex = is_rex ? byte : uint8_t{0};  // a REX counts only as the last prefix
        prefixes_.operand_size_16 |= byte == 0x66;
        prefixes_.address_size_32 |= byte == 0x67;
        prefixes_.lock |= byte == 0xF0;
        if (byte == 0xF2 || byte == 0xF3)
            prefixes_.repeat = byte;
    }
    return false;
}

bool Decoder::read_opcode() {
    result_.address_size_32 = prefixes_.address_size_32;
    const uint8_t opcode = next();
    if (opcode == 0x0F)
        return read_two_byte();
    if (opcode == 0xC4 || opcode == 0xC5)
        return read_vex(opcode);
    if (opcode == 0x62)
        return read_evex();
    if (opcode == 0x8F && (peek() & 0x1F) >= 8)
        return read_xop();
    return read_one_byte(opcode, kOneByteTable[opcode]);
}

bool Decoder::read_one_byte(uint8_t opcode, uint8_t trait) {
    if ((trait & kInvalid) != 0)
        return false;
    if ((trait & kModRm) != 0 && !read_modrm())
        return false;
    if (opcode == 0x8D && mod() == 3)  // lea of a register
        return false;
    read_immediate(trait & kImmMask);
    if ((trait & kImmMask) == kRel8 || (trait & kImmMask) == kRel32) {
        result_.kind = opcode == 0xE8                     ? InstructionKind::Call
                       : opcode == 0xE9 || opcode == 0xEB ? InstructionKind::Jump
                                                          : InstructionKind::ConditionalJump;
        result_.has_wide_form = opcode < 0xE0 || result_.kind == InstructionKind::Jump;
    }
    return (trait & kSpecial) == 0 || special_one_byte(opcode);
}

bool Decoder::read_two_byte() {
    const uint8_t opcode = next();
    if (opcode == 0x38 || opcode == 0x3A) {
        next();
        if (!read_modrm())
            return false;
        read_immediate(opcode == 0x3A ? kImm8 : kNone);
        return true;
    }
    const uint8_t trait = kTwoByteTable[opcode];
    if ((trait & kInvalid) != 0)
        return false;
    if ((trait & kModRm) != 0 && !read_modrm())
        return false;
    read_immediate(trait & kImmMask);
    if ((trait & kImmMask) == kRel32) {
        result_.kind = InstructionKind::ConditionalJump;
        result_.has_wide_form = true;
    }
    return (trait & kSpecial) == 0 || special_two_byte(opcode);
}

bool Decoder::special_one_byte(uint8_t opcode) {
    switch (opcode) {
        case 0x8F:  // pop r/m; another reg is no instruction
            return reg() == 0;
        case 0x90:  // nop, pause; with REX.B xchg %r8,%rax
            if ((prefixes_.rex & 1) == 0)
                result_.kind = InstructionKind::Padding;
            return true;
        case 0xC2:
        case 0xC3:
        case 0xCA:
        case 0xCB:
        case 0xCF:
            result_.kind = InstructionKind::Return;
            return true;
        case 0xC6:
            return reg() == 0 || modrm_ == 0xF8;
        case 0xC7:
            if (modrm_ != 0xF8)
                return reg() == 0;
            // xbegin: an abort continues at the displacement that was read as an immediate.
            if (!prefixes_.operand_size_16) {
                result_.kind = InstructionKind::ConditionalJump;
                result_.branch_size = 4;
                result_.branch_offset = static_cast<uint8_t>(position_ - 4);
                result_.branch_displacement =
                    static_cast<int32_t>(base::load_le32(window_ + position_ - 4));
            }
            return true;
        case 0xCC:
            result_.kind = InstructionKind::Padding;
            return true;
        case 0xCD:
        case 0xF1:
            result_.kind = InstructionKind::Interrupt;
            return true;
        case 0xF4:
            result_.kind = InstructionKind::Stop;
            return true;
        case 0xF6:
        case 0xF7:
            if (reg() < 2)
                read_immediate(opcode == 0xF6 ? kImm8 : kImmZ);
            return true;
        case 0xFE:
            return reg() < 2;
        case 0xFF:
            return group_five();
        default:
            return false;
    }
}

bool Decoder::group_five() {
    const bool far = reg() == 3 || reg() == 5;
    if (reg() == 7 || (far && mod() == 3))
        return false;
    if (reg() == 2 || reg() == 3)
        result_.kind = InstructionKind::IndirectCall;
    if (reg() == 4 || reg() == 5)
        result_.kind = InstructionKind::IndirectJump;
    return true;
}

bool Decoder::special_two_byte(uint8_t opcode) {
    switch (opcode) {
        case 0x01:
            group_seven();
            return true;
        case 0x05:
            result_.kind = InstructionKind::Syscall;
            return true;
        case 0x06:
        case 0x08:
        case 0x09:
            return true;
        case 0x07:
        case 0x35:
            result_.kind = InstructionKind::Return;
            return true;
        case 0x0B:
        case 0xB9:
        case 0xFF:
            result_.kind = InstructionKind::Stop;
            return true;
        case 0x1E:
            result_.kind = prefixes_.repeat == 0xF3 && modrm_ == 0xFA ? InstructionKind::EndBranch
                           : prefixes_.repeat == 0                    ? InstructionKind::Padding
                                                   : InstructionKind::Ordinary;  // rdsspq
            return true;
        case 0x1F:
            result_.kind = InstructionKind::Padding;
            return true;
        case 0x20:
        case 0x21:
        case 0x22:
        case 0x23:
            next();
            return true;
        case 0x34:
            result_.kind = InstructionKind::Sysenter;
            return true;
        case 0x78:  // SSE4a extrq and insertq carry two immediates, vmread none
            if (prefixes_.operand_size_16 || prefixes_.repeat == 0xF2)
                position_ += 2;
            return true;
        case 0xA2:
            result_.kind = InstructionKind::Cpuid;
            return true;
        default:
            return false;
    }
}

void Decoder::group_seven() {
    if (modrm_ == 0xD7)
        result_.kind = InstructionKind::Enclu;
    else if (modrm_ == 0xCF || modrm_ == 0xC0)
        result_.kind = InstructionKind::Enclave;
}

bool Decoder::read_modrm() {
    modrm_ = next();
    if (mod() == 3)
        return true;
    unsigned rm = modrm_ & 7;
    if (rm == 4)
        rm = (next() & 7) == 5 ? 8 : 4;  // a SIB without base has a disp32 at mod 0
    if (mod() == 1) {
        position_ += 1;
    } else if (mod() == 2 || rm == 8) {
        position_ += 4;
    } else if (rm == 5) {
        result_.rip_disp32_offset = static_cast<uint8_t>(position_);
        position_ += 4;
    }
    return true;
}

void Decoder::read_immediate(unsigned trait) {
    const bool short_operand = prefixes_.operand_size_16 && !prefixes_.wide();
    switch (trait) {
        case kImm8:
            position_ += 1;
            break;
        case kImm16:
            position_ += 2;
            break;
        case kImmZ:
            position_ += short_operand ? 2 : 4;
            break;
        case kImmV:
            position_ += prefixes_.wide() ? 8 : short_operand ? 2 : 4;
            break;
        case kImm16Imm8:
            position_ += 3;
            break;
        case kMoffs:
            position_ += prefixes_.address_size_32 ? 4 : 8;
            break;
        case kRel8:
            result_.branch_size = 1;
            result_.branch_offset = static_cast<uint8_t>(position_);
            result_.branch_displacement = static_cast<int8_t>(next());
            break;
        case kRel32:
            result_.branch_size = 4;
            result_.branch_offset = static_cast<uint8_t>(position_);
            result_.branch_displacement =
                static_cast<int32_t>(base::load_le32(window_ + position_));
            position_ += 4;
            break;
        default:
            break;
    }
}

bool Decoder::read_vector_operands(unsigned map, uint8_t opcode) {
    if (!read_modrm())
        return false;
    const bool has_immediate =
        map == 3 || (map == 1 && ((opcode >= 0x70 && opcode <= 0x73) || opcode == 0xC2 ||
                                  (opcode >= 0xC4 && opcode <= 0xC6)));
    read_immediate(has_immediate ? kImm8 : kNone);
    return true;
}

bool Decoder::read_vex(uint8_t opcode) {
    if (prefixes_.forbid_vex())
        return false;
    unsigned map = 1;
    if (opcode == 0xC4)
        map = next() & 0x1F;
    next();
    if (map < 1 || map > 3)
        return false;
    const uint8_t operation = next();
    if (map == 1 && operation == 0x77)  // vzeroupper, vzeroall
        return true;
    return read_vector_operands(map, operation);
}

bool Decoder::read_evex() {
    if (prefixes_.forbid_vex())
        return false;
    const uint8_t first = next();
    const uint8_t second = next();
    next();
    const unsigned map = first & 7;
    const bool known_map = (map >= 1 && map <= 3) || map == 5 || map == 6;
    if ((first & 8) != 0 || (second & 4) == 0 || !known_map)
        return false;
    const uint8_t operation = next();
    return read_vector_operands(map, operation);
}

bool Decoder::read_xop() {
    const unsigned map = next() & 0x1F;
    next();
    next();
    if (prefixes_.forbid_vex() || map > 10 || !read_modrm())
        return false;
    if (map == 8)
        position_ += 1;
    else if (map == 10)
        position_ += 4;
    return true;
}

// Bytes of immediate without prefixes, by trait; imm64 is handled apart.
constexpr uint8_t kPlainImmediateSize[16] = {0, 1, 2, 4, 4, 3, 8, 1, 4};

// Bytes of SIB and displacement, by ModRM. A SIB without base at mod 0 has four more.
constexpr OpcodeTable make_modrm_tail_table() {
    OpcodeTable sizes{};
    for (unsigned modrm = 0; modrm < 0xC0; ++modrm) {
        const unsigned mod = modrm >> 6;
        const unsigned rm = modrm & 7;
        const unsigned displacement = mod == 1 ? 1 : mod == 2 || rm == 5 ? 4 : 0;
        sizes[modrm] = static_cast<uint8_t>(displacement + (rm == 4 ? 1 : 0));
    }
    return sizes;
}
constexpr OpcodeTable kModRmTailSize = make_modrm_tail_table();

// Nine of ten instructions: at most a REX prefix, one of the first two maps, nothing special. Gives
// the same as Decoder in a third of the time, mostly without branches, which a processor cannot
// foresee here; length 0 leaves the instruction to Decoder.
inline Instruction decode_plain(const uint8_t* window) {
    Instruction result;
    const bool has_rex = (window[0] & 0xF0) == 0x40;
    const bool wide = (window[0] & 0xF8) == 0x48;
    size_t at = has_rex;
    const bool two_bytes = window[at] == 0x0F;
    at += two_bytes;
    const uint8_t opcode = window[at++];
    const uint8_t trait = (two_bytes ? kTwoByteTable : kOneByteTable)[opcode];
    if ((trait & (kSpecial | kPrefix | kInvalid)) != 0)
        return result;

    const uint8_t modrm = window[at];
    const bool has_modrm = (trait & kModRm) != 0;
    const bool sib_without_base = (modrm & 0xC7) == 4 && (window[at + 1] & 7) == 5;
    const bool rip_relative = (modrm & 0xC7) == 5;
    const size_t operand_size = 1u + kModRmTailSize[modrm] + (sib_without_base ? 4u : 0u);
    result.rip_disp32_offset = static_cast<uint8_t>(has_modrm && rip_relative ? at + 1 : 0);
    at += has_modrm ? operand_size : 0;
    if (opcode == 0x8D && has_modrm && modrm >= 0xC0)  // lea of a register
        return {};

    const unsigned immediate = trait & kImmMask;
    at += kPlainImmediateSize[immediate] + (wide && immediate == kImmV ? 4u : 0u);
    result.length = static_cast<uint8_t>(at);
    if (immediate != kRel8 && immediate != kRel32)
        return result;
    result.branch_size = immediate == kRel8 ? 1 : 4;
    result.branch_offset = static_cast<uint8_t>(at - result.branch_size);
    result.branch_displacement = immediate == kRel8
                                     ? static_cast<int8_t>(window[at - 1])
                                     : static_cast<int32_t>(base::load_le32(window + at - 4));
    result.kind = two_bytes                          ? InstructionKind::ConditionalJump
                  : opcode == 0xE8                   ? InstructionKind::Call
                  : opcode == 0xE9 || opcode == 0xEB ? InstructionKind::Jump
                                                     : InstructionKind::ConditionalJump;
    result.has_wide_form = two_bytes || opcode < 0xE0 || result.kind == InstructionKind::Jump;
    return result;
}

Instruction decode_window(const uint8_t* window) {
    const Instruction plain = decode_plain(window);
    return plain.valid() ? plain : Decoder(window).run();
}

}  // namespace

Instruction decode(base::Bytes code) {
    if (code.empty())
        return {};
    if (code.size() >= kWindowSize)
        return decode_window(code.data());
    uint8_t window[kWindowSize] = {};
    base::copy_bytes(window, code);
    const Instruction instruction = decode_window(window);
    return instruction.length <= code.size() ? instruction : Instruction{};
}

}  // namespace scone::x86
