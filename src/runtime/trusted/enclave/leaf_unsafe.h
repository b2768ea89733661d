// The SGX instructions that an enclave executes (ENCLU leaves) besides EEXIT.
//
// Side:   trusted
// Errors: EACCEPT hands back the SDM's error code in RAX, 0 for success
// Source: SDM 3D, "ENCLU"
#pragma once

#include <cstdint>
#include <span>

extern "C" uint64_t scone_leaf(uint64_t leaf, const void* rbx, const void* rcx, const void* rdx);

namespace scone::enclave {

inline constexpr uint64_t kPageRead = 1, kPageWrite = 2, kPageExecute = 4;
inline constexpr uint64_t kPagePending = 8, kPageModified = 16, kPagePermissionRestricted = 32;
inline constexpr uint64_t kPageTcs = 1 << 8, kPageRegular = 2 << 8, kPageTrim = 4 << 8;

// Accepts one page that the host added or changed: flags as above.
uint64_t accept_page(uint64_t address, uint64_t flags);
// Accepts [address, address + size), size a multiple of the page.
bool accept_pages(uint64_t address, uint64_t size, uint64_t flags);
// Accepts pages that were added for this (EAUG): they get the bytes at `content` (page aligned, in
// the enclave) and the rights, in one step as other threads see it.
bool accept_copies(uint64_t address, uint64_t size, const void* content, uint64_t rights);

// REPORT (432 bytes) for the target (512 bytes of TARGETINFO) over 64 bytes of REPORTDATA.
void make_report(std::span<const uint8_t, 512> target_info,
                 std::span<const uint8_t, 64> report_data, std::span<uint8_t, 432> report);
// Key (16 bytes) for a KEYREQUEST; false when the processor refuses.
bool get_key(std::span<const uint8_t, 512> key_request, std::span<uint8_t, 16> key);
// 64 bits from RDRAND; never returns a failed read.
uint64_t hardware_random();
void fill_random(void* memory, uint64_t size);

}  // namespace scone::enclave
