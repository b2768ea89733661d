// What follows each opcode byte: one byte of traits per opcode, for the legacy maps.
//
// Side:   core
// Source: Intel SDM volume 2, appendix A, tables A-2 and A-3 (64-bit mode)
#pragma once

#include <array>
#include <cstdint>

namespace scone::x86 {

// Low four bits: the immediate. Bit 4: a ModRM byte. Top values: handled by name.
enum Trait : uint8_t {
    kNone = 0,
    kImm8 = 1,
    kImm16 = 2,
    kImmZ = 3,       // 4 bytes, 2 with prefix 66 (REX.W wins)
    kImmV = 4,       // 8 bytes with REX.W, 2 with prefix 66, else 4
    kImm16Imm8 = 5,  // enter
    kMoffs = 6,      // 8 bytes, 4 with prefix 67
    kRel8 = 7,
    kRel32 = 8,
    kImmMask = 15,
    kModRm = 16,
    kInvalid = 32,
    kPrefix = 64,
    kSpecial = 128,  // the decoder looks at the opcode itself
};

using OpcodeTable = std::array<uint8_t, 256>;

namespace detail {

constexpr void set_range(OpcodeTable& table, unsigned first, unsigned last, unsigned trait) {
    for (unsigned opcode = first; opcode <= last; ++opcode)
        table[opcode] = static_cast<uint8_t>(trait);
}

constexpr OpcodeTable make_one_byte_table() {
    OpcodeTable t{};
    for (unsigned base = 0; base < 0x40; base += 8) {
        set_range(t, base, base + 3, kModRm);
        t[base + 4] = kImm8;
        t[base + 5] = kImmZ;
        set_range(t, base + 6, base + 7, kInvalid);
    }
    t[0x0F] = kSpecial;
    for (unsigned prefix :
         {0x26u, 0x2Eu, 0x36u, 0x3Eu, 0x64u, 0x65u, 0x66u, 0x67u, 0xF0u, 0xF2u, 0xF3u})
        t[prefix] = kPrefix;
    set_range(t, 0x40, 0x4F, kPrefix);
    set_range(t, 0x60, 0x61, kInvalid);
    t[0x62] = kSpecial;
    t[0x63] = kModRm;
    t[0x68] = kImmZ;
    t[0x69] = kModRm | kImmZ;
    t[0x6A] = kImm8;
    t[0x6B] = kModRm | kImm8;
    set_range(t, 0x70, 0x7F, kRel8);
    t[0x80] = kModRm | kImm8;
    t[0x81] = kModRm | kImmZ;
    t[0x82] = kInvalid;
    t[0x83] = kModRm | kImm8;
    set_range(t, 0x84, 0x8E, kModRm);
    t[0x8F] = kModRm | kSpecial;
    t[0x90] = kSpecial;
    t[0x9A] = kInvalid;
    set_range(t, 0xA0, 0xA3, kMoffs);
    t[0xA8] = kImm8;
    t[0xA9] = kImmZ;
    set_range(t, 0xB0, 0xB7, kImm8);
    set_range(t, 0xB8, 0xBF, kImmV);
    set_range(t, 0xC0, 0xC1, kModRm | kImm8);
    t[0xC2] = kImm16 | kSpecial;
    t[0xC3] = kSpecial;
    set_range(t, 0xC4, 0xC5, kSpecial);
    t[0xC6] = kModRm | kImm8 | kSpecial;
    t[0xC7] = kModRm | kImmZ | kSpecial;
    t[0xC8] = kImm16Imm8;
    t[0xCA] = kImm16 | kSpecial;
    set_range(t, 0xCB, 0xCC, kSpecial);
    t[0xCD] = kImm8 | kSpecial;
    t[0xCE] = kInvalid;
    t[0xCF] = kSpecial;
    set_range(t, 0xD0, 0xD3, kModRm);
    set_range(t, 0xD4, 0xD6, kInvalid);
    set_range(t, 0xD8, 0xDF, kModRm);
    set_range(t, 0xE0, 0xE3, kRel8);
    set_range(t, 0xE4, 0xE7, kImm8);
    set_range(t, 0xE8, 0xE9, kRel32);
    t[0xEA] = kInvalid;
    t[0xEB] = kRel8;
    t[0xF1] = kSpecial;
    t[0xF4] = kSpecial;
    set_range(t, 0xF6, 0xF7, kModRm | kSpecial);
    set_range(t, 0xFE, 0xFF, kModRm | kSpecial);
    return t;
}

constexpr OpcodeTable make_two_byte_table() {
    OpcodeTable t{};
    set_range(t, 0x00, 0xFF, kModRm);
    t[0x01] = kModRm | kSpecial;
    t[0x04] = t[0x0A] = t[0x0C] = kInvalid;
    set_range(t, 0x05, 0x09, kSpecial);
    t[0x0B] = kSpecial;
    t[0x0E] = kNone;
    t[0x0F] = kModRm | kImm8;
    t[0x1E] = t[0x1F] = kModRm | kSpecial;
    set_range(t, 0x20, 0x23, kSpecial);  // control and debug registers: the mod bits are ignored
    set_range(t, 0x24, 0x27, kInvalid);
    set_range(t, 0x30, 0x33, kNone);
    t[0x38] = t[0x3A] = kSpecial;  // two further maps
    set_range(t, 0x34, 0x35, kSpecial);
    t[0x36] = kInvalid;
    t[0x37] = kNone;
    t[0x39] = kInvalid;
    set_range(t, 0x3B, 0x3F, kInvalid);
    set_range(t, 0x70, 0x73, kModRm | kImm8);
    t[0x77] = kNone;
    t[0x78] = kModRm | kSpecial;
    set_range(t, 0x7A, 0x7B, kInvalid);
    set_range(t, 0x80, 0x8F, kRel32);
    set_range(t, 0xA0, 0xA1, kNone);
    t[0xA2] = kSpecial;
    t[0xA4] = kModRm | kImm8;
    set_range(t, 0xA8, 0xAA, kNone);
    t[0xAC] = kModRm | kImm8;
    t[0xB9] = kModRm | kSpecial;
    t[0xBA] = kModRm | kImm8;
    t[0xC2] = kModRm | kImm8;
    set_range(t, 0xC4, 0xC6, kModRm | kImm8);
    set_range(t, 0xC8, 0xCF, kNone);
    t[0xFF] = kModRm | kSpecial;
    return t;
}

}  // namespace detail

inline constexpr OpcodeTable kOneByteTable = detail::make_one_byte_table();
inline constexpr OpcodeTable kTwoByteTable = detail::make_two_byte_table();

}  // namespace scone::x86
