// From a system call of the program to its handler and back, with signals on the way.
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/upcalls.h"
#include "runtime/trusted/enclave/world_stop.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/signal/fault.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/threads.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Registers;

constexpr unsigned kTableSize = 512;
struct Table {
    Handler handlers[kTableSize];
    const char* names[kTableSize];
};
constexpr Table make_table() {
    Table table{};
#define SYSCALL(name, support, note)          \
    table.handlers[__NR_##name] = sys_##name; \
    table.names[__NR_##name] = #name;
#define SYSCALL_AS(name, handler, support, note) \
    table.handlers[__NR_##name] = sys_##handler; \
    table.names[__NR_##name] = #name;
#include "runtime/trusted/libos/syscalls/syscall_list.inc"
#undef SYSCALL
#undef SYSCALL_AS
    return table;
}
constexpr Table kTable = make_table();

std::atomic<uint64_t> reported[kTableSize / 64];

// Calls whose absence every C library knows and which would only make noise.
bool is_quiet(uint64_t number) {
    return number == __NR_rseq;
}

SyscallResult unsupported(uint64_t number) {
    if (number < kTableSize && !is_quiet(number)) {
        uint64_t bit = 1ull << number % 64;
        if (!(reported[number / 64].fetch_or(bit) & bit)) {
            FixedText<96> text;
            text.append("system call: number ").append_number(number).append(" is not supported");
            log(Level::Warning, text.view());
        }
    }
    return error(kENOSYS);
}

void trace(const Registers& frame, int64_t result) {
    FixedText<160> text;
    uint64_t number = frame.orig_rax;
    if (number < kTableSize && kTable.names[number] != nullptr)
        text.append(kTable.names[number]);
    else
        text.append_number(number);
    text.append("(");
    const uint64_t arguments[] = {frame.rdi, frame.rsi, frame.rdx, frame.r10};
    for (uint64_t argument : arguments)
        text.append("0x").append_number(argument, 16).append(" ");
    text.append(") = ").append_signed(result);
    log(Level::Trace, text.view());
}

uint32_t access_of(uint32_t error_code) {
    constexpr uint32_t kWrite = 2, kFetch = 16;
    return error_code & kFetch ? kPROT_EXEC : error_code & kWrite ? kPROT_WRITE : kPROT_READ;
}

}  // namespace

void system_call(Registers* frame) {
    Thread& thread = current_thread();
    thread.vectors_in_frame = false;
    uint64_t number = frame->orig_rax;
    Call call{
        thread, *frame, {frame->rdi, frame->rsi, frame->rdx, frame->r10, frame->r8, frame->r9}};
    SyscallResult result = number < kTableSize && kTable.handlers[number] != nullptr
                               ? kTable.handlers[number](call)
                               : unsupported(number);
    frame->rax = static_cast<uint64_t>(to_kernel(result));
    if (log_level() >= Level::Trace)
        trace(*frame, static_cast<int64_t>(frame->rax));
    // A call that wants to be restarted is finished where signals are looked at.
    auto outcome = -static_cast<int64_t>(frame->rax);
    if (outcome >= kERESTARTSYS && outcome <= kERESTART_RESTARTBLOCK)
        enclave::current_block()->pending.store(1, std::memory_order_relaxed);
}

void program_exception(Registers* frame, uint32_t vector, uint64_t address, uint32_t error_code) {
    Thread& thread = current_thread();
    thread.vectors_in_frame = true;
    FaultVerdict verdict = FaultVerdict::NotAllowed;
    if (vector == 14) {
        verdict = thread.process->memory->handle_fault(address, access_of(error_code));
        if (log_level() >= Level::Trace) {
            FixedText<160> text;
            text.append("page fault at 0x").append_number(address, 16).append(", error ");
            text.append_number(error_code, 16)
                .append(", instruction 0x")
                .append_number(frame->rip, 16);
            text.append(", verdict ").append_number(static_cast<uint64_t>(verdict));
            log(Level::Trace, text.view());
        }
        if (verdict == FaultVerdict::Mended)
            return;
    }
    force_signal(fault_signal(thread, *frame, {vector, address, error_code}, verdict));
}

void before_return(Registers* frame, bool vectors_saved) {
    Thread& thread = current_thread();
    thread.vectors_in_frame = vectors_saved;
    thread.block->pending.store(0, std::memory_order_seq_cst);
    enclave::rest_if_stopped(thread.block);
    if (thread.process->exec_thread != nullptr && thread.process->exec_thread != &thread)
        exit_thread(0);
    accept_host_signals(thread);
    deliver_signals(thread, *frame);
}

}  // namespace scone::libos
