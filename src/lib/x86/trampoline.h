// The code that a replaced site jumps to: one slot of fixed size for each site.
//
//   +0   [moved instructions, RIP-relative operands corrected]
//        lea continuation(%rip),%rcx      for cpuid: %rdx, as %rcx is an input of cpuid
//        jmp *%gs:OFFSET                  or jmp rel32, for an entry in the same image
//        [moved instructions behind the site] ; jmp resume      (Mixed with such, Next)
//   +52  u8 moved_before  u8 after_offset  u8 moved_after  u8 site class
//   +56  u64 run-time address of the site
// The continuation is the instruction behind the site where the site's own neighbours stayed, else
// after_offset in the slot. Nothing touches the stack, so the red zone is safe. Slots are aligned
// to their size: from any address in a pool the slot, and with it the site, is known, so that a
// signal frame can show the address the program would have had (original_address) and go back from
// it (moved_address).
//
// Side:    core
// Errors:  OutOfReach (a displacement does not fit 32 bits), NotMovable, TooLong
// Threads: pure functions; the caller owns both memories
#pragma once

#include <optional>

#include "lib/x86/syscall_sites.h"

namespace scone::x86 {

inline constexpr size_t kSlotSize = 64;
inline constexpr size_t kSlotCodeSize = 52;

enum class TrampolineErrorCode : uint8_t { OutOfReach, NotMovable, TooLong };
using TrampolineError = base::ErrorOf<TrampolineErrorCode>;

// Where a trampoline leads.
struct Destination {
    enum class How : uint8_t { GsSlot, Address };
    How how = How::GsSlot;
    uint64_t value = 0;  // offset in the GS segment, or the run-time address of the entry

    static constexpr Destination gs_slot(uint32_t offset) { return {How::GsSlot, offset}; }
    static constexpr Destination address(uint64_t entry) { return {How::Address, entry}; }
};

// The last twelve bytes of a slot.
struct SlotRecord {
    uint8_t moved_before = 0;
    uint8_t after_offset = 0;  // 0: the continuation lies in the original code
    uint8_t moved_after = 0;
    SiteClass site_class = SiteClass::Trap;
    uint64_t site = 0;  // run-time address
};

// Writes the slot for `site`, whose run-time address is site.address + load_bias.
// `original` holds the site and its moved neighbours: replaced_start() to resume_address().
// Preconditions: site.site_class is not Trap.
base::Result<void, TrampolineError> write_slot(const Site& site, uint64_t load_bias,
                                               base::Bytes original, uint64_t slot_address,
                                               Destination destination,
                                               std::span<uint8_t, kSlotSize> slot);

// The bytes that replace the original ones: a jump to the slot, then int3 up to replaced_size().
// Returns how many bytes of `out` count.
base::Result<size_t, TrampolineError> write_jump(const Site& site, uint64_t load_bias,
                                                 uint64_t slot_address,
                                                 std::span<uint8_t, kMaxMovedBefore + 24> out);

SlotRecord read_slot_record(std::span<const uint8_t, kSlotSize> slot);

// The address the program would show while it executes at `offset` in a slot.
uint64_t original_address(const SlotRecord& record, size_t offset);

// The offset in the slot that continues what the program was doing at `address`; nullopt where the
// original bytes there are still good (the start of the jump among them).
std::optional<size_t> moved_offset(const SlotRecord& record, uint64_t address);

}  // namespace scone::x86
