// Calls on memory of the host that the program shares with other processes.
//
// Side:    trusted
// Units:   addresses and sizes in bytes, multiples of 4 KiB
// Errors:  Errno: the host's, and EIO where it answers what cannot be true
// Threads: the caller holds AddressSpace::mutex
// HOST:    a new range lies wholly behind ELRANGE and touches no thread's window. Its content is
// the
//          host's at all times; the program reads it at its own risk, the runtime copies it once.
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/errno.h"

namespace scone::libos::outside {

// Addresses that can be outside memory: behind ELRANGE, in the lower half.
bool is_range(uint64_t address, uint64_t size);

enum class At : uint8_t { Anywhere, Exactly, Over };  // Over: MAP_FIXED
// fd: -1 for anonymous memory.
Result<uint64_t> map(At at, uint64_t address, uint64_t size, uint32_t prot, uint32_t flags, int fd,
                     uint64_t offset);
void unmap(uint64_t address, uint64_t size);
Result<void> protect(uint64_t address, uint64_t size, uint32_t prot);
// flags: MREMAP_MAYMOVE or 0.
Result<uint64_t> remap(uint64_t address, uint64_t old_size, uint64_t new_size, uint32_t flags);
Result<void> advise(uint64_t address, uint64_t size, uint32_t advice);
Result<void> sync(uint64_t address, uint64_t size, uint32_t flags);

struct Attachment {
    uint64_t address, size;
};
// shmat and shmctl IPC_STAT; flags as shmat has them.
Result<Attachment> attach(int id, uint64_t address, uint32_t flags);

}  // namespace scone::libos::outside
