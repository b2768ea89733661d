// Ways into the enclave, out of it, and between the runtime and the program.
//
// Nothing here uses the program's stack: leaf functions of programs keep data in the red zone.
// FS belongs to the program and is not touched but around an exit; GS is the ThreadBlock.
// Source: SDM 3D EENTER, EEXIT, ERESUME; docs/formats/host-boundary.md
#include "runtime/trusted/enclave/offsets.h"

    .text

// An enclu instruction in a slot of 8 bytes that the simulated machine may replace by a jump.
.macro ENCLU
    .balign 8
.Lslot\@:
    .byte 0x0f, 0x01, 0xd7, 0x0f, 0x1f, 0x44, 0x00, 0x00
    .pushsection .scone.enclu_slots, "aR"
    .quad .Lslot\@ - .
    .popsection
.endm

// Nothing of the enclave's registers goes out but what is meant to.
.macro SCRUB
    xor %ecx, %ecx
    xor %edx, %edx
    xor %esi, %esi
    xor %ebp, %ebp
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    xor %r11d, %r11d
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
.endm

// EENTER arrives here: RAX CSSA, RBX TCS, RDI reason, RSI window, RDX exit target.
    .globl scone_enclave_entry
    .type scone_enclave_entry, @function
scone_enclave_entry:
    cld
    test %rax, %rax
    jnz .Levent
    cmp $2, %rdi
    je .Lhost_call_return
    cmp $1, %rdi
    ja .Lbad_entry
    // A new thread of control on this TCS. Its block says whether that is expected (C++ checks).
    lea SCONE_SLOT_STACK_TOP - SCONE_FRAME_RESERVE(%rbx), %rsp
    xor %ebp, %ebp
    mov %rbx, %rcx
    call scone_enter_thread
.Lbad_entry:
    ud2

.Lhost_call_return:
    cmpq $SCONE_STATE_HOST_CALL, %gs:SCONE_BLOCK_STATE
    jne .Lbad_entry
    movq $SCONE_STATE_INSIDE, %gs:SCONE_BLOCK_STATE
    mov %gs:SCONE_BLOCK_HOST_CALL_RSP, %rsp
    // The host chose RFLAGS: AC and the arithmetic flags are set to a known state.
    pushq $0x202
    popfq
    pop %rax
    wrfsbase %rax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

// An AEX happened and the host reports it. CSSA must be 1: events inside this code are not served.
.Levent:
    cmp $1, %rax
    jne .Lbad_entry
    mov %gs:SCONE_BLOCK_EVENT_STACK, %rsp
    test %rsp, %rsp
    jz .Lbad_entry
    pushq $0x202
    popfq
    mov %rbx, %rdi
    xor %ebp, %ebp
    call scone_handle_event
    mov $1, %edi
    SCRUB
    mov %gs:SCONE_BLOCK_EXIT_TARGET, %rbx
    mov $4, %eax
    ENCLU
    ud2

// void scone_host_call_exit(): the request stands in the window; comes back with its result there.
    .globl scone_host_call_exit
    .type scone_host_call_exit, @function
scone_host_call_exit:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    rdfsbase %rax
    push %rax
    mov %rsp, %gs:SCONE_BLOCK_HOST_CALL_RSP
    movq $SCONE_STATE_HOST_CALL, %gs:SCONE_BLOCK_STATE
    xor %edi, %edi
    SCRUB
    mov %gs:SCONE_BLOCK_EXIT_TARGET, %rbx
    mov $4, %eax
    ENCLU
    ud2

// [[noreturn]] void scone_exit_and_release(uint8_t* word, uint8_t value): leaves like
// scone_host_call_exit, for good. The store is the last thing done with enclave memory: after it
// another thread may be given this slot.
    .globl scone_exit_and_release
    .type scone_exit_and_release, @function
scone_exit_and_release:
    mov %rdi, %rcx
    mov %esi, %edx
    mov %gs:SCONE_BLOCK_EXIT_TARGET, %rbx
    xor %edi, %edi
    mov $4, %eax
    mov %dl, (%rcx)
    SCRUB
    ENCLU
    ud2

// uint64_t scone_leaf(rax, rbx, rcx, rdx): any leaf but EEXIT. Returns RAX.
    .globl scone_leaf
    .type scone_leaf, @function
