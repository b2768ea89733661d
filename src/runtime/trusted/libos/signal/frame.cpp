// The frame of a signal handler on the program's stack, exactly as Linux lays it out.
//
// Source: Linux, arch/x86/kernel/signal_64.c and uapi sigcontext.h, ucontext.h (layouts are facts)
#include "lib/base/checked.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/rewrite/hook.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/process.h"

extern "C" {
void scone_save_vectors(void* area);
}

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Registers;

struct SigContext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, old_mask, cr2, fpstate;
    uint64_t reserved[8];
};
static_assert(sizeof(SigContext) == 256);

struct UContext {
    uint64_t flags, link;
    SigStack stack;
    SigContext context;
    uint64_t mask;
};

struct Frame {
    uint64_t return_address;
    UContext ucontext;
    SigInfo info;
};

constexpr uint64_t kRedZone = 128;
constexpr uint64_t kUcFpXstate = 1, kUcSigcontextSs = 2, kUcStrictRestoreSs = 4;
constexpr uint32_t kFpXstateMagic1 = 0x46505853, kFpXstateMagic2 = 0x46505845;
constexpr uint64_t kSoftwareBytes = 464;               // offset of sw_reserved in the FXSAVE area
constexpr uint64_t kLegacySize = 576;                  // FXSAVE area and XSAVE header
constexpr uint64_t kUserFlags = 0x3f0dd5 & ~0x100ull;  // what a program may set, without TF

uint32_t xstate_size(uint64_t mask) {
    // Standard format: the offset and size of the last component (SDM 1, 13.4).
    if (mask & 0xe0)
        return 2688;
    return mask & 4 ? 832 : kLegacySize;
}

bool lies_on(const SigStack& stack, uint64_t rsp) {
    return rsp - stack.pointer - 1 < stack.size;
}

SigContext context_of(const Registers& r, const Thread& thread) {
    SigContext c{};
    c.r8 = r.r8, c.r9 = r.r9, c.r10 = r.r10, c.r11 = r.r11;
    c.r12 = r.r12, c.r13 = r.r13, c.r14 = r.r14, c.r15 = r.r15;
    c.rdi = r.rdi, c.rsi = r.rsi, c.rbp = r.rbp, c.rbx = r.rbx;
    c.rdx = r.rdx, c.rax = r.rax, c.rcx = r.rcx, c.rsp = r.rsp;
    c.rip = r.rip, c.rflags = r.rflags;
    c.cs = 0x33, c.ss = 0x2b;
    c.old_mask = thread.mask;
    c.cr2 = thread.fault.address;
    c.trap = thread.fault.trap;
    c.error = thread.fault.error;
    return c;
}

}  // namespace

bool is_on_alternate_stack(const SigStack& stack, uint64_t rsp) {
    return !(stack.flags & (kSS_DISABLE | kSS_AUTODISARM)) && lies_on(stack, rsp);
}

