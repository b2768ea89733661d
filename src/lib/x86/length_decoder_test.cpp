#include "lib/x86/length_decoder.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace scone::x86 {
namespace {

Instruction decode_bytes(std::initializer_list<uint8_t> bytes) {
    return decode(std::vector<uint8_t>(bytes));
}

TEST(LengthDecoder, TellsLengthOfEachAddressingForm) {
    EXPECT_EQ(decode_bytes({0x89, 0xC8}).length, 2);                                // mod 3
    EXPECT_EQ(decode_bytes({0x48, 0x8B, 0x45, 0xF8}).length, 4);                    // disp8
    EXPECT_EQ(decode_bytes({0x48, 0x8B, 0x44, 0x24, 0x08}).length, 5);              // SIB, disp8
    EXPECT_EQ(decode_bytes({0x8B, 0x04, 0xC5, 1, 2, 3, 4}).length, 7);              // no base
    EXPECT_EQ(decode_bytes({0x8B, 0x80, 1, 2, 3, 4}).length, 6);                    // disp32
    EXPECT_EQ(decode_bytes({0x64, 0x48, 0x8B, 0x04, 0x25, 0, 0, 0, 0}).length, 9);  // fs:0
}

TEST(LengthDecoder, TellsSizeOfImmediates) {
    EXPECT_EQ(decode_bytes({0xB8, 1, 0, 0, 0}).length, 5);
    EXPECT_EQ(decode_bytes({0x66, 0xB8, 1, 0}).length, 4);
    EXPECT_EQ(decode_bytes({0x48, 0xB8, 1, 2, 3, 4, 5, 6, 7, 8}).length, 10);
    EXPECT_EQ(decode_bytes({0x66, 0x48, 0x81, 0xC0, 1, 2, 3, 4}).length, 8);
    EXPECT_EQ(decode_bytes({0xF6, 0xC1, 1}).length, 3);
    EXPECT_EQ(decode_bytes({0xF6, 0xD9}).length, 2);
    EXPECT_EQ(decode_bytes({0x48, 0xA1, 1, 2, 3, 4, 5, 6, 7, 8}).length, 10);
    EXPECT_EQ(decode_bytes({0xC8, 1, 2, 3}).length, 4);
}

TEST(LengthDecoder, TellsVectorInstructions) {
    EXPECT_EQ(decode_bytes({0xC5, 0xF8, 0x77}).length, 3);                          // vzeroupper
    EXPECT_EQ(decode_bytes({0xC4, 0xE3, 0x7D, 0x39, 0xC1, 0x01}).length, 6);        // vextracti128
    EXPECT_EQ(decode_bytes({0x62, 0xF1, 0x7C, 0x48, 0x10, 0x46, 0x01}).length, 7);  // vmovups zmm
    EXPECT_EQ(decode_bytes({0x8F, 0xE8, 0x78, 0xC2, 0xC0, 0x05}).length, 6);        // vprotd
    EXPECT_FALSE(decode_bytes({0x66, 0xC5, 0xF8, 0x77}).valid());
}

TEST(LengthDecoder, TellsDirectBranches) {
    const Instruction call = decode_bytes({0xE8, 0xFB, 0xFF, 0xFF, 0xFF});
    EXPECT_EQ(call.kind, InstructionKind::Call);
    EXPECT_EQ(call.branch_offset, 1);
    EXPECT_EQ(call.branch_target(0x1000), 0x1000u);
    const Instruction jump = decode_bytes({0x0F, 0x84, 0x10, 0, 0, 0});
    EXPECT_EQ(jump.kind, InstructionKind::ConditionalJump);
    EXPECT_EQ(jump.branch_target(0x1000), 0x1016u);
    EXPECT_EQ(decode_bytes({0xEB, 0xFE}).branch_target(0x1000), 0x1000u);
    EXPECT_EQ(decode_bytes({0xFF, 0xD0}).kind, InstructionKind::IndirectCall);
    EXPECT_EQ(decode_bytes({0xFF, 0x25, 0, 0, 0, 0}).kind, InstructionKind::IndirectJump);
    EXPECT_EQ(decode_bytes({0xF3, 0xC3}).kind, InstructionKind::Return);
    EXPECT_EQ(decode_bytes({0xC7, 0xF8, 2, 0, 0, 0}).branch_target(0x1000), 0x1008u);  // xbegin
}

TEST(LengthDecoder, TellsRipRelativeOperands) {
    const Instruction lea = decode_bytes({0x48, 0x8D, 0x05, 1, 2, 3, 4});
    EXPECT_TRUE(lea.is_rip_relative());
    EXPECT_EQ(lea.rip_disp32_offset, 3);
    EXPECT_EQ(decode_bytes({0xC7, 0x05, 1, 2, 3, 4, 5, 6, 7, 8}).rip_disp32_offset, 2);
    EXPECT_TRUE(decode_bytes({0x67, 0x8D, 0x05, 1, 2, 3, 4}).address_size_32);
    EXPECT_FALSE(decode_bytes({0x8B, 0x04, 0x25, 1, 2, 3, 4}).is_rip_relative());
}

TEST(LengthDecoder, NamesWhatAnEnclaveCannotExecute) {
    EXPECT_EQ(decode_bytes({0x0F, 0x05}).kind, InstructionKind::Syscall);
    EXPECT_EQ(decode_bytes({0x0F, 0x34}).kind, InstructionKind::Sysenter);
    EXPECT_EQ(decode_bytes({0x0F, 0xA2}).kind, InstructionKind::Cpuid);
    EXPECT_EQ(decode_bytes({0x0F, 0x01, 0xD7}).kind, InstructionKind::Enclu);
    EXPECT_EQ(decode_bytes({0x0F, 0x01, 0xCF}).kind, InstructionKind::Enclave);
    EXPECT_EQ(decode_bytes({0xCD, 0x80}).kind, InstructionKind::Interrupt);
    EXPECT_EQ(decode_bytes({0xF3, 0x0F, 0x1E, 0xFA}).kind, InstructionKind::EndBranch);
}

TEST(LengthDecoder, RefusesWhatIsNoInstruction) {
    for (uint8_t opcode : {0x06, 0x27, 0x60, 0x82, 0x9A, 0xD4, 0xEA})
        EXPECT_FALSE(decode_bytes({opcode, 0, 0, 0, 0, 0, 0, 0}).valid()) << int{opcode};
    EXPECT_FALSE(decode_bytes({0xFF, 0xFF}).valid());
    EXPECT_FALSE(decode_bytes({0x8D, 0xC0}).valid());
    EXPECT_FALSE(decode({}).valid());
}

TEST(LengthDecoder, RefusesWhatDoesNotEndInsideTheSpan) {
    const std::vector<uint8_t> whole = {0x48, 0xB8, 1, 2, 3, 4, 5, 6, 7, 8};
    for (size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode(base::Bytes(whole).first(size)).valid()) << size;
    EXPECT_TRUE(decode(whole).valid());
}

TEST(LengthDecoder, RefusesMoreThanFifteenBytes) {
    std::vector<uint8_t> code(14, 0x66);
    code.push_back(0x90);
    EXPECT_EQ(decode(code).length, 15);
    code.insert(code.begin(), 0x66);
    EXPECT_FALSE(decode(code).valid());
    EXPECT_FALSE(decode(std::vector<uint8_t>(64, 0x2E)).valid());
}

TEST(LengthDecoder, CountsRexOnlyDirectlyBeforeTheOpcode) {
    EXPECT_EQ(decode_bytes({0x48, 0x66, 0xB8, 1, 0}).length, 5);  // the REX.W is lost
}

}  // namespace
}  // namespace scone::x86
