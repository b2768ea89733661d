// Where the enclave lies in the address space, as it sees itself.
//
// Side:   trusted
// Source: lib/sgx/enclave_layout.h: ELRANGE begins at 0 and ends 2 GiB after the image's base
#pragma once

#include <cstdint>

// The linker's name for the first byte of the image.
extern "C" const uint8_t __ehdr_start[] __attribute__((visibility("hidden")));

namespace scone::enclave {

inline constexpr uint64_t kGiB = 1ull << 30;
inline uint64_t image_base() {
    return reinterpret_cast<uint64_t>(__ehdr_start);
}
inline uint64_t elrange_end() {
    return image_base() + 2 * kGiB;
}
// The program's addresses: everything below the image. The first 64 KiB cannot be mapped.
inline constexpr uint64_t kProgramBegin = 0x10000;
inline uint64_t program_end() {
    return image_base();
}

inline constexpr uint64_t kSettingsOffset = 512ull << 20;
inline constexpr uint64_t kSlotsOffset = 544ull << 20;
inline constexpr uint64_t kSlotSize = 256 << 10;
inline constexpr uint64_t kHeapOffset = 1 * kGiB;
inline constexpr uint64_t kHeapSize = 960ull << 20;

inline bool is_program_range(uint64_t address, uint64_t size) {
    return address >= kProgramBegin && address < program_end() && size <= program_end() - address;
}
inline bool is_host_range(uint64_t address, uint64_t size) {
    return address >= elrange_end() && size <= UINT64_MAX - address;
}

}  // namespace scone::enclave
