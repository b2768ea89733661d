// The test enclave's ways in and out. Its thread block (GS): +0 stack pointer during a host call,
// +8 exit target, +16 window.
    .macro ENCLU
    .balign 8
1:  .byte 0x0f, 0x01, 0xd7, 0x0f, 0x1f, 0x44, 0x00, 0x00
    .pushsection .note.scone, "a", @note
    .balign 4
    .long 6, 8, 2
    .asciz "SCONE"
    .balign 4
    .quad 1b - .
    .popsection
    .endm

    .section .note.scone, "a", @note
    .balign 4
    .long 6, 8, 1
    .asciz "SCONE"
    .balign 4
    .quad 0xF80000000

    .text
    .globl enclave_entry
enclave_entry:
    testq %rax, %rax
    jnz .Levent
    cmpq $2, %rdi
    je .Lreturned
    leaq 0x40000(%rbx), %rsp
    movq %rdx, %gs:8
    movq %rsi, %gs:16
    movq %rbx, %rsi
    movq %r8, %rdx
    call enclave_main
    ud2
.Lreturned:
    movq %gs:0, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
.Levent:
    // The event stack: the second half of the thread block's pages.
    leaq 0x6000(%rbx), %rsp
    movq %rbx, %rdi
    call enclave_event
    movl $1, %edi
    movq %gs:8, %rbx
    movl $4, %eax
    ENCLU
    ud2

    .globl exit_to_host
exit_to_host:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %gs:0
    xorl %edi, %edi
    movq %gs:8, %rbx
    movl $4, %eax
    ENCLU
    ud2

// LeafResult leaf(rax, rbx, rcx, rdx): RAX, and in RDX the flags after it.
    .globl enclave_leaf
enclave_leaf:
    pushq %rbx
    movq %rdi, %rax
    movq %rsi, %rbx
    xchgq %rdx, %rcx
    // All arithmetic flags set before: the leaf must clear them.
    cmpb $0x81, %al
    ENCLU
    pushfq
    popq %rdx
    popq %rbx
    ret

// uint64_t trap_with_known_registers(uint64_t* seen): loads every register, executes SYSCALL, and
// compares after it. Returns a mask of registers that changed; *seen = RAX.
    .globl trap_with_known_registers
trap_with_known_registers:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdi
    movl $0x11111111, %ebx
    movl $0x22222222, %ebp
    movl $0x33333333, %edx
    movl $0x44444444, %esi
    movl $0x55555555, %edi
    movl $0x66666666, %r8d
    movl $0x77777777, %r9d
    movl $0x08888888, %r10d
    movl $0x12121212, %r12d
    movl $0x13131313, %r13d
    movl $0x14141414, %r14d
    movl $0x15151515, %r15d
    movq %rbx, %xmm0
    movq %r15, %xmm15
    movl $777, %eax
    .globl trap_site
trap_site:
    syscall
    popq %r11
    movq %rax, (%r11)
    xorl %eax, %eax
    .macro EXPECT value, register, bit
    cmpq $\value, \register
    je 2f
    orl $(1 << \bit), %eax
2:
    .endm
    EXPECT 0x11111111, %rbx, 0
    EXPECT 0x22222222, %rbp, 1
    EXPECT 0x33333333, %rdx, 2
    EXPECT 0x44444444, %rsi, 3
    EXPECT 0x55555555, %rdi, 4
    EXPECT 0x66666666, %r8, 5
    EXPECT 0x77777777, %r9, 6
    EXPECT 0x08888888, %r10, 7
    EXPECT 0x12121212, %r12, 8
    EXPECT 0x13131313, %r13, 9
    EXPECT 0x14141414, %r14, 10
    EXPECT 0x15151515, %r15, 11
    movq %xmm0, %rcx
    EXPECT 0x11111111, %rcx, 12
    movq %xmm15, %rcx
    EXPECT 0x15151515, %rcx, 13
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

// uint64_t spin_with_known_registers(uint64_t rounds): a loop whose registers and vector registers
// must stay what they are, whatever interrupts it. Returns 0, or the round in which one changed.
    .globl spin_with_known_registers
spin_with_known_registers:
    pushq %rbx
    pushq %r12
    pushq %r13
    movq %rdi, %r13
    movabsq $0x0123456789abcdef, %rbx
    movabsq $0xfedcba9876543210, %r12
    movq %rbx, %xmm3
    movq %r12, %xmm4
3:  movq %xmm3, %rax
    cmpq %rbx, %rax
    jne 4f
    movq %xmm4, %rax
    cmpq %r12, %rax
    jne 4f
    leaq (%rbx,%r12), %rax
    cmpq $-1, %rax
    jne 4f
    decq %r13
    jnz 3b
4:  movq %r13, %rax
    popq %r13
    popq %r12
    popq %rbx
    ret

    .globl fault_site, fault_recovery
// uint64_t read_with_recovery(address): the value there, or what the event handler put into RAX.
    .globl read_with_recovery
read_with_recovery:
fault_site:
    movq (%rdi), %rax
    ret
    .globl run_ud2, run_int3, run_divide
run_ud2:
    ud2
    ret
run_int3:
    int3
    ret
run_divide:
    xorl %edx, %edx
    movl $1, %eax
    xorl %ecx, %ecx
    divl %ecx
    ret

    .section .note.GNU-stack,"",@progbits
