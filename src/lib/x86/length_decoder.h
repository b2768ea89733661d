// Length and shape of one x86-64 instruction.
//
// Knows what a rewriter must know and no more: where the instruction ends, whether it leaves the
// straight line and to where, whether it names memory relative to itself, and whether it is one of
// the few that an enclave cannot execute. It has no names for operations and checks no CPU feature.
//
// Side:    core
// Covers:  legacy maps, 0F, 0F38, 0F3A, 3DNow, VEX, XOP, EVEX (maps 1, 2, 3, 5, 6); 64-bit mode
// Limits:  15 bytes, as the processor; a 66-prefixed near branch is read as Intel reads it (rel32)
// Threads: pure functions
// Source:  Intel SDM volume 2, chapter 2 and appendix A; AMD APM volume 3 for XOP, 3DNow, SSE4a
#pragma once

#include "lib/base/bytes.h"

namespace scone::x86 {

inline constexpr size_t kMaxInstructionLength = 15;

enum class InstructionKind : uint8_t {
    Ordinary,
    Jump,             // direct jmp
    ConditionalJump,  // jcc, loop, jrcxz, xbegin
    Call,             // direct call
    IndirectJump,
    IndirectCall,
    Return,     // ret, iret, sysret, sysexit
    Padding,    // nop of any length, int3
    EndBranch,  // endbr64
    Stop,       // hlt, ud0, ud1, ud2
    Interrupt,  // int n, int1
    Syscall,
    Sysenter,
    Cpuid,
    Enclu,
    Enclave,  // encls, enclv
};

struct Instruction {
    uint8_t length = 0;  // 0: these bytes are no instruction, or it does not end inside the span
    InstructionKind kind = InstructionKind::Ordinary;
    uint8_t branch_offset = 0;      // where rel8 or rel32 stands; 0 where the branch is not direct
    uint8_t branch_size = 0;        // 1 or 4
    uint8_t rip_disp32_offset = 0;  // where the displacement of (%rip) stands; 0: none
    bool address_size_32 = false;   // prefix 67
    bool has_wide_form = false;     // a direct jmp or jcc: rel32 can express it
    int32_t branch_displacement = 0;

    constexpr bool valid() const { return length != 0; }
    constexpr bool is_direct_branch() const { return branch_size != 0; }
    constexpr bool is_rip_relative() const { return rip_disp32_offset != 0; }
    // Preconditions: is_direct_branch(); `address` is where the instruction stands.
    constexpr uint64_t branch_target(uint64_t address) const {
        return address + length + static_cast<uint64_t>(static_cast<int64_t>(branch_displacement));
    }
};

// The instruction at the start of `code`; length 0 when there is none. Never reads past the span.
Instruction decode(base::Bytes code);

}  // namespace scone::x86
