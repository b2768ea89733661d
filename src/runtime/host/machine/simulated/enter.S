// EENTER, ERESUME, AEX and the leaf functions of the simulated processor.
//
// Side:    host
// Rules:   GS base points at the LogicalProcessor in host mode. Signals can come at every
//          instruction here; the signal handler knows three kinds of places:
//            [resume_begin, resume_end)   goes back to scone_sim_resume_refused, nothing was lost
//            scone_sim_interruptible_*    the system call is answered with -EINTR instead
//            scone_sim_landing_*          likewise
//            all other                    continues; the signal waits in the window's queue, at
//                                         which the enclave looks before it goes on with the program
// Source:  Intel SDM volume 3D, EENTER, ERESUME, EEXIT, "Asynchronous Enclave Exits"
#include "runtime/host/machine/simulated/processor_layout.h"

    .text

// void scone_sim_enter(LogicalProcessor* rdi, Run* rsi)
    .globl scone_sim_enter
    .type scone_sim_enter, @function
    .balign 64
scone_sim_enter:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, SCONE_LP_HOST_RSP(%rdi)
    movq %rsi, SCONE_LP_RUN(%rdi)
    movq SCONE_LP_TCS(%rdi), %rbx
    movl SCONE_TCS_CSSA(%rbx), %eax
    cmpq $3, SCONE_RUN_LEAF(%rsi)
    je scone_sim_resume_begin

    // EENTER: a free SSA frame must be there; URSP and URBP go into it.
    movq SCONE_LP_ENCLAVE_GS(%rdi), %rdx
    cmpq SCONE_LP_SSA_COUNT(%rdi), %rax
    jae .Lgeneral_protection
    wrgsbase %rdx
.Lenter_with_gs:
    leaq 1(%rax), %rcx
    imulq SCONE_LP_SSA_FRAME_SIZE(%rdi), %rcx
    addq SCONE_LP_SSA_BASE(%rdi), %rcx
    movq %rsp, (SCONE_GPR_URSP - SCONE_GPR_SIZE)(%rcx)
    movq %rbp, (SCONE_GPR_URBP - SCONE_GPR_SIZE)(%rcx)
    movq SCONE_LP_ENTRY(%rdi), %r10
    movq SCONE_LP_ENCLAVE_FS(%rdi), %rcx
    movq SCONE_RUN_RDI(%rsi), %rdi
    movq SCONE_RUN_R8(%rsi), %r8
    movq SCONE_RUN_R9(%rsi), %r9
    movq SCONE_RUN_RSI(%rsi), %rsi
    wrfsbase %rcx
    leaq scone_sim_aep(%rip), %rcx
    leaq scone_sim_exit_landing(%rip), %rdx
    jmp *%r10

.Lgeneral_protection:
    movq $3, SCONE_RUN_END(%rsi)
    jmp .Lreturn

// ERESUME. Restartable up to and with the IRETQ: it is refused when signals came since the enclave
// last looked, and a signal on the way takes it back to here.
    .globl scone_sim_resume_begin
scone_sim_resume_begin:
    movq SCONE_LP_WINDOW(%rdi), %rcx
    movl SCONE_WINDOW_SIGNAL_WRITE(%rcx), %edx
    cmpl SCONE_RUN_SEEN_SIGNALS(%rsi), %edx
    jne .Lrefuse
    testl %eax, %eax
    jz .Lgeneral_protection
    // R8: end of SSA frame CSSA - 1
    imulq SCONE_LP_SSA_FRAME_SIZE(%rdi), %rax
    movq %rax, %r8
    addq SCONE_LP_SSA_BASE(%rdi), %r8
    movq %r8, %rcx
    subq SCONE_LP_SSA_FRAME_SIZE(%rdi), %rcx
    movl SCONE_LP_XFRM(%rdi), %eax
    movl SCONE_LP_XFRM + 4(%rdi), %edx
    xrstor64 (%rcx)
    subq $SCONE_GPR_SIZE, %r8
    movq SCONE_GPR_RIP(%r8), %rax
    movq %rax, SCONE_LP_IRET(%rdi)
    movq %cs, %rax
    movq %rax, SCONE_LP_IRET + 8(%rdi)
    movq SCONE_GPR_RFLAGS(%r8), %rax
    movq %rax, SCONE_LP_IRET + 16(%rdi)
    movq SCONE_GPR_RSP(%r8), %rax
    movq %rax, SCONE_LP_IRET + 24(%rdi)
    movq %ss, %rax
    movq %rax, SCONE_LP_IRET + 32(%rdi)
    decl SCONE_TCS_CSSA(%rbx)
    .globl scone_sim_resume_popped
