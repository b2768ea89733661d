#include "runtime/trusted/enclave/entry.h"
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/world_stop.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/signal/host_signals.h"
#include "runtime/trusted/libos/task/exit.h"
#include "runtime/trusted/libos/task/futex.h"
#include "runtime/trusted/libos/task/threads.h"

extern "C" {
void scone_save_vectors(void* area);
[[noreturn]] void scone_return_to_program();
[[noreturn]] void scone_exit_and_release(uint8_t* word, uint8_t value);
extern const uint8_t scone_enclave_entry[];
}

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;
using enclave::kPageSize;
using enclave::ThreadBlock;

constexpr uint64_t kLowPages = 6;  // TCS, SSA, block
constexpr uint64_t kStackOffset = 16 * kPageSize;
constexpr uint64_t kStackSize = 48 * kPageSize;
constexpr int kBusyAttempts = 10000;
// Of vfork children until their exec, and where the host's number cannot be used.
constexpr int32_t kFirstThreadId = 0x1000000;

enum class SlotState : uint8_t { Fresh, Free, Used };
enclave::SpinLock slots_lock;
Vector<SlotState> slots;
std::atomic<int32_t> next_tid{kFirstThreadId};
std::atomic<bool> exhaustion_reported;

uint64_t slot_address(size_t index) {
    return enclave::image_base() + enclave::kSlotsOffset + index * enclave::kSlotSize;
}

ThreadBlock* block_of(size_t slot) {
    return reinterpret_cast<ThreadBlock*>(slot_address(slot) + SCONE_SLOT_BLOCK);
}
// As another thread sees it, which may be on its way out.
SlotState slot_state(size_t slot) {
    return static_cast<SlotState>(
        __atomic_load_n(reinterpret_cast<uint8_t*>(&slots[slot]), __ATOMIC_ACQUIRE));
}

// TCS fields (SDM): OSSA 16, NSSA 28, OENTRY 32, OFSBASE 48, OGSBASE 56, FSLIMIT 64, GSLIMIT 68.
// Offsets are from the base of ELRANGE, which is 0.
void write_tcs(uint64_t tcs) {
    auto* words = reinterpret_cast<uint64_t*>(tcs);
    words[2] = tcs + SCONE_SLOT_SSA;
    words[3] = 3ull << 32;
    words[4] = reinterpret_cast<uint64_t>(scone_enclave_entry);
    words[6] = tcs + SCONE_SLOT_BLOCK;
    words[7] = tcs + SCONE_SLOT_BLOCK;
    words[8] = ~0ull;
}

bool add_slot_pages(uint64_t at) {
    constexpr uint64_t kRights = enclave::kPageRead | enclave::kPageWrite;
    constexpr uint64_t kFlags = enclave::kPageRegular | kRights | enclave::kPagePending;
    auto add = [&](uint64_t address, uint64_t size) {
        return enclave::host_call(boundary::kHostExtend, enclave::Interruptible::No, address, size,
                                  kRights) == 0 &&
               enclave::accept_pages(address, size, kFlags);
    };
    if (!add(at, kLowPages * kPageSize) || !add(at + kStackOffset, kStackSize))
        return false;
    write_tcs(at);
    return enclave::host_call(boundary::kHostMakeTcs, enclave::Interruptible::No, at, kPageSize) ==
               0 &&
           enclave::accept_page(at, enclave::kPageTcs | enclave::kPageModified) == 0;
}

Result<size_t> take_slot() {
    Guard guard(slots_lock);
    size_t fresh = slots.size();
    for (size_t i = 0; i < slots.size(); i++) {
        if (slots[i] == SlotState::Free) {
            slots[i] = SlotState::Used;
            return i;
        }
        if (slots[i] == SlotState::Fresh && fresh == slots.size())
            fresh = i;
    }
    if (fresh == slots.size()) {
        if (!exhaustion_reported.exchange(true))
            log(Level::Warning,
                "all enclave threads (TCS) are in use! Set SCONE_TCS environment "
                "variable to increase their number.");
        return error(kEAGAIN);
    }
    if (!add_slot_pages(slot_address(fresh)))
        return error(kEAGAIN);
    slots[fresh] = SlotState::Used;
    return fresh;
}

