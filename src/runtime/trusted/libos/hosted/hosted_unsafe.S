// Switches between the core and the hosted layer, and the entries of its rewritten instructions.
    .text

// void scone_hosted_switch(uint64_t* save_stack, uint64_t to_stack)
    .globl scone_hosted_switch
    .type scone_hosted_switch, @function
scone_hosted_switch:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

// First instruction of the hosted layer: the C library's start code wants RDX zero.
    .globl scone_hosted_start
scone_hosted_start:
    xor %edx, %edx
    xor %ebp, %ebp
    jmp _start

// RCX: continuation. The code around it may use the red zone and expects Linux's clobbers only.
    .globl scone_provisioning_syscall_entry
    .type scone_provisioning_syscall_entry, @function
scone_provisioning_syscall_entry:
    lea -128(%rsp), %rsp
    push %rbp
    mov %rsp, %rbp
    push %rcx
    push %rdi
    push %rsi
    push %rdx
    push %r10
    push %r8
    push %r9
    push %r9
    push %r8
    push %r10
    push %rdx
    push %rsi
    push %rdi
    mov %rsp, %rsi
    mov %rax, %rdi
    and $-16, %rsp
    cld
    call scone_hosted_syscall
    lea -56(%rbp), %rsp
    pop %r9
    pop %r8
    pop %r10
    pop %rdx
    pop %rsi
    pop %rdi
    pop %rcx
    pop %rbp
    lea 128(%rsp), %rsp
    jmp *%rcx

// RDX: continuation; RAX and RCX: leaf and subleaf. Out: RAX, RBX, RCX, RDX.
    .globl scone_provisioning_cpuid_entry
    .type scone_provisioning_cpuid_entry, @function
scone_provisioning_cpuid_entry:
    lea -128(%rsp), %rsp
    push %rbp
    mov %rsp, %rbp
    push %rdx
    push %rdi
    push %rsi
    push %r8
    push %r9
    push %r10
    push %r11
    sub $24, %rsp
    and $-16, %rsp
    mov %eax, %edi
    mov %ecx, %esi
    mov %rsp, %rdx
    cld
    call scone_hosted_cpuid
    mov (%rsp), %eax
    mov 4(%rsp), %ebx
    mov 8(%rsp), %ecx
    mov 12(%rsp), %edx
    lea -56(%rbp), %rsp
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rsi
    pop %rdi
    // The continuation goes below the red zone's end, where nobody looks.
    mov (%rbp), %rbp
    lea 16+128(%rsp), %rsp
    jmp *-16-128(%rsp)

// struct DeferredPages of hosted/deferred_pages.h; tools/enclave_image fills it after the link. Not
// in C++: the compiler must not know its content.
    .section .scone.deferred, "aR", @progbits
    .balign 8
    .globl scone_deferred_pages
    .hidden scone_deferred_pages
scone_deferred_pages:
    .space 280

    .section .note.GNU-stack, "", @progbits
