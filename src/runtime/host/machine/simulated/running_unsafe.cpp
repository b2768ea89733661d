// The simulated machine while the enclave runs: pages, threads, entering. No C library, no
// thread-local storage, general registers only: vector state passes through untouched.
#include <sys/mman.h>

#include <cerrno>

#include "runtime/host/machine/simulated/raw_syscall_unsafe.h"
#include "runtime/host/machine/simulated/signals.h"
#include "runtime/host/machine/simulated/simulated_machine.h"

extern "C" {
uint64_t scone_sim_plain_calls[SCONE_PLAIN_CALL_LIMIT / 64];
void scone_sim_enter(scone::machine::LogicalProcessor* processor, scone::machine::Run* run);
int64_t scone_sim_interruptible_syscall(scone::boundary::HostRequest* request,
                                        scone::boundary::HostWindow* window);
}

namespace scone::machine {
namespace {

constexpr uint64_t kMmap = 9, kMprotect = 10, kMremap = 25, kMadvise = 28, kSigaltstack = 131,
                   kPrctl = 157, kGetpid = 39, kGettid = 186, kTgkill = 234;
constexpr uint64_t kMadvDontneed = 4, kMadvPopulateWrite = 23;
constexpr uint64_t kMremapMayMove = 1, kMremapFixed = 2, kMremapDontUnmap = 4;
constexpr uint64_t kPrSetSyscallUserDispatch = 59, kPrSysDispatchOn = 1;

bool is_page_range(uint64_t address, uint64_t size) {
    return address % kPageSize == 0 && size % kPageSize == 0 && size != 0 &&
           in_enclave_range(address) && size <= simulated_state.end - address;
}

template <class F>
void for_each_entry(uint64_t address, uint64_t size, F&& visit) {
    uint16_t* entry = &page_entry(address);
    for (uint16_t* end = entry + size / kPageSize; entry != end; entry++)
        visit(*entry);
}

bool all_valid(uint64_t address, uint64_t size) {
    uint16_t common = 0xffff;
    for_each_entry(address, size, [&](uint16_t entry) { common &= entry; });
    return (common & kPageValid) != 0;
}

int64_t set_protection(uint64_t address, uint64_t size, uint64_t protection) {
    // While the range is locked the rights only stand in the page map.
    if (simulated_state.lock_while_outside)
        return 0;
    return raw_syscall(kMprotect, address, size, protection);
}

// The enclave writes all of these pages at once or soon: one call instead of a fault for each. A
// kernel that does not know the advice leaves it at the faults.
void populate(uint64_t address, uint64_t size) {
    if (!simulated_state.lock_while_outside)
        raw_syscall(kMadvise, address, size, kMadvPopulateWrite);
}

// Pages whose content is in the staging area become visible, complete, in one step. What was moved
// leaves the staging area reserved and empty.
int64_t publish_staged_pages(uint64_t address, uint64_t size) {
    uint64_t end = address + size;
    for (uint64_t at = address; at < end; at += kPageSize) {
        uint64_t stop = at;
        for (; stop < end && (page_entry(stop) & kPageStaged); stop += kPageSize)
            page_entry(stop) &= static_cast<uint16_t>(~kPageStaged);
        if (stop == at)
            continue;
        int64_t result =
            raw_syscall(kMremap, at + simulated_state.staging_distance, stop - at, stop - at,
                        kMremapMayMove | kMremapFixed | kMremapDontUnmap, at);
        if (result < 0)
            return result;
        if (simulated_state.lock_while_outside)
            raw_syscall(kMprotect, at, stop - at, PROT_NONE);
        at = stop;
    }
    return 0;
}

uint16_t page_table_bits(uint64_t protection) {
    return static_cast<uint16_t>((protection & 7) << kPageTableShift);
}

void remember_chunks(uint64_t address, uint64_t size) {
    if (!simulated_state.lock_while_outside)
        return;
    for (uint64_t at = address / kLockChunk; at <= (address + size - 1) / kLockChunk; at++)
        simulated_state.lock_chunks[at] = 1;
}

// SCONE_SIM_LOCK_ELRANGE: the page map's rights come into force, or none.
void unlock_range() {
    const SimulatedState& state = simulated_state;
    for (uint64_t chunk = 0; chunk < (state.end - state.base) / kLockChunk; chunk++) {
        if (!state.lock_chunks[chunk])
            continue;
        uint64_t at = state.base + chunk * kLockChunk;
        uint64_t end = at + kLockChunk;
        while (at < end) {
            int rights = page_entry(at) >> kPageTableShift;
            uint64_t stop = at + kPageSize;
            while (stop < end && page_entry(stop) >> kPageTableShift == rights)
                stop += kPageSize;
            if (rights != 0)
                raw_syscall(kMprotect, at, stop - at, static_cast<uint64_t>(rights));
            at = stop;
        }
    }
}
void lock_range() {
    uint64_t first = simulated_state.base < 65536 ? 65536 : simulated_state.base;
    raw_syscall(kMprotect, first, simulated_state.end - first, PROT_NONE);
}

// The program's system calls trap; the host's, above ELRANGE, do not.
int64_t arm_system_call_trap() {
    uint64_t first_allowed = simulated_state.end;
    return raw_syscall(kPrctl, kPrSetSyscallUserDispatch, kPrSysDispatchOn, first_allowed,
                       ~uint64_t{0} - first_allowed, 0);
}

bool offset_in_enclave(uint64_t offset, uint64_t size) {
    return offset <= simulated_state.parameters.size - size;
}

}  // namespace

int64_t SimulatedMachine::extend(uint64_t address, uint64_t size, uint64_t protection,
                                 Wanted wanted) noexcept {
    if (!is_page_range(address, size) || (protection & ~uint64_t{7}) != 0)
        return -EINVAL;
    uint16_t any = 0;
    for_each_entry(address, size, [&](uint16_t entry) { any |= entry; });
    if (any & kPageValid)
        return -EEXIST;
    auto fresh = static_cast<uint16_t>(kPageValid | kSecinfoTypeReg | kSecinfoR | kSecinfoW |
                                       kSecinfoPending | page_table_bits(protection));
    if (protection == 0)
        fresh |= kPageStaged;
    else if (int64_t result = set_protection(address, size, protection); result != 0)
        return result;
    if (wanted == Wanted::Now)
        populate(protection == 0 ? address + simulated_state.staging_distance : address, size);
    for_each_entry(address, size, [=](uint16_t& entry) { entry = fresh; });
    remember_chunks(address, size);
    return 0;
}

int64_t SimulatedMachine::protect(uint64_t address, uint64_t size, uint64_t protection) noexcept {
    if (!is_page_range(address, size) || (protection & ~uint64_t{7}) != 0)
        return -EINVAL;
    if (!all_valid(address, size))
        return -ENOENT;
    if (int64_t result = publish_staged_pages(address, size); result != 0)
        return result;
    if (int64_t result = set_protection(address, size, protection); result != 0)
        return result;
    // EMODPR where rights shrink.
    for_each_entry(address, size, [&](uint16_t& entry) {
        entry = static_cast<uint16_t>((entry & ~page_table_bits(7)) | page_table_bits(protection));
        auto rights = static_cast<uint16_t>(entry & 7);
        if (rights & ~protection)
            entry = static_cast<uint16_t>((entry & ~7) | (rights & protection) | kSecinfoPr);
    });
    return 0;
}

int64_t SimulatedMachine::trim(uint64_t address, uint64_t size) noexcept {
    if (!is_page_range(address, size))
        return -EINVAL;
    if (!all_valid(address, size))
        return -ENOENT;
    for_each_entry(address, size, [](uint16_t& entry) {
        entry = static_cast<uint16_t>((entry & page_table_bits(7)) | kPageValid | kSecinfoTypeTrim |
                                      kSecinfoModified);
    });
    return 0;
}

int64_t SimulatedMachine::remove(uint64_t address, uint64_t size) noexcept {
    if (!is_page_range(address, size))
        return -EINVAL;
    // A fresh reservation in the place of the pages: no access, no content.
    int64_t result =
        raw_syscall(kMmap, address, size, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, ~uint64_t{0}, 0);
    if (result < 0)
        return result;
    uint16_t any = 0;
    for_each_entry(address, size, [&](uint16_t entry) { any |= entry; });
    if (any & kPageStaged)
        raw_syscall(kMadvise, address + simulated_state.staging_distance, size, kMadvDontneed);
    for_each_entry(address, size, [](uint16_t& entry) { entry = 0; });
    return 0;
}

int64_t SimulatedMachine::make_tcs(uint64_t address, uint64_t size) noexcept {
    if (!is_page_range(address, size))
        return -EINVAL;
    uint16_t common = 0xffff, any = 0;
    for_each_entry(address, size, [&](uint16_t entry) {
        common &= entry;
        any |= entry;
    });
    constexpr uint16_t kWanted = kPageValid | kSecinfoTypeReg;
    if ((common & kWanted) != kWanted || (any & (kSecinfoPending | kSecinfoModified)))
        return -EINVAL;
    for_each_entry(address, size, [](uint16_t& entry) {
        entry = static_cast<uint16_t>((entry & page_table_bits(7)) | kPageValid | kSecinfoTypeTcs |
                                      kSecinfoModified);
    });
    return 0;
}

int64_t SimulatedMachine::take_signals() noexcept {
    return install_signal_handlers();
}
void SimulatedMachine::take_default_action(int number) noexcept {
    // All are blocked until the action stands: a handler that found its queue full would leave the
    // signal blocked.
    machine::block_signals();
    restore_default_action(number);
    auto process = static_cast<uint64_t>(raw_syscall(kGetpid));
    auto self = static_cast<uint64_t>(raw_syscall(kGettid));
    raw_syscall(kTgkill, process, self, static_cast<uint64_t>(number));
    machine::block_signals_but(number);
    install_signal_handler(number);
    machine::unblock_signals();
}
int64_t SimulatedMachine::watch_children(bool ignore_stops, bool reap) noexcept {
    return machine::watch_children(ignore_stops, reap);
}
void SimulatedMachine::block_signals() noexcept {
    machine::block_signals();
}
void SimulatedMachine::unblock_signals() noexcept {
    machine::unblock_signals();
}

int64_t SimulatedMachine::claim_tcs(uint64_t address, boundary::HostWindow* window,
                                    LogicalProcessor** result) noexcept {
    const SimulatedState& state = simulated_state;
    if (!state.initialised || !is_page_range(address, kPageSize))
        return -EINVAL;
    // SDM, EENTER: the page must be a valid TCS and neither pending nor modified.
    if ((page_entry(address) & kPageFlagsMask) != kSecinfoTypeTcs ||
        !(page_entry(address) & kPageValid))
        return -EINVAL;
    auto* tcs = pointer_to<sgx::Tcs>(address);
    uint64_t frame_size = state.parameters.ssa_frame_pages * kPageSize;
    if (tcs->nssa == 0 || tcs->nssa > 16 || tcs->ossa % kPageSize != 0 ||
        !offset_in_enclave(tcs->ossa, tcs->nssa * frame_size) ||
        !offset_in_enclave(tcs->oentry, 1) || !offset_in_enclave(tcs->ofs_base, kPageSize) ||
        !offset_in_enclave(tcs->ogs_base, kPageSize))
        return -EINVAL;
    uint64_t slot = (state.base + tcs->ogs_base - state.slots_start) >> SCONE_SLOT_SHIFT;
    if (slot >= state.slot_count)
        return -EINVAL;
    LogicalProcessor* processor = &state.processors[slot];
    uint64_t free = 0;
    if (!__atomic_compare_exchange_n(&processor->tcs, &free, address, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        return -EBUSY;
    uint64_t claimed = __atomic_load_n(&simulated_state.claimed_slots, __ATOMIC_RELAXED);
    while (claimed <= slot &&
           !__atomic_compare_exchange_n(&simulated_state.claimed_slots, &claimed, slot + 1, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    tcs->cssa = 0;
    processor->window = window;
    processor->run = nullptr;
    processor->entry = state.base + tcs->oentry;
    processor->enclave_fs = state.base + tcs->ofs_base;
    processor->enclave_gs = state.base + tcs->ogs_base;
    processor->ssa_base = state.base + tcs->ossa;
    processor->ssa_frame_size = frame_size;
    processor->ssa_count = tcs->nssa;
    processor->xfrm = state.identity.attributes.xfrm;
    *result = processor;
    return 0;
}

void SimulatedMachine::release_tcs(LogicalProcessor* processor) noexcept {
    __atomic_store_n(&processor->tcs, 0, __ATOMIC_RELEASE);
}

int64_t SimulatedMachine::attach_thread(LogicalProcessor* processor, void* signal_stack) noexcept {
    *static_cast<LogicalProcessor**>(signal_stack) = processor;
    processor->signal_stack = signal_stack;
    // struct stack_t of the kernel
    constexpr uint64_t kReserved = kSignalStackReserved;
    struct {
        uint64_t base;
        uint64_t flags;
        uint64_t size;
    } stack{address_of(signal_stack) + kReserved, 0, kSignalStackSize - kReserved};
    if (int64_t result = raw_syscall(kSigaltstack, address_of(&stack)); result != 0)
        return result;
    asm volatile("rdfsbase %0" : "=r"(processor->host_fs));
    asm volatile("wrgsbase %0" : : "r"(processor));
    return arm_system_call_trap();
}

int64_t SimulatedMachine::attach_forked_child(LogicalProcessor* processor) noexcept {
    // Each page that is touched here costs a fault, each that is written a copy.
    for (uint64_t i = 0; i < simulated_state.claimed_slots; i++)
        if (&simulated_state.processors[i] != processor && simulated_state.processors[i].tcs != 0)
            simulated_state.processors[i].tcs = 0;
    return arm_system_call_trap();
}

void SimulatedMachine::set_plain_calls(std::span<const uint64_t, 8> bits) noexcept {
    // A locked range has to be opened at each entry: every call goes through enter().
    for (size_t i = 0; i < bits.size(); i++)
        scone_sim_plain_calls[i] = simulated_state.lock_while_outside ? 0 : bits[i];
}

int64_t SimulatedMachine::interruptible_call(LogicalProcessor* processor,
                                             boundary::HostRequest& request) noexcept {
    return scone_sim_interruptible_syscall(&request, processor->window);
}

void SimulatedMachine::enter(LogicalProcessor* processor, Run& run) noexcept {
    if (!simulated_state.lock_while_outside) {
        scone_sim_enter(processor, &run);
        return;
    }
    unlock_range();
    scone_sim_enter(processor, &run);
    lock_range();
}

}  // namespace scone::machine