void give_slot(size_t index) {
    Guard guard(slots_lock);
    slots[index] = SlotState::Free;
}

// HOST: it says where a thread's window is, which must not be memory of the program.
void thread_main(ThreadBlock* block) {
    auto* thread = static_cast<Thread*>(block->thread);
    if (thread->process->memory->overlaps_outside(
            reinterpret_cast<uint64_t>(block->window),
            boundary::kWindowHeaderSize + block->window_data_size))
        fatal("the host gave a thread a window in the program's memory");
    thread->host_tid.store(static_cast<int64_t>(enclave::host_load(&block->window->host_thread_id)),
                           std::memory_order_release);
    while (!thread->may_begin.load(std::memory_order_acquire))
        enclave::yield_to_host();
    enclave::end_rest(block);
    // SAFETY: FS is the program's; the value was checked when the thread was made.
    asm volatile("wrfsbase %0" : : "r"(block->scratch));
    scone_return_to_program();
}

}  // namespace

void initialise_thread_slots(uint32_t count) {
    if (!slots.resize(count))
        fatal("no memory for the table of threads");
    for (SlotState& state : slots)
        state = SlotState::Fresh;
    slots[0] = SlotState::Used;
}

int32_t allocate_tid() {
    return next_tid.fetch_add(1, std::memory_order_relaxed);
}

Result<int64_t> host_thread_of(int32_t tid) {
    // A thread that has not begun gets its number soon.
    for (;; enclave::yield_to_host()) {
        Process& process = current_process();
        Guard guard(process.mutex);
        const Thread* found = nullptr;
        for (Thread* thread : process.threads)
            if (thread->tid == tid)
                found = thread;
        if (found == nullptr)
            return error(kEINVAL);
        if (int64_t host_tid = found->host_tid.load(); host_tid > 0)
            return host_tid;
    }
}

bool overlaps_thread_window(uint64_t address, uint64_t size) {
    Guard guard(slots_lock);
    for (size_t i = 0; i < slots.size(); i++) {
        if (slots[i] != SlotState::Used)
            continue;
        auto* block = reinterpret_cast<ThreadBlock*>(slot_address(i) + SCONE_SLOT_BLOCK);
        auto window = reinterpret_cast<uint64_t>(block->window);
        uint64_t window_size = boundary::kWindowHeaderSize + block->window_data_size;
        if (window != 0 && window < address + size && address < window + window_size)
            return true;
    }
    return false;
}

Result<Thread*> prepare_thread(const NewThread& what) {
    Thread& parent = current_thread();
    if (what.set_thread_area && what.thread_area >= enclave::program_end())
        return error(kEPERM);
    auto* thread = enclave::heap_new<Thread>();
    if (thread == nullptr)
        return error(kENOMEM);
    auto slot = take_slot();
    if (!slot) {
        enclave::heap_delete(thread);
        return std::unexpected(slot.error());
    }
    uint64_t tcs = slot_address(*slot);
    ThreadBlock* block = block_of(*slot);
    enclave::prepare_block(block, tcs);
    block->state = SCONE_STATE_NEW;
    // A signal at its first instructions is an event that has to leave again.
    block->exit_target = parent.block->exit_target;
    enclave::begin_rest(block);
    block->thread = thread;
    block->entry = thread_main;
    thread->block = block;
    thread->slot = static_cast<uint32_t>(*slot);
    thread->process = parent.process;
    thread->tid = 0;
    thread->may_begin = false;
    thread->mask = parent.mask;
    thread->name = parent.name;
    thread->clear_child_tid = what.clear_child_tid;
    enclave::Registers* frame = enclave::frame_of(block);
    *frame = *enclave::frame_of(parent.block);
    frame->rax = 0;
    frame->orig_rax = ~0ull;
    frame->how = enclave::Return::Full;
    if (what.stack != 0)
        frame->rsp = what.stack;
    uint64_t fs;
    asm volatile("rdfsbase %0" : "=r"(fs));
    block->scratch = what.set_thread_area ? what.thread_area : fs;
    // A new thread has its parent's vector registers.
    uint8_t* vectors = enclave::vector_area_of(block);
    __builtin_memset(vectors, 0, enclave::kVectorAreaSize);
    scone_save_vectors(vectors);
    return thread;
}