scone_leaf:
    push %rbx
    mov %rdi, %rax
    mov %rsi, %rbx
    xchg %rdx, %rcx
    ENCLU
    pop %rbx
    ret

// Rewritten system call sites jump here; trapped ones are resumed here by scone_handle_event.
// RCX: where the program goes on. All other registers as the program had them.
    .globl scone_syscall_entry
    .type scone_syscall_entry, @function
scone_syscall_entry:
    mov %rsp, %gs:SCONE_BLOCK_SCRATCH
    mov %gs:SCONE_BLOCK_STACK_TOP, %rsp
    sub $SCONE_FRAME_RESERVE, %rsp
#define FRAME(reg) (SCONE_FRAME_RESERVE - SCONE_FRAME_SIZE + SCONE_REG_##reg)(%rsp)
    mov %rax, FRAME(RAX)
    mov %rax, FRAME(ORIG_RAX)
    mov %rbx, FRAME(RBX)
    mov %rcx, FRAME(RCX)
    mov %rcx, FRAME(RIP)
    mov %rdx, FRAME(RDX)
    mov %rsi, FRAME(RSI)
    mov %rdi, FRAME(RDI)
    mov %rbp, FRAME(RBP)
    mov %r8, FRAME(R8)
    mov %r9, FRAME(R9)
    mov %r10, FRAME(R10)
    movq $0x202, FRAME(R11)
    movq $0x202, FRAME(RFLAGS)
    mov %r12, FRAME(R12)
    mov %r13, FRAME(R13)
    mov %r14, FRAME(R14)
    mov %r15, FRAME(R15)
    movq $0, FRAME(STATE)
    mov %gs:SCONE_BLOCK_SCRATCH, %rax
    mov %rax, FRAME(RSP)
    lea SCONE_FRAME_RESERVE - SCONE_FRAME_SIZE(%rsp), %rdi
    cld
    xor %ebp, %ebp
    call scone_syscall
    jmp scone_return_to_program

// Goes back to the program with the registers of the frame. [scone_return_begin,
// scone_return_end) is a window: an event inside it is restarted at scone_return_begin with RSP
// at the frame, so that a signal that came meanwhile is seen by the test of `pending`.
    .globl scone_return_to_program
    .globl scone_return_begin
    .globl scone_return_end
scone_return_to_program:
    mov %gs:SCONE_BLOCK_STACK_TOP, %rsp
    sub $SCONE_FRAME_RESERVE, %rsp
scone_return_begin:
    cmpq $0, %gs:SCONE_BLOCK_PENDING
    jne .Lpending
    cmpq $0, FRAME(STATE)
    jne .Lfull
    mov FRAME(RBX), %rbx
    mov FRAME(RDX), %rdx
    mov FRAME(RSI), %rsi
    mov FRAME(RDI), %rdi
    mov FRAME(RBP), %rbp
    mov FRAME(R8), %r8
    mov FRAME(R9), %r9
    mov FRAME(R10), %r10
    mov FRAME(R11), %r11
    mov FRAME(R12), %r12
    mov FRAME(R13), %r13
    mov FRAME(R14), %r14
    mov FRAME(R15), %r15
    mov FRAME(RAX), %rax
    mov FRAME(RIP), %rcx
    mov FRAME(RSP), %rsp
    jmp *%rcx
.Lfull:
    mov %gs:SCONE_BLOCK_XSAVE_MASK, %eax
    mov %gs:SCONE_BLOCK_XSAVE_MASK+4, %edx
    xrstor64 (%rsp)
    mov FRAME(RIP), %rax
    mov %rax, %gs:SCONE_BLOCK_RESUME_RIP
    mov FRAME(RBX), %rbx
    mov FRAME(RCX), %rcx
    mov FRAME(RDX), %rdx
    mov FRAME(RSI), %rsi
    mov FRAME(RDI), %rdi
    mov FRAME(RBP), %rbp
    mov FRAME(R8), %r8
    mov FRAME(R9), %r9
    mov FRAME(R10), %r10
    mov FRAME(R11), %r11
    mov FRAME(R12), %r12
    mov FRAME(R13), %r13
    mov FRAME(R14), %r14
    mov FRAME(R15), %r15
    mov FRAME(RAX), %rax
    // The word below the save area is free: C++ code of this entry is over.
    pushq FRAME(RFLAGS)
    popfq
    mov FRAME(RSP), %rsp
    jmp *%gs:SCONE_BLOCK_RESUME_RIP