scone_sim_resume_popped:
    movq SCONE_GPR_FSBASE(%r8), %rax
    wrfsbase %rax
    movq SCONE_GPR_GSBASE(%r8), %rax
    wrgsbase %rax
    leaq SCONE_LP_IRET(%rdi), %rsp
    movq SCONE_GPR_RAX(%r8), %rax
    movq SCONE_GPR_RCX(%r8), %rcx
    movq SCONE_GPR_RDX(%r8), %rdx
    movq SCONE_GPR_RBX(%r8), %rbx
    movq SCONE_GPR_RBP(%r8), %rbp
    movq SCONE_GPR_RSI(%r8), %rsi
    movq SCONE_GPR_RDI(%r8), %rdi
    movq SCONE_GPR_R9(%r8), %r9
    movq SCONE_GPR_R10(%r8), %r10
    movq SCONE_GPR_R11(%r8), %r11
    movq SCONE_GPR_R12(%r8), %r12
    movq SCONE_GPR_R13(%r8), %r13
    movq SCONE_GPR_R14(%r8), %r14
    movq SCONE_GPR_R15(%r8), %r15
    movq SCONE_GPR_R8(%r8), %r8
    iretq
    .globl scone_sim_resume_end
scone_sim_resume_end:

// The signal handler comes here with GS and FS of the host, RSP as in host_rsp, CSSA put right.
    .globl scone_sim_resume_refused
scone_sim_resume_refused:
    movq %gs:SCONE_LP_RUN, %rsi
.Lrefuse:
    movq $2, SCONE_RUN_END(%rsi)
    jmp .Lreturn

// AEP. The signal handler has saved the enclave's state in the SSA and set GS, FS and RSP.
    .globl scone_sim_aep
scone_sim_aep:
    movq %gs:SCONE_LP_RUN, %rcx
    movq $1, SCONE_RUN_END(%rcx)
    jmp .Lreturn

// The target of EEXIT. RSP is what the enclave left: take our own. RCX: the processor, RDX: the
// enclave's GS base, both from scone_sim_leaf_exit; FS and GS are still the enclave's, since writing
// them is dear and a plain call does without.
    .globl scone_sim_exit_landing
    .balign 64
scone_sim_exit_landing:
    movq SCONE_LP_HOST_RSP(%rcx), %rsp
    testq %rdi, %rdi
    jnz .Lto_caller
    cmpq SCONE_LP_ENCLAVE_GS(%rcx), %rdx
    jne .Lto_caller
    // A host call that is nothing but a Linux system call is carried out here, without going back
    // to C++: number, flags (interruptible or not), and its bit in scone_sim_plain_calls.
    movq SCONE_LP_WINDOW(%rcx), %r12
    movq SCONE_REQUEST_NUMBER(%r12), %rbp
    cmpq $SCONE_PLAIN_CALL_LIMIT, %rbp
    jae .Lto_caller
    movq SCONE_REQUEST_FLAGS(%r12), %r14
    cmpq $1, %r14
    ja .Lto_caller
    movl %ebp, %eax
    shrl $6, %eax
    leaq scone_sim_plain_calls(%rip), %rdx
    movq (%rdx,%rax,8), %rdx
    btq %rbp, %rdx
    jnc .Lto_caller
    cld
    movq %rcx, %r13
.Lplain_call:
    movq SCONE_REQUEST_ARGS(%r12), %rdi
    movq SCONE_REQUEST_ARGS + 8(%r12), %rsi
    movq SCONE_REQUEST_ARGS + 16(%r12), %rdx
    movq SCONE_REQUEST_ARGS + 24(%r12), %r10
    movq SCONE_REQUEST_ARGS + 32(%r12), %r8
    movq SCONE_REQUEST_ARGS + 40(%r12), %r9
    movl %ebp, %eax
    testq %r14, %r14
    jnz scone_sim_landing_begin
    syscall
    // Not interruptible: the signal waits in the queue. A closed descriptor is closed whatever close()
    // says.
    cmpq $-4, %rax
    jne .Lplain_done
    cmpl $3, %ebp
    jne .Lplain_call