bool push_handler_frame(Thread& thread, Registers& frame, const SigInfo& info,
                        const SigAction& action, SignalMask mask_to_restore) {
    uint8_t* vectors = enclave::vector_area_of(thread.block);
    if (!thread.vectors_in_frame) {
        // The runtime does not touch vector registers: they still are the program's.
        __builtin_memset(vectors + 512, 0, 64);
        scone_save_vectors(vectors);
        thread.vectors_in_frame = true;
    }
    uint64_t stack = frame.rsp - kRedZone;
    SigStack stack_now = thread.alternate_stack;
    bool on_alternate = is_on_alternate_stack(stack_now, frame.rsp);
    if ((action.flags & kSA_ONSTACK) && stack_now.size != 0 && !on_alternate) {
        stack = stack_now.pointer + stack_now.size;
        on_alternate = true;
    }
    uint64_t mask = thread.block->xsave_mask;
    uint32_t size = xstate_size(mask);
    uint64_t fpstate = base::round_down(stack - size - 4, 64);
    uint64_t at = base::round_down(fpstate - sizeof(Frame), 16) - 8;
    if (on_alternate && !lies_on(stack_now, at))
        return false;  // it overflowed

    Frame out{};
    out.return_address = action.restorer;
    out.ucontext.flags = kUcFpXstate | kUcSigcontextSs | kUcStrictRestoreSs;
    out.ucontext.stack = stack_now;
    out.ucontext.context = context_of(frame, thread);
    out.ucontext.context.fpstate = fpstate;
    out.ucontext.mask = mask_to_restore;
    out.info = info;
    // struct _fpx_sw_bytes: lets the program know how much state there is.
    uint8_t* software = vectors + kSoftwareBytes;
    __builtin_memset(software, 0, 48);
    uint32_t extended = size + 4;
    __builtin_memcpy(software, &kFpXstateMagic1, 4);
    __builtin_memcpy(software + 4, &extended, 4);
    __builtin_memcpy(software + 8, &mask, 8);
    __builtin_memcpy(software + 16, &size, 4);
    if (!copy_to_program(fpstate, vectors, size) ||
        !copy_to_program(fpstate + size, &kFpXstateMagic2, 4) ||
        !copy_to_program(at, &out, sizeof out))
        return false;
    if (stack_now.flags & kSS_AUTODISARM)
        thread.alternate_stack = {0, kSS_DISABLE, 0, 0};
    frame.rsp = at;
    frame.rip = action.handler;
    frame.rdi = static_cast<uint64_t>(info.number);
    frame.rsi = at + offsetof(Frame, info);
    frame.rdx = at + offsetof(Frame, ucontext);
    frame.rax = 0;
    frame.rflags = 0x202;
    frame.how = enclave::Return::Full;
    return true;
}

void return_from_handler(Thread& thread, Registers& frame) {
    UContext in;
    uint8_t* vectors = enclave::vector_area_of(thread.block);
    uint32_t size = xstate_size(thread.block->xsave_mask);
    bool good = copy_from_program(&in, frame.rsp, sizeof in).has_value();
    if (good && in.context.fpstate != 0) {
        good = copy_from_program(vectors, in.context.fpstate, size).has_value();
        // What XRSTOR would fault on: unknown components, compacted format, MXCSR bits.
        uint64_t features;
        __builtin_memcpy(&features, vectors + 512, 8);
        features &= thread.block->xsave_mask;
        uint32_t magic;
        __builtin_memcpy(&magic, vectors + kSoftwareBytes, 4);
        if (magic != kFpXstateMagic1)
            features = 3;  // the program gave only the FXSAVE part
        __builtin_memset(vectors + 512, 0, 64);
        __builtin_memcpy(vectors + 512, &features, 8);
        uint32_t mxcsr;
        __builtin_memcpy(&mxcsr, vectors + 24, 4);
        mxcsr &= 0xffff;
        __builtin_memcpy(vectors + 24, &mxcsr, 4);
    } else if (good) {
        scone_save_vectors(vectors);
    }
    if (!good) {
        SigInfo fault{};
        fault.number = kSIGSEGV;
        fault.code = kSI_KERNEL;
        force_signal(fault);
        return;
    }
    const SigContext& c = in.context;
    frame = Registers{c.rax,
                      c.rbx,
                      c.rcx,
                      c.rdx,
                      c.rsi,
                      c.rdi,
                      c.rbp,
                      c.rsp,
                      c.r8,
                      c.r9,
                      c.r10,
                      c.r11,
                      c.r12,
                      c.r13,
                      c.r14,
                      c.r15,
                      execution_address(*thread.process->memory, c.rip),
                      (c.rflags & kUserFlags) | 0x202,
                      ~0ull,
                      enclave::Return::Full};
    thread.vectors_in_frame = true;
    thread.mask = in.mask & ~kUnblockable;
    // What waited for the handler's end is delivered now.
    thread.block->pending.store(1, std::memory_order_relaxed);
    // As sigaltstack() of these values, whose errors nobody sees.
    uint32_t mode = in.stack.flags & ~kSS_AUTODISARM;
    if (!is_on_alternate_stack(thread.alternate_stack, frame.rsp) &&
        (mode == 0 || mode == kSS_DISABLE))
        thread.alternate_stack = mode == kSS_DISABLE ? SigStack{0, in.stack.flags, 0, 0} : in.stack;
}

}  // namespace scone::libos
