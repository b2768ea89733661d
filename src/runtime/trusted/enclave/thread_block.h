// One enclave thread as the entry code sees it: the memory at GS base, and the program's registers.
//
// Side:    trusted
// Layout:  thread slot = TCS page, 3 SSA pages, 2 pages of ThreadBlock, guard, runtime stack. The
//          top SCONE_FRAME_RESERVE bytes of the runtime stack hold the frame of the program
//          (Registers) and its vector state; C++ code runs below.
// Threads: a block is written by its own thread; `pending` also by threads that signal it.
// Source:  SDM 3D, "TCS", "SSA"; docs/formats/enclave-image.md
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/boundary/wire/host_window.h"
#include "runtime/trusted/enclave/offsets.h"

namespace scone::enclave {

// How the frame's registers are given back to the program.
enum class Return : uint64_t {
    AfterSyscall = 0,  // rcx and r11 are free; vector registers are untouched
    Full = 1,          // every register, flags, and the vector state from the frame's save area
};

struct Registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    uint64_t orig_rax;  // number of the system call being carried out; ~0 outside of one
    Return how;
};

struct ThreadBlock {
    ThreadBlock* self;
    uint64_t stack_top;
    boundary::HostWindow* window;  // host memory: read and write through host_memory_unsafe.h only
    uint64_t exit_target;
    uint64_t scratch;
    uint64_t state;
    uint64_t host_call_rsp;
    std::atomic<uint64_t> pending;  // look for signals before going back to the program
    uint64_t syscall_entry;         // target of rewritten sites: jmp *%gs:64
    uint64_t resume_rip;
    uint64_t event_stack;
    uint64_t xsave_mask;
    // Beyond here nothing is known to assembly.
    uint64_t window_data_size;
    bool mends_fault;  // host calls use the window's area for faults
    void* thread;      // libos::Thread
    void (*entry)(ThreadBlock*);
    uint64_t tcs;
    uint64_t locks_held;            // by this thread: it may wait on the host with none only
    std::atomic<uint32_t> resting;  // see world_stop.h
};

inline constexpr uint64_t kPageSize = 4096;

inline ThreadBlock* current_block() {
    ThreadBlock* block;
    asm volatile("mov %%gs:0, %0" : "=r"(block));
    return block;
}
// The program's registers while the runtime works for it: at a fixed place on the runtime stack.
inline Registers* frame_of(ThreadBlock* block) {
    return reinterpret_cast<Registers*>(block->stack_top - SCONE_FRAME_SIZE);
}
// XSAVE area (standard format), 64-byte aligned, up to 3840 bytes.
inline uint8_t* vector_area_of(ThreadBlock* block) {
    return reinterpret_cast<uint8_t*>(block->stack_top - SCONE_FRAME_RESERVE);
}
inline constexpr uint64_t kVectorAreaSize = SCONE_FRAME_RESERVE - SCONE_FRAME_SIZE;

static_assert(offsetof(ThreadBlock, self) == SCONE_BLOCK_SELF);
static_assert(offsetof(ThreadBlock, stack_top) == SCONE_BLOCK_STACK_TOP);
static_assert(offsetof(ThreadBlock, window) == SCONE_BLOCK_WINDOW);
static_assert(offsetof(ThreadBlock, exit_target) == SCONE_BLOCK_EXIT_TARGET);
static_assert(offsetof(ThreadBlock, scratch) == SCONE_BLOCK_SCRATCH);
static_assert(offsetof(ThreadBlock, state) == SCONE_BLOCK_STATE);
static_assert(offsetof(ThreadBlock, host_call_rsp) == SCONE_BLOCK_HOST_CALL_RSP);
static_assert(offsetof(ThreadBlock, pending) == SCONE_BLOCK_PENDING);
static_assert(offsetof(ThreadBlock, syscall_entry) == SCONE_BLOCK_SYSCALL_ENTRY);
static_assert(offsetof(ThreadBlock, resume_rip) == SCONE_BLOCK_RESUME_RIP);
static_assert(offsetof(ThreadBlock, event_stack) == SCONE_BLOCK_EVENT_STACK);
static_assert(offsetof(ThreadBlock, xsave_mask) == SCONE_BLOCK_XSAVE_MASK);
static_assert(sizeof(ThreadBlock) <= 2048);
static_assert(offsetof(Registers, rsp) == SCONE_REG_RSP &&
              offsetof(Registers, r15) == SCONE_REG_R15);
static_assert(offsetof(Registers, rip) == SCONE_REG_RIP &&
              offsetof(Registers, how) == SCONE_REG_STATE);
static_assert(offsetof(Registers, orig_rax) == SCONE_REG_ORIG_RAX &&
              sizeof(Registers) <= SCONE_FRAME_SIZE);

}  // namespace scone::enclave
