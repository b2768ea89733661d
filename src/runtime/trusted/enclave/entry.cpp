// Entry of threads and first phase of events: the C++ half of entry_unsafe.S.
#include "runtime/trusted/enclave/entry.h"

#include <atomic>

#include "lib/base/bytes.h"
#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/enclave/ssa.h"
#include "runtime/trusted/enclave/upcalls.h"

extern "C" {
extern const uint8_t scone_return_begin[], scone_return_end[], scone_return_to_program[];
extern const uint8_t scone_copy_begin[], scone_copy_end[];
extern const uint8_t scone_probe_begin[], scone_probe_end[], scone_probe_fault[];
extern const uint8_t scone_atomic_begin[], scone_atomic_end[], scone_atomic_fault[];
void scone_syscall_entry();
void scone_event_entry();
}

namespace scone::enclave {
namespace {

std::atomic<bool> started;

uint64_t address_of(const uint8_t* label) {
    return reinterpret_cast<uint64_t>(label);
}
bool between(uint64_t value, const uint8_t* begin, const uint8_t* end) {
    return value >= address_of(begin) && value < address_of(end);
}

// HOST: the window must lie outside; what the host then does to it can only hurt availability,
// since every value read from it is checked where it is used.
void adopt_window(ThreadBlock* block, uint64_t window, uint64_t exit_target) {
    if (window % kPageSize != 0 || !is_host_range(window, boundary::kWindowHeaderSize) ||
        !is_host_range(exit_target, 1))
        __builtin_trap();
    block->window = reinterpret_cast<boundary::HostWindow*>(window);
    uint64_t data_size = host_load(&block->window->data_size);
    if (data_size < kMinimumWindowData || data_size > kMaximumWindowData || data_size % 8 != 0 ||
        !is_host_range(window, boundary::kWindowHeaderSize + data_size))
        __builtin_trap();
    block->window_data_size = data_size;
    block->exit_target = exit_target;
}

// The frame of an interrupted program is what the SSA holds.
void save_program_state(ThreadBlock* block, const GprSgx& gpr, const uint8_t* ssa) {
    Registers* frame = frame_of(block);
    *frame = Registers{gpr.rax, gpr.rbx, gpr.rcx, gpr.rdx,    gpr.rsi, gpr.rdi,     gpr.rbp,
                       gpr.rsp, gpr.r8,  gpr.r9,  gpr.r10,    gpr.r11, gpr.r12,     gpr.r13,
                       gpr.r14, gpr.r15, gpr.rip, gpr.rflags, ~0ull,   Return::Full};
    __builtin_memcpy(vector_area_of(block), ssa, kVectorAreaSize - 256);
}

// Continues the thread, on ERESUME, in scone_event_entry on its runtime stack.
void redirect_to_phase_two(ThreadBlock* block, GprSgx& gpr, uint64_t vector, const ExInfo& info) {
    gpr.rsp = block->stack_top - SCONE_FRAME_RESERVE;
    gpr.rip = reinterpret_cast<uint64_t>(&scone_event_entry);
    gpr.rdi = reinterpret_cast<uint64_t>(frame_of(block));
    gpr.rsi = vector;
    gpr.rdx = info.address;
    gpr.rcx = info.error_code;
    gpr.rflags = 0x202;
}

bool is_program_address(uint64_t rip) {
    return rip >= kProgramBegin && rip < program_end();
}

void handle_runtime_exception(GprSgx& gpr, uint32_t vector, const ExInfo& info) {
    if (vector == kPageFault || vector == kGeneralProtection) {
        if (between(gpr.rip, scone_copy_begin, scone_copy_end)) {
            gpr.rip = address_of(scone_copy_end);
            return;
        }
        if (between(gpr.rip, scone_atomic_begin, scone_atomic_end)) {
            gpr.rip = address_of(scone_atomic_fault);
            return;
        }
    }
    if (vector == kInvalidOpcode && between(gpr.rip, scone_probe_begin, scone_probe_end)) {
        gpr.rip = address_of(scone_probe_fault);
        return;
    }
    runtime_exception(gpr.rip, vector, info.address);
}

}  // namespace

extern "C" void scone_handle_event(uint64_t tcs) {
    ThreadBlock* block = current_block();
    auto* ssa = reinterpret_cast<uint8_t*>(tcs + SCONE_SLOT_SSA);
    auto& gpr = *reinterpret_cast<GprSgx*>(ssa + kPageSize - sizeof(GprSgx));
    auto& info = *reinterpret_cast<ExInfo*>(ssa + kPageSize - sizeof(GprSgx) - sizeof(ExInfo));
    bool in_program = is_program_address(gpr.rip);
    if (gpr.exit_info & kExitInfoValid) {
        uint32_t vector = gpr.exit_info & kVectorMask;
        gpr.exit_info = 0;
        if (!in_program) {
            handle_runtime_exception(gpr, vector, info);
            return;
        }
        // SAFETY: the processor just fetched these bytes from the program's memory.
        auto* code = reinterpret_cast<const volatile uint8_t*>(gpr.rip);
        if (vector == kInvalidOpcode && code[0] == 0x0f && code[1] == 0x05) {
            gpr.rcx = gpr.rip + 2;
            gpr.rip = reinterpret_cast<uint64_t>(&scone_syscall_entry);
            return;
        }
        save_program_state(block, gpr, ssa);
        redirect_to_phase_two(block, gpr, vector, info);
        return;
    }
    // The host says that signals are queued.
    block->pending.store(1, std::memory_order_relaxed);
    if (in_program) {
        save_program_state(block, gpr, ssa);
        redirect_to_phase_two(block, gpr, ~0ull, info);
    } else if (between(gpr.rip, scone_return_begin, scone_return_end)) {
        gpr.rip = address_of(scone_return_begin);
        gpr.rsp = block->stack_top - SCONE_FRAME_RESERVE;
    }
}

extern "C" void scone_syscall(Registers* frame) {
    libos::system_call(frame);
}

extern "C" void scone_before_return(Registers* frame) {
    libos::before_return(frame, frame->how == Return::Full);
}

extern "C" void scone_program_event(Registers* frame, uint64_t vector, uint64_t address,
                                    uint32_t error) {
    if (vector != ~0ull)
        libos::program_exception(frame, static_cast<uint32_t>(vector), address, error);
}

extern "C" void scone_enter_thread(uint64_t reason, uint64_t window, uint64_t exit_target,
                                   uint64_t tcs, uint64_t launch, uint64_t launch_size) {
    auto* block = reinterpret_cast<ThreadBlock*>(tcs + SCONE_SLOT_BLOCK);
    if (reason == boundary::kEntryThreadStart) {
        if (block->self != block || block->state != SCONE_STATE_NEW)
            __builtin_trap();
        block->state = SCONE_STATE_INSIDE;
        adopt_window(block, window, exit_target);
        block->entry(block);
        __builtin_trap();
    }
    if (started.exchange(true))
        __builtin_trap();
    prepare_block(block, tcs);
    adopt_window(block, window, exit_target);
    use_lock_word(&block->window->lock_word);
    initialise_heap();
    if (launch_size < sizeof(boundary::LaunchInfo) || launch_size > kMaximumLaunchSize ||
        launch % 8 != 0 || !is_host_range(launch, launch_size + 8))
        __builtin_trap();
    auto* copy = static_cast<uint8_t*>(heap_allocate(launch_size + 8));
    if (copy == nullptr)
        __builtin_trap();
    copy_from_host(copy, launch, launch_size);
    libos::start(block, {copy, launch_size});
}

void prepare_block(ThreadBlock* block, uint64_t tcs) {
    block->self = block;
    block->tcs = tcs;
    block->stack_top = tcs + SCONE_SLOT_STACK_TOP;
    block->event_stack = tcs + SCONE_SLOT_BLOCK + 2 * kPageSize - 64;
    block->syscall_entry = reinterpret_cast<uint64_t>(&scone_syscall_entry);
    block->state = SCONE_STATE_INSIDE;
    block->pending.store(0, std::memory_order_relaxed);
    block->locks_held = 0;
    uint32_t low, high;
    // SAFETY: XGETBV is allowed in an enclave; XCR0 equals SECS.ATTRIBUTES.XFRM there.
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    // x87, SSE, AVX, AVX-512: what fits the frame's save area. PKRU and AMX stay off.
    block->xsave_mask = low & 0xe7;
}

}  // namespace scone::enclave
