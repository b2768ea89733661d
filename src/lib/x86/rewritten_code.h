// Carries out a patch plan on code in memory, and answers for the addresses it changed.
//
// Side:    core
// Units:   bytes; addresses are run-time addresses
// Memory:  the caller's: the mapping (writable while apply() runs) and a pool of slots within 2 GiB
// Threads: apply() while nobody executes the code; the questions at any time afterwards
#pragma once

#include "lib/x86/patch_plan.h"
#include "lib/x86/trampoline.h"

namespace scone::x86 {

// Part of a file in memory: bytes[0] is at `address` and came from file_offset.
struct CodeMapping {
    uint64_t address = 0;
    uint64_t file_offset = 0;
    base::MutableBytes bytes;
};

// Room for trampolines. `address` and the size are multiples of kSlotSize.
struct SlotPool {
    uint64_t address = 0;
    base::MutableBytes bytes;
};

// Offsets in the GS segment of the pointers to the entries.
struct Entries {
    uint32_t syscall = 0;
    std::optional<uint32_t> cpuid = std::nullopt;  // nullopt: cpuid stays
};

// Half leaves every second site to trap, so that tests meet both paths in one program.
enum class SiteChoice : uint8_t { All, Half };

// True when at least one site of the plan lies wholly in this part of the file, and each that does
// has the bytes the plan was made for.
bool describes(const PatchPlan& plan, const CodeMapping& mapping);

// Bytes of pool that this part of the file needs; 0 when no site lies wholly in it.
size_t pool_size(const PatchPlan& plan, uint64_t file_offset, uint64_t size);

// A mapping whose sites were rewritten, with the slots they jump to. A view of the pool.
class RewrittenCode {
  public:
    // Rewrites each site that lies wholly in the mapping and whose bytes are those of the plan; the
    // others stay as they are and trap. Slots are filled in the order of the sites.
    // Preconditions: pool.bytes.size() >= pool_size() of this mapping.
    static RewrittenCode apply(const PatchPlan& plan, CodeMapping mapping, SlotPool pool,
                               Entries entries, SiteChoice choice = SiteChoice::All);

    uint64_t code_start() const { return code_start_; }
    uint64_t code_end() const { return code_end_; }
    uint32_t rewritten_count() const { return slot_count_; }
    uint32_t left_count() const { return left_count_; }

    // Where the program is when it executes at `address` in a slot; nullopt: not in these slots.
    std::optional<uint64_t> program_address(uint64_t address) const;
    // Where execution goes on to do what stood at `address` in the program; nullopt where the
    // program's own bytes still do it. The inverse of program_address(), for the return from a
    // signal handler and for repeating a system call.
    std::optional<uint64_t> execution_address(uint64_t address) const;

  private:
    SlotRecord record(uint32_t slot) const;

    uint64_t code_start_ = 0;
    uint64_t code_end_ = 0;
    uint64_t pool_address_ = 0;
    const uint8_t* pool_ = nullptr;
    uint32_t slot_count_ = 0;
    uint32_t left_count_ = 0;
};

}  // namespace scone::x86
