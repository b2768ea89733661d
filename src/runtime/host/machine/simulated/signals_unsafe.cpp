#include <signal.h>
#include <ucontext.h>

#include <initializer_list>

#include "lib/sgx/architecture.h"
#include "runtime/host/machine/simulated/fatal_unsafe.h"
#include "runtime/host/machine/simulated/processor.h"
#include "runtime/host/machine/simulated/raw_syscall_unsafe.h"
#include "runtime/host/machine/simulated/signals.h"

extern "C" {
extern const uint8_t scone_sim_resume_begin[], scone_sim_resume_popped[], scone_sim_resume_end[];
extern const uint8_t scone_sim_resume_refused[], scone_sim_aep[];
extern const uint8_t scone_sim_interruptible_begin[], scone_sim_interruptible_end[];
extern const uint8_t scone_sim_interruptible_refused[];
extern const uint8_t scone_sim_landing_begin[], scone_sim_landing_end[],
    scone_sim_landing_refused[];
void scone_sim_restorer();
}

namespace scone::machine {
namespace {

constexpr uint64_t kRtSigaction = 13, kRtSigprocmask = 14;
constexpr uint64_t kSA_RESTORER = 0x04000000;
constexpr uint64_t kAllSignals = ~uint64_t{0};

constexpr uint64_t signal_bit(int number) {
    return uint64_t{1} << (number - 1);
}
constexpr uint64_t kExceptionSignals = signal_bit(SIGSEGV) | signal_bit(SIGBUS) |
                                       signal_bit(SIGFPE) | signal_bit(SIGILL) |
                                       signal_bit(SIGTRAP) | signal_bit(SIGSYS);

struct KernelSigaction {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};

// The kernel's `struct _fpx_sw_bytes` at offset 464 of the legacy area.
struct FpxSwBytes {
    uint32_t magic1;
    uint32_t extended_size;
    uint64_t xfeatures;
    uint32_t xstate_size;
};
constexpr uint32_t kFpxMagic1 = 0x46505853;
constexpr uint64_t kFpxOffset = 464;
constexpr uint64_t kXsaveLegacySize = 512, kXsaveHeaderEnd = 576;

void copy_memory(void* to, const void* from, uint64_t size) {
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}
void clear_memory(void* to, uint64_t size) {
    asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(0) : "memory");
}

bool between(uint64_t rip, const uint8_t* begin, const uint8_t* end) {
    return rip >= address_of(begin) && rip < address_of(end);
}

LogicalProcessor* current_processor() {
    uint64_t stack = address_of(__builtin_frame_address(0)) & ~(kSignalStackSize - 1);
    return *pointer_to<LogicalProcessor*>(stack);
}

bool is_exception(int number, const siginfo_t* info) {
    return (kExceptionSignals & signal_bit(number)) != 0 && info->si_code > 0;
}

uint64_t child_flags;

// HostSignal as the window's queue has it. When the ring is full this thread blocks all signals
// that can wait in the kernel: their order and values are kept there.
void queue_signal(boundary::HostWindow* window, int number, const siginfo_t* info,
                  ucontext_t* context) {
    uint32_t write = window->signal_write;
    uint32_t read = __atomic_load_n(&window->signal_read, __ATOMIC_ACQUIRE);
    if (write - read >= boundary::kSignalQueueLength) {
        __atomic_or_fetch(&window->signal_overflow, signal_bit(number), __ATOMIC_SEQ_CST);
        return;
    }
    boundary::HostSignal& entry = window->signals[write % boundary::kSignalQueueLength];
    entry.number = number;
    entry.code = info->si_code;
    entry.error = info->si_errno;
    entry.pid = info->si_pid;
    entry.uid = info->si_uid;
    entry.status = 0;
    if (number == SIGCHLD && info->si_code > 0) {
        entry.status = info->si_status;
        entry.value = 0;
    } else {
        // SAFETY: si_value, si_addr and si_band are the same eight bytes' neighbours; both are
        // plain numbers to the reader.
        entry.value =
            info->si_code > 0 ? address_of(info->si_addr) : address_of(info->si_value.sival_ptr);
    }
    __atomic_store_n(&window->signal_write, write + 1, __ATOMIC_RELEASE);
    if (write + 1 - read < boundary::kSignalQueueLength)
        return;
    window->signals_held = 1;
    *pointer_to<uint64_t>(address_of(&context->uc_sigmask)) = ~kExceptionSignals;
}

uint64_t end_of_ssa_frame(const LogicalProcessor* processor, uint32_t frame) {
    return processor->ssa_base + (frame + 1) * processor->ssa_frame_size;
}

// The XSAVE area of the signal frame has the standard format; what is not in XFRM is left out.
void save_extended_state(const LogicalProcessor* processor, uint64_t ssa_frame,
                         const uint8_t* fpstate) {
    auto* area = pointer_to<uint8_t>(ssa_frame);
    FpxSwBytes software;
    copy_memory(&software, fpstate + kFpxOffset, sizeof software);
    uint64_t room = processor->ssa_frame_size - sgx::kSsaExInfoOffsetFromEnd;
    uint64_t size = kXsaveLegacySize;
    if (software.magic1 == kFpxMagic1)
        size = software.xstate_size < room ? software.xstate_size : room;
    copy_memory(area, fpstate, size);
    clear_memory(area + kFpxOffset, kXsaveLegacySize - kFpxOffset);
    auto* header = pointer_to<uint64_t>(ssa_frame + kXsaveLegacySize);
    header[0] = software.magic1 == kFpxMagic1 ? header[0] & processor->xfrm : 3;
    clear_memory(header + 1, kXsaveHeaderEnd - kXsaveLegacySize - 8);
}

struct Exception {
    bool valid = false;
    uint8_t vector = 0;
    uint64_t rip = 0;
    uint64_t address = 0;
    uint32_t error_code = 0;
};

// What the processor of an enclave would have reported.
Exception exception_of(int number, const siginfo_t* info, const greg_t* registers) {
    Exception exception{true, 0, static_cast<uint64_t>(registers[REG_RIP]), 0, 0};
    if (number == SIGSYS) {
        // SYSCALL is #UD in an enclave. The kernel names the address behind the instruction.
        exception.vector = 6;
        exception.rip = address_of(info->si_call_addr) - 2;
        return exception;
    }
    exception.vector = static_cast<uint8_t>(registers[REG_TRAPNO]);
    if (exception.vector == 13 || exception.vector == 14) {
        exception.error_code = static_cast<uint32_t>(registers[REG_ERR]);
        exception.address = exception.vector == 14 ? static_cast<uint64_t>(registers[REG_CR2]) : 0;
    }
    return exception;
}

void save_registers(sgx::SsaGpr& gpr, const greg_t* r, const Exception& exception) {
    gpr.rax = static_cast<uint64_t>(r[REG_RAX]);
    gpr.rcx = static_cast<uint64_t>(r[REG_RCX]);
    gpr.rdx = static_cast<uint64_t>(r[REG_RDX]);
    gpr.rbx = static_cast<uint64_t>(r[REG_RBX]);
    gpr.rsp = static_cast<uint64_t>(r[REG_RSP]);
    gpr.rbp = static_cast<uint64_t>(r[REG_RBP]);
    gpr.rsi = static_cast<uint64_t>(r[REG_RSI]);
    gpr.rdi = static_cast<uint64_t>(r[REG_RDI]);
    gpr.r8 = static_cast<uint64_t>(r[REG_R8]);
    gpr.r9 = static_cast<uint64_t>(r[REG_R9]);
    gpr.r10 = static_cast<uint64_t>(r[REG_R10]);
    gpr.r11 = static_cast<uint64_t>(r[REG_R11]);
    gpr.r12 = static_cast<uint64_t>(r[REG_R12]);
    gpr.r13 = static_cast<uint64_t>(r[REG_R13]);
    gpr.r14 = static_cast<uint64_t>(r[REG_R14]);
    gpr.r15 = static_cast<uint64_t>(r[REG_R15]);
    gpr.rflags = static_cast<uint64_t>(r[REG_EFL]);
    gpr.rip = exception.valid ? exception.rip : static_cast<uint64_t>(r[REG_RIP]);
    bool software = exception.valid && exception.vector == 3;
    gpr.exit_info.vector = exception.vector;
    gpr.exit_info.exit_type = software ? sgx::kExitTypeSoftware : sgx::kExitTypeHardware;
    gpr.exit_info.reserved = 0;
    gpr.exit_info.valid = exception.valid ? sgx::kExitInfoValid : 0;
    if (!exception.valid)
        gpr.exit_info.exit_type = 0;
    asm volatile("rdfsbase %0" : "=r"(gpr.fs_base));
    asm volatile("rdgsbase %0" : "=r"(gpr.gs_base));
}

void set_host_bases(LogicalProcessor* processor) {
    asm volatile("wrfsbase %0" : : "r"(processor->host_fs));
    asm volatile("wrgsbase %0" : : "r"(processor));
}

// SDM, "Asynchronous Enclave Exits": state into SSA[CSSA], CSSA + 1, synthetic state, to the AEP.
void asynchronous_exit(LogicalProcessor* processor, ucontext_t* context,
                       const Exception& exception) {
    greg_t* registers = context->uc_mcontext.gregs;
    auto* tcs = pointer_to<sgx::Tcs>(processor->tcs);
    uint64_t frame_end = end_of_ssa_frame(processor, tcs->cssa);
    save_extended_state(processor, frame_end - processor->ssa_frame_size,
                        reinterpret_cast<const uint8_t*>(context->uc_mcontext.fpregs));
    auto* gpr = pointer_to<sgx::SsaGpr>(frame_end - sgx::kSsaGprOffsetFromEnd);
    save_registers(*gpr, registers, exception);
    if (exception.valid && (exception.vector == 13 || exception.vector == 14) &&
        (simulated_state.identity.misc_select & 1)) {
        auto* info = pointer_to<sgx::SsaExInfo>(frame_end - sgx::kSsaExInfoOffsetFromEnd);
        info->maddr = exception.address;
        info->error_code = exception.error_code;
        info->reserved = 0;
    }
    tcs->cssa++;
    processor->run->exception = exception.valid;

    for (int i : {REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RDI,
                  REG_RSI, REG_RBP, REG_RDX})
        registers[i] = 0;
    registers[REG_RAX] = 3;
    registers[REG_RBX] = static_cast<greg_t>(processor->tcs);
    registers[REG_RCX] = static_cast<greg_t>(address_of(scone_sim_aep));
    registers[REG_RIP] = static_cast<greg_t>(address_of(scone_sim_aep));
    registers[REG_RSP] = static_cast<greg_t>(processor->host_rsp);
    registers[REG_EFL] = 0x202;
    // The extended state becomes the initial one, as the processor leaves it.
    context->uc_mcontext.fpregs = nullptr;
    set_host_bases(processor);
}

// A signal while the host part runs.
void interrupt_host(LogicalProcessor* processor, greg_t* registers) {
    auto rip = static_cast<uint64_t>(registers[REG_RIP]);
    if (between(rip, scone_sim_resume_begin, scone_sim_resume_end)) {
        if (rip >= address_of(scone_sim_resume_popped))
            pointer_to<sgx::Tcs>(processor->tcs)->cssa++;
        registers[REG_RIP] = static_cast<greg_t>(address_of(scone_sim_resume_refused));
        registers[REG_RSP] = static_cast<greg_t>(processor->host_rsp);
        set_host_bases(processor);
    } else if (between(rip, scone_sim_interruptible_begin, scone_sim_interruptible_end)) {
        registers[REG_RIP] = static_cast<greg_t>(address_of(scone_sim_interruptible_refused));
    } else if (between(rip, scone_sim_landing_begin, scone_sim_landing_end)) {
        registers[REG_RIP] = static_cast<greg_t>(address_of(scone_sim_landing_refused));
    }
}

extern "C" void scone_sim_signal(int number, siginfo_t* info, void* argument) {
    auto* context = static_cast<ucontext_t*>(argument);
    greg_t* registers = context->uc_mcontext.gregs;
    auto rip = static_cast<uint64_t>(registers[REG_RIP]);
    bool exception = is_exception(number, info);
    if (!in_enclave_range(rip)) {
        if (exception)
            SCONE_HOST_FATAL("exception in the host part: signal, address of code and of data",
                             static_cast<uint64_t>(number), rip,
                             static_cast<uint64_t>(registers[REG_CR2]));
        LogicalProcessor* processor = current_processor();
        queue_signal(processor->window, number, info, context);
        interrupt_host(processor, registers);
        return;
    }
    LogicalProcessor* processor = current_processor();
    bool in_event = pointer_to<sgx::Tcs>(processor->tcs)->cssa > 0;
    if (exception && in_event)
        SCONE_HOST_FATAL("exception while the enclave handles an event: signal, code and data",
                         static_cast<uint64_t>(number), rip,
                         static_cast<uint64_t>(registers[REG_CR2]));
    if (!exception)
        queue_signal(processor->window, number, info, context);
    // While an event is handled: AEX and ERESUME at once, which is to go on. The host looks at the
    // queue again when the enclave is done.
    if (in_event)
        return;
    asynchronous_exit(processor, context,
                      exception ? exception_of(number, info, registers) : Exception{});
}

void change_mask(uint64_t mask) {
    constexpr uint64_t kSIG_SETMASK = 2;
    raw_syscall(kRtSigprocmask, kSIG_SETMASK, address_of(&mask), 0, sizeof mask);
}

int64_t set_action(int number, const KernelSigaction& action) {
    return raw_syscall(kRtSigaction, static_cast<uint64_t>(number), address_of(&action), 0,
                       sizeof(uint64_t));
}

}  // namespace