.Lplain_done:
    movq %rax, SCONE_REQUEST_RESULT(%r12)
    movq %r13, %rdi
    movq SCONE_LP_RUN(%rdi), %rsi
    movq $2, SCONE_RUN_RDI(%rsi)
    movq %r12, SCONE_RUN_RSI(%rsi)
    movq SCONE_LP_TCS(%rdi), %rbx
    movl SCONE_TCS_CSSA(%rbx), %eax
    // The frame that was free before is free now.
    jmp .Lenter_with_gs

    // As scone_sim_interruptible_syscall.
    .globl scone_sim_landing_begin
scone_sim_landing_begin:
    movl SCONE_WINDOW_SIGNAL_WRITE(%r12), %ecx
    cmpl SCONE_WINDOW_SIGNAL_READ(%r12), %ecx
    jne scone_sim_landing_refused
    cmpq $0, SCONE_WINDOW_SIGNAL_OVERFLOW(%r12)
    jne scone_sim_landing_refused
    syscall
    .globl scone_sim_landing_end
scone_sim_landing_end:
    jmp .Lplain_done
    .globl scone_sim_landing_refused
scone_sim_landing_refused:
    movq $-4, %rax
    jmp .Lplain_done

.Lto_caller:
    movq SCONE_LP_HOST_FS(%rcx), %rax
    wrfsbase %rax
    wrgsbase %rcx
    movq SCONE_LP_RUN(%rcx), %rcx
    movq %rdi, SCONE_RUN_RDI(%rcx)
    movq %rsi, SCONE_RUN_RSI(%rcx)
    movq $0, SCONE_RUN_END(%rcx)
.Lreturn:
    cld
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size scone_sim_enter, . - scone_sim_enter

// EEXIT, reached by a jump from its thunk behind ELRANGE. RBX: where to. Uses no stack. Hardware
// leaves the AEP in RCX; here RCX and RDX tell the landing whose exit this is.
    .globl scone_sim_leaf_exit
    .balign 64
scone_sim_leaf_exit:
    rdgsbase %rdx
    movq %rdx, %rcx
    subq scone_sim_slots_start(%rip), %rcx
    shrq $SCONE_SLOT_SHIFT, %rcx
    cmpq scone_sim_slot_count(%rip), %rcx
    jae scone_sim_lost
    shlq $SCONE_LP_SIZE_SHIFT, %rcx
    addq scone_sim_processors(%rip), %rcx
    jmp *%rbx

// The other leaves, reached by a call from their thunk: the return address lies on the enclave's
// stack. C code does the work on the host's stack, with the enclave's FS and GS.
    .globl scone_sim_leaf_other
    .balign 64
scone_sim_leaf_other:
    pushq %r11
    rdgsbase %r11
    subq scone_sim_slots_start(%rip), %r11
    shrq $SCONE_SLOT_SHIFT, %r11
    cmpq scone_sim_slot_count(%rip), %r11
    jae scone_sim_lost
    shlq $SCONE_LP_SIZE_SHIFT, %r11
    addq scone_sim_processors(%rip), %r11
    movq %rsp, SCONE_LP_LEAF_RSP(%r11)
    movq SCONE_LP_HOST_RSP(%r11), %rsp
    andq $-16, %rsp
    // struct LeafRegisters, from its end
    subq $8, %rsp
    pushq %r11
    pushq %r10
    pushq %r9
    pushq %r8
    pushq %rdi
    pushq %rsi
    pushq $0x2
    pushq %rdx
    pushq %rcx
    pushq %rbx
    pushq %rax
    cld
    movq %r11, %rdi
    movq %rsp, %rsi
    call scone_sim_leaf_dispatch
    movq 32(%rsp), %rax
    // OF is cleared by the test, the others come from RFLAGS.
    testl %eax, %eax
    shll $8, %eax
    testl %eax, %eax
    sahf
    movq 0(%rsp), %rax
    movq 8(%rsp), %rbx
    movq 16(%rsp), %rcx
    movq 24(%rsp), %rdx
    movq 40(%rsp), %rsi
    movq 48(%rsp), %rdi
    movq 56(%rsp), %r8
    movq 64(%rsp), %r9
    movq 72(%rsp), %r10
    movq 80(%rsp), %r11
    movq SCONE_LP_LEAF_RSP(%r11), %rsp
    popq %r11
    ret

