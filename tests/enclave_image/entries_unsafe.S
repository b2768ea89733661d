// Stands for the runtime's entries: does natively what the rewritten instruction would have done.
    .text
    .globl scone_provisioning_syscall_entry
    .type scone_provisioning_syscall_entry, @function
scone_provisioning_syscall_entry:      // continuation in RCX
    lock incq syscall_entry_count(%rip)
    lea -136(%rsp), %rsp
    mov %rcx, (%rsp)
    syscall
    mov (%rsp), %rcx
    lea 136(%rsp), %rsp
    jmp *%rcx
    .size scone_provisioning_syscall_entry, . - scone_provisioning_syscall_entry

    .globl scone_provisioning_cpuid_entry
    .type scone_provisioning_cpuid_entry, @function
scone_provisioning_cpuid_entry:        // continuation in RDX
    lock incq cpuid_entry_count(%rip)
    lea -136(%rsp), %rsp
    mov %rdx, (%rsp)
    cpuid
    lea 136(%rsp), %rsp
    jmp *-136(%rsp)
    .size scone_provisioning_cpuid_entry, . - scone_provisioning_cpuid_entry

    .globl example_slot
    .balign 8
example_slot:
    .byte 0x0f, 0x01, 0xd7, 0x0f, 0x1f, 0x44, 0x00, 0x00
    .pushsection .scone.enclu_slots, "aR"
    .quad example_slot - .
    .popsection

    .bss
    .globl syscall_entry_count
    .globl cpuid_entry_count
    .balign 8
syscall_entry_count: .quad 0
cpuid_entry_count:   .quad 0
    .section .note.GNU-stack, "", @progbits