scone_return_end:
.Lpending:
    lea SCONE_FRAME_RESERVE - SCONE_FRAME_SIZE(%rsp), %rdi
    cld
    xor %ebp, %ebp
    call scone_before_return
    jmp scone_return_to_program

// Phase two of an exception or signal in the program: scone_handle_event resumed the thread here,
// on its runtime stack, with the program's registers and vector state in the frame.
// RDI: the frame, RSI: vector, RDX: address, RCX: error code; vector -1: only signals are queued.
    .globl scone_event_entry
scone_event_entry:
    cld
    xor %ebp, %ebp
    call scone_program_event
    jmp scone_return_to_program

// void scone_save_vectors(area): the program's vector state, which the runtime never touches.
    .globl scone_save_vectors
scone_save_vectors:
    mov %gs:SCONE_BLOCK_XSAVE_MASK, %eax
    mov %gs:SCONE_BLOCK_XSAVE_MASK+4, %edx
    xsave64 (%rdi)
    ret
    .globl scone_restore_vectors
scone_restore_vectors:
    mov %gs:SCONE_BLOCK_XSAVE_MASK, %eax
    mov %gs:SCONE_BLOCK_XSAVE_MASK+4, %edx
    xrstor64 (%rdi)
    ret

// size_t scone_copy_program(to, from, size): memory of the program on one side; hands back how many
// bytes were not copied. A page fault inside [begin, end) goes on at end.
    .globl scone_copy_program
    .globl scone_copy_begin
    .globl scone_copy_end
scone_copy_program:
    mov %rdx, %rcx
scone_copy_begin:
    // A string instruction takes longer to start than a few words to move. Aligned words on the
    // program's side lie in one page, so the count is right at a fault.
    cmp $64, %rcx
    ja .Lcopy_bytes
    mov %esi, %eax
    or %edi, %eax
    or %ecx, %eax
    test $7, %al
    jnz .Lcopy_bytes
    test %rcx, %rcx
    jz scone_copy_end
.Lcopy_word:
    mov (%rsi), %rax
    mov %rax, (%rdi)
    add $8, %rsi
    add $8, %rdi
    sub $8, %rcx
    jnz .Lcopy_word
    jmp scone_copy_end
.Lcopy_bytes:
    rep movsb
scone_copy_end:
    mov %rcx, %rax
    ret

// uint64_t scone_probe_vaes(), scone_probe_sha(): 1 when VAES on 512-bit registers, or the SHA-256
// instructions, work; an invalid opcode inside [begin, end) goes on at scone_probe_fault.
    .globl scone_probe_vaes
    .globl scone_probe_sha
    .globl scone_probe_begin
    .globl scone_probe_end
    .globl scone_probe_fault
scone_probe_vaes:
scone_probe_begin:
    vaesenc %zmm31, %zmm31, %zmm31
    vpclmulqdq $0, %zmm31, %zmm31, %zmm31
    jmp scone_probe_end
scone_probe_sha:
    sha256msg1 %xmm1, %xmm1
    pshufb %xmm1, %xmm1
    pblendw $0, %xmm1, %xmm1
scone_probe_end:
    mov $1, %eax
    ret
scone_probe_fault:
    xor %eax, %eax
    ret

// uint64_t scone_cas32_program(address, expected, desired, uint32_t* seen): atomic compare and
// exchange on the program's memory. 0: done, seen = old value; 1: fault.
    .globl scone_cas32_program
    .globl scone_atomic_begin
    .globl scone_atomic_end
    .globl scone_atomic_fault
scone_cas32_program:
    mov %esi, %eax
scone_atomic_begin:
    lock cmpxchg %edx, (%rdi)
scone_atomic_end:
    mov %eax, (%rcx)
    xor %eax, %eax
    ret
scone_atomic_fault:
    mov $1, %eax
    ret

// [[noreturn]] void scone_switch_stack_and_call(stack, function, argument)
    .globl scone_switch_stack_and_call
scone_switch_stack_and_call:
    mov %rdi, %rsp
    mov %rdx, %rdi
    xor %ebp, %ebp
    call *%rsi
    ud2

    .section .note.GNU-stack, "", @progbits
