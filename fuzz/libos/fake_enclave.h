// What files of the runtime need of the enclave, on the host: a heap, the block that GS leads to, a
// window with the host and the program's memory.
//
// Side: fuzz targets
#pragma once

#include <cstdint>
#include <vector>

namespace scone::fuzz {

inline void must(bool holds) {
    if (!holds)
        __builtin_trap();
}

// The program has these bytes, from this address on, and no others.
inline constexpr uint64_t kProgramMemory = 0x10000;
inline std::vector<uint8_t> program_memory;

}  // namespace scone::fuzz