// HOST: a number that is none, or that another thread of the process has, is not used.
int32_t give_tid(Process& process, Thread& thread, int64_t host_tid) {
    constexpr int64_t kMaximumTid = 1 << 22;
    Guard guard(process.mutex);
    bool usable = host_tid > 0 && host_tid <= kMaximumTid && host_tid != process.pid;
    for (const Thread* other : process.threads)
        usable = usable && other->tid != host_tid;
    thread.tid = usable ? static_cast<int32_t>(host_tid) : allocate_tid();
    return thread.tid;
}

Result<int32_t> start_thread(Thread* thread) {
    Process& process = *thread->process;
    {
        Guard guard(process.mutex);
        if (!process.threads.push(thread))
            return error(kENOMEM);
    }
    // The slot's last thread may still be on its way out of the TCS.
    int64_t result;
    for (int attempt = 0; attempt < kBusyAttempts; attempt++) {
        result = enclave::host_call(boundary::kHostCreateThread, enclave::Interruptible::No,
                                    thread->block->tcs);
        if (result != -kEBUSY)
            break;
        enclave::yield_to_host();
    }
    if (result >= 0)
        return give_tid(process, *thread, result);
    {
        Guard guard(process.mutex);
        for (size_t i = 0; i < process.threads.size(); i++)
            if (process.threads[i] == thread)
                process.threads.erase(i--);
    }
    give_slot(thread->slot);
    enclave::heap_delete(thread);
    return error(kEAGAIN);
}

void exit_thread(int status) {
    Thread& thread = current_thread();
    Process& process = *thread.process;
    release_robust_futexes(thread);
    bool last = false;
    {
        Guard guard(process.mutex);
        for (size_t i = 0; i < process.threads.size(); i++)
            if (process.threads[i] == &thread)
                process.threads.erase(i--);
        last = process.threads.empty();
    }
    if (last)
        end_process(status);
    offer_pending_signals(process);
    if (thread.clear_child_tid != 0) {
        uint32_t zero = 0;
        (void)copy_to_program(thread.clear_child_tid, &zero, sizeof zero);
        (void)futex_wake(thread.clear_child_tid, 1, ~0u);
    }
    thread.host_tid.store(0, std::memory_order_release);
    size_t slot = thread.slot;
    enclave::heap_delete(&thread);
    // From the release on a new thread may be given this slot: the host makes it wait until the TCS
    // is idle.
    enclave::prepare_host_call(boundary::kHostExitThread);
    scone_exit_and_release(reinterpret_cast<uint8_t*>(&slots[slot]),
                           static_cast<uint8_t>(SlotState::Free));
}

StoppedWorld::StoppedWorld() {
    ThreadBlock* own = enclave::current_block();
    while (!enclave::try_stop_world())
        enclave::rest_if_stopped(own);
    for (size_t i = 0; i < slots.size(); i++) {
        ThreadBlock* block = block_of(i);
        bool kicked = false;
        while (block != own && slot_state(i) == SlotState::Used && !enclave::rests(block)) {
            block->pending.store(1, std::memory_order_seq_cst);
            // A thread without a window has not begun.
            const boundary::HostWindow* window = block->window;
            if (!kicked && window != nullptr) {
                // HOST: a wrong number of the thread means a longer wait.
                enclave::host_call(__NR_tkill, enclave::Interruptible::No,
                                   enclave::host_load(&window->host_thread_id), kWakeSignal);
                kicked = true;
            }
            enclave::yield_to_host();
        }
    }
}

StoppedWorld::~StoppedWorld() {
    enclave::let_world_go_on();
}

void forget_other_threads(Process& process) {
    Thread& self = current_thread();
    for (size_t i = 0; i < process.threads.size(); i++) {
        if (process.threads[i] == &self)
            continue;
        enclave::heap_delete(process.threads[i]);
        process.threads.erase(i--);
    }
    for (size_t i = 0; i < slots.size(); i++)
        if (slots[i] == SlotState::Used && block_of(i) != self.block)
            slots[i] = SlotState::Free;
    self.host_tid.store(
        static_cast<int64_t>(enclave::host_load(&self.block->window->host_thread_id)),
        std::memory_order_release);
}

}  // namespace scone::libos
