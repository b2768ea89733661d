// Numbers that the assembly and the C++ of this room share. thread_block.h asserts each.
//
// Side:   trusted
// Source: docs/formats/enclave-image.md, "Thread slots"
#pragma once

// A thread slot, relative to its TCS page.
#define SCONE_SLOT_SSA 0x1000
#define SCONE_SLOT_BLOCK 0x4000
#define SCONE_SLOT_STACK_TOP 0x40000

// ThreadBlock, relative to GS base.
#define SCONE_BLOCK_SELF 0
#define SCONE_BLOCK_STACK_TOP 8
#define SCONE_BLOCK_WINDOW 16
#define SCONE_BLOCK_EXIT_TARGET 24
#define SCONE_BLOCK_SCRATCH 32
#define SCONE_BLOCK_STATE 40
#define SCONE_BLOCK_HOST_CALL_RSP 48
#define SCONE_BLOCK_PENDING 56
#define SCONE_BLOCK_SYSCALL_ENTRY 64
#define SCONE_BLOCK_RESUME_RIP 72
#define SCONE_BLOCK_EVENT_STACK 80
#define SCONE_BLOCK_XSAVE_MASK 88

// The top of a runtime stack: the frame of the interrupted program, then its vector state.
#define SCONE_FRAME_SIZE 256
#define SCONE_FRAME_RESERVE 4096

// struct Registers
#define SCONE_REG_RAX 0
#define SCONE_REG_RBX 8
#define SCONE_REG_RCX 16
#define SCONE_REG_RDX 24
#define SCONE_REG_RSI 32
#define SCONE_REG_RDI 40
#define SCONE_REG_RBP 48
#define SCONE_REG_RSP 56
#define SCONE_REG_R8 64
#define SCONE_REG_R9 72
#define SCONE_REG_R10 80
#define SCONE_REG_R11 88
#define SCONE_REG_R12 96
#define SCONE_REG_R13 104
#define SCONE_REG_R14 112
#define SCONE_REG_R15 120
#define SCONE_REG_RIP 128
#define SCONE_REG_RFLAGS 136
#define SCONE_REG_ORIG_RAX 144
#define SCONE_REG_STATE 152

// ThreadBlock::state
#define SCONE_STATE_INSIDE 0
#define SCONE_STATE_HOST_CALL 1
#define SCONE_STATE_NEW 2
