// One system call site of each class that a rewriter knows, on getppid, nanosleep and read.
    .text
    .globl rewriting_text_start
rewriting_text_start:
    .fill 128, 1, 0xf8          // clc: code that falls into what follows

    // long previous(): one instruction of five bytes in front
    .globl site_previous
site_previous:
    mov $110, %eax
    syscall
    ret
    .balign 16

    // long previous_several(long number)
    .globl site_previous_several
site_previous_several:
    jmp 1f
1:  mov %rdi, %rax
    mov %eax, %edi
    syscall
    ret
    .balign 16

    // long mixed(long number, const void* a, void* b): nothing long enough in front alone
    .globl site_mixed
site_mixed:
    mov $35, %eax               // evidence that a system call follows: a number
    mov %rdi, %rcx
    mov %rsi, %rdi
    mov %rdx, %rsi
    jmp 1f
1:  mov %rcx, %rax
    syscall
    test %rax, %rax
    ret
    .balign 16

    // long next(long number, long a, void* b, long c): the instructions behind move
    .globl site_next
site_next:
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    jmp 1f
1:  syscall
    cmp $-4095, %rax
    jae 2f
    ret
2:  ret
    .balign 16

    // long next_returns(long number): only the return stands behind, then padding
    .globl site_next_returns
site_next_returns:
    mov $35, %eax               // evidence, as above
    mov %rdi, %rax
    jmp 1f
1:  syscall
    ret
    nopl 0(%rax)
    .balign 16
    .globl rewriting_text_end
rewriting_text_end:
    .section .note.GNU-stack, "", @progbits