// GS base does not lie in any thread slot: there is no state from which to go on.
scone_sim_lost:
    cld
    leaq -4096(%rsp), %rsp
    andq $-16, %rsp
    call scone_sim_lost_processor
    ud2

// uint64_t scone_sim_call_hosted(uint64_t (*rdi)(void*), void* rsi, uint64_t fs rdx, void* xsave rcx)
// Calls ordinary C++ from a leaf: the host's FS, the vector state kept (x87, SSE, AVX, AVX-512).
    .globl scone_sim_call_hosted
    .type scone_sim_call_hosted, @function
scone_sim_call_hosted:
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    movq %rdi, %r8
    movq %rcx, %r12
    rdfsbase %rbx
    movl $0xe7, %eax
    movq %rdx, %r9
    xorl %edx, %edx
    xsave64 (%r12)
    wrfsbase %r9
    fninit
    pushq $0x1f80
    ldmxcsr (%rsp)
    andq $-16, %rsp
    movq %rsi, %rdi
    call *%r8
    movq %rax, %r8
    wrfsbase %rbx
    movl $0xe7, %eax
    xorl %edx, %edx
    xrstor64 (%r12)
    movq %r8, %rax
    leaq -16(%rbp), %rsp
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size scone_sim_call_hosted, . - scone_sim_call_hosted

// int64_t scone_sim_interruptible_syscall(HostRequest* rdi, HostWindow* rsi): -EINTR when a signal
// is queued already, or comes before the kernel has taken the call.
    .globl scone_sim_interruptible_syscall
    .type scone_sim_interruptible_syscall, @function
scone_sim_interruptible_syscall:
    movq %rsi, %rcx
    movq 0(%rdi), %rax
    movq 16(%rdi), %rsi
    movq 24(%rdi), %rdx
    movq 32(%rdi), %r10
    movq 40(%rdi), %r8
    movq 48(%rdi), %r9
    movq 8(%rdi), %rdi
    .globl scone_sim_interruptible_begin
scone_sim_interruptible_begin:
    movl SCONE_WINDOW_SIGNAL_WRITE(%rcx), %r11d
    cmpl SCONE_WINDOW_SIGNAL_READ(%rcx), %r11d
    jne scone_sim_interruptible_refused
    cmpq $0, SCONE_WINDOW_SIGNAL_OVERFLOW(%rcx)
    jne scone_sim_interruptible_refused
    syscall
    .globl scone_sim_interruptible_end
scone_sim_interruptible_end:
    ret
    .globl scone_sim_interruptible_refused
scone_sim_interruptible_refused:
    movq $-4, %rax
    ret
    .size scone_sim_interruptible_syscall, . - scone_sim_interruptible_syscall

// The signal handler's way back into the kernel.
    .globl scone_sim_restorer
    .type scone_sim_restorer, @function
    .balign 16
    nop
scone_sim_restorer:
    movl $15, %eax
    syscall
    .size scone_sim_restorer, . - scone_sim_restorer

// int64_t scone_sim_clone(flags rdi, stack rsi, parent_tid rdx, child_tid r10<-rcx, entry r8, arg r9)
// The child calls entry(arg) on its own stack and must not return.
    .globl scone_sim_clone
    .type scone_sim_clone, @function
scone_sim_clone:
    pushq %r12
    pushq %r13
    movq %rcx, %r10
    movq %r8, %r12
    movq %r9, %r13
    xorl %r8d, %r8d
    movl $56, %eax
    syscall
    testq %rax, %rax
    jnz 1f
    xorl %ebp, %ebp
    movq %r13, %rdi
    call *%r12
    ud2
1:  popq %r13
    popq %r12
    ret
    .size scone_sim_clone, . - scone_sim_clone

// [[noreturn]] void scone_sim_exit_thread(uint32_t* busy rdi): the last steps of a thread; from the
// store on its stack may be another's, so nothing touches it. All signals are blocked.
    .globl scone_sim_exit_thread
    .type scone_sim_exit_thread, @function
scone_sim_exit_thread:
    movl $0, (%rdi)
    xorl %edi, %edi
    movl $60, %eax
    syscall
    ud2
    .size scone_sim_exit_thread, . - scone_sim_exit_thread

    .section .note.GNU-stack,"",@progbits