int64_t install_signal_handler(int number) noexcept {
    uint64_t flags = SA_SIGINFO | SA_ONSTACK | kSA_RESTORER;
    KernelSigaction action{reinterpret_cast<uint64_t>(&scone_sim_signal),
                           number == SIGCHLD ? flags | child_flags : flags,
                           reinterpret_cast<uint64_t>(&scone_sim_restorer), kAllSignals};
    return set_action(number, action);
}

int64_t watch_children(bool ignore_stops, bool reap) noexcept {
    child_flags = (ignore_stops ? SA_NOCLDSTOP : 0) | (reap ? SA_NOCLDWAIT : 0);
    return install_signal_handler(SIGCHLD);
}

int64_t restore_default_action(int number) noexcept {
    return set_action(number, KernelSigaction{0, kSA_RESTORER,
                                              reinterpret_cast<uint64_t>(&scone_sim_restorer), 0});
}

int64_t install_signal_handlers() noexcept {
    for (int number = 1; number <= kSignalCount; number++) {
        if (number == SIGKILL || number == SIGSTOP)
            continue;
        if (int64_t result = install_signal_handler(number); result != 0)
            return result;
    }
    return 0;
}

void block_signals() noexcept {
    // Not SIGSYS: the kernel would kill the process for a blocked forced one.
    change_mask(kAllSignals & ~signal_bit(SIGSYS));
}
void block_signals_but(int number) noexcept {
    change_mask(kAllSignals & ~signal_bit(SIGSYS) & ~signal_bit(number));
}
void unblock_signals() noexcept {
    change_mask(0);
}

}  // namespace scone::machine
