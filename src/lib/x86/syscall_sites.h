// Finds the true `syscall` and `cpuid` instructions of a code segment and how each can be replaced.
//
// Two bytes are too short for a jump, so neighbours must move into a trampoline. The classes, in
// the order in which they are tried:
//   Previous         one instruction of >= 5 bytes before becomes the jump; the site's bytes stay
//   PreviousSeveral  several short ones before; the site's bytes stay
//   Mixed            short ones before, the site's bytes, and short ones after if still needed
//   Next             the site's bytes and what follows
//   Trap             none of these is proven safe: the instruction is left as it is
// Where the bytes stay, a jump straight to them traps as ever. In the last three classes nothing
// may jump into the replaced bytes, except to their start; branch_targets.h says what is looked at.
// A match of bytes is a true site when neighbourhood.h says so; that needs no symbols.
//
// Side:    core
// Units:   addresses as in the ELF file
// Errors:  TooManySites (the span given is too short), ScratchTooSmall, BadSegment
// Threads: pure functions
#pragma once

#include "lib/base/result.h"
#include "lib/x86/branch_targets.h"

namespace scone::x86 {

inline constexpr size_t kJumpSize = 5;
inline constexpr size_t kSiteSize = 2;  // syscall and cpuid are both two bytes
inline constexpr size_t kMaxMovedBefore = 19;
inline constexpr size_t kMaxMovedAfter = 17;

enum class SiteKind : uint8_t { Syscall = 1, Cpuid = 2 };

enum class SiteClass : uint8_t {
    Previous = 1,
    PreviousSeveral = 2,
    Mixed = 3,
    Next = 4,
    Trap = 5,
};

struct Site {
    uint64_t address = 0;      // of the syscall or cpuid
    uint64_t file_offset = 0;  // the same place in the file
    SiteKind kind = SiteKind::Syscall;
    SiteClass site_class = SiteClass::Trap;
    uint8_t moved_before = 0;  // bytes of instructions before the site that move
    uint8_t moved_after = 0;   // bytes after it
    bool jumped_to = false;    // something may jump straight to the site

    // True when the jump leaves the site's own bytes where they are.
    constexpr bool keeps_site() const {
        return site_class == SiteClass::Previous || site_class == SiteClass::PreviousSeveral;
    }
    constexpr uint64_t replaced_start() const { return address - moved_before; }
    constexpr uint64_t replaced_size() const {
        return moved_before + (keeps_site() ? 0u : kSiteSize) + moved_after;
    }
    // Where the original code goes on after the moved instructions.
    constexpr uint64_t resume_address() const { return address + kSiteSize + moved_after; }
};

enum class SiteErrorCode : uint8_t { TooManySites, ScratchTooSmall, BadSegment };
using SiteError = base::ErrorOf<SiteErrorCode>;

// Bytes of a table look like sites too. Without symbols a site counts only with evidence around it
// (the rest traps); with symbols the caller drops what lies in objects.
enum class WantedSites : uint8_t { Syscall, SyscallAndCpuid, SyscallAndCpuidBySymbols };

// Bytes of scratch memory that find_sites() needs for one of these segments.
size_t scratch_size(std::span<const Segment> segments);

// The sites of every code segment, in the order of their addresses; returns how many stand in
// `out`.
base::Result<size_t, SiteError> find_sites(std::span<const Segment> segments, WantedSites wanted,
                                           base::MutableBytes scratch, std::span<Site> out);

// How an instruction may move into a trampoline. Used again when a plan is checked.
enum class Movability : uint8_t {
    No,
    Anywhere,
    FirstOnly,    // endbr64: somebody may jump to it
    EndsBlock,    // ret, jmp: only padding may follow it
    EndsGroup,    // jcc: grows when it moves, so nothing moves behind it
    PaddingOnly,  // only behind EndsBlock
};
Movability movability(const Instruction& instruction);

}  // namespace scone::x86
