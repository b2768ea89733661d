// Fast system calls: code that was just read into memory gets its syscall sites rewritten.
//
// Side:    trusted
// Threads: called under AddressSpace::mutex, before the pages become executable
// A site that is left alone traps, which is correct and slow; so nothing here can fail.
#pragma once

#include <cstdint>

namespace scone::libos {

class AddressSpace;
class File;

// [address, address + size) holds the bytes of the file from file_offset on.
void rewrite_code(AddressSpace& memory, File& file, uint64_t address, uint64_t size,
                  uint64_t file_offset);

}  // namespace scone::libos
