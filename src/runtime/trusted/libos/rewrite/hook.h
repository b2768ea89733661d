// Fast system calls: code that was just read into memory gets its syscall sites rewritten.
//
// Side:    trusted
// Threads: rewrite_code and forget_code are called under AddressSpace::mutex, the former before the
//          pages become executable; the two questions take it
// A site that is left alone traps, which is correct and slow; so nothing here can fail.
// Slots of trampolines (lib/x86/trampoline.h) lie in mappings of their own, Use::Trampolines. The
// program never learns of them: frames of signal handlers show program addresses.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/aead/sha256.h"
#include "lib/base/bytes.h"

namespace scone::libos {

class AddressSpace;
class File;
class PlanSet;

enum class Rewriting : uint8_t { On, Off, Mixed };
// Off: every system call traps; Mixed: every second site does. For tests and for finding defects.
void set_rewriting(Rewriting rewriting);
Rewriting rewriting();

// The plan set of an image or of scone-run: handed back, to stay, when it is the measured one; else
// nullptr, and nothing of it is used. Before the program starts.
const PlanSet* use_plans(base::Bytes plans, const aead::Digest& measured);

// False when rewrite_code would leave the file's code alone: it may then be read when it is
// touched. Preconditions: the caller holds AddressSpace::mutex.
bool may_rewrite(File& file);
// [address, address + size) holds the bytes of the file from file_offset on.
void rewrite_code(AddressSpace& memory, File& file, uint64_t address, uint64_t size,
                  uint64_t file_offset);
struct TrampolineRange {
    uint64_t start, end;
};
// [start, end) is no longer mapped. Hands back trampolines that belonged to code wholly in it, for
// the caller to unmap; to be asked again until there are none.
std::optional<TrampolineRange> forget_code(uint64_t start, uint64_t end);

// Where the program believes to be when it executes at `rip`: the same but for trampolines.
uint64_t program_address(AddressSpace& memory, uint64_t rip);
// Where execution goes on when the program wants to be at `rip`: the inverse.
uint64_t execution_address(AddressSpace& memory, uint64_t rip);

}  // namespace scone::libos
