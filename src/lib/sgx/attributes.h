// ATTRIBUTES, MISCSELECT and SECINFO.FLAGS: the bits that say what an enclave and a page may do.
//
// Side:   both
// Source: Intel SDM volume 3D, "SGX data structures"
#pragma once

#include <cstdint>

namespace scone::sgx {

inline constexpr uint64_t kAttributeINIT = uint64_t{1} << 0;
inline constexpr uint64_t kAttributeDEBUG = uint64_t{1} << 1;
inline constexpr uint64_t kAttributeMODE64BIT = uint64_t{1} << 2;
inline constexpr uint64_t kAttributePROVISIONKEY = uint64_t{1} << 4;
inline constexpr uint64_t kAttributeEINITTOKEN_KEY = uint64_t{1} << 5;
inline constexpr uint64_t kAttributeCET = uint64_t{1} << 6;
inline constexpr uint64_t kAttributeKSS = uint64_t{1} << 7;
inline constexpr uint64_t kAttributeAEXNOTIFY = uint64_t{1} << 10;

inline constexpr uint64_t kXfrmLegacy = 0x3;  // x87 and SSE: always set
inline constexpr uint64_t kXfrmAVX = 0x4;
inline constexpr uint64_t kXfrmAVX512 = 0xE0;
inline constexpr uint64_t kXfrmPKRU = 0x200;
inline constexpr uint64_t kXfrmAMX = 0x60000;

inline constexpr uint32_t kMiscselectEXINFO = 1;
inline constexpr uint32_t kMiscselectCPINFO = 2;

inline constexpr uint64_t kSecinfoR = 1;
inline constexpr uint64_t kSecinfoW = 2;
inline constexpr uint64_t kSecinfoX = 4;
inline constexpr uint64_t kSecinfoPENDING = 8;
inline constexpr uint64_t kSecinfoMODIFIED = 16;
inline constexpr uint64_t kSecinfoPR = 32;
inline constexpr uint64_t kSecinfoRightsMask = kSecinfoR | kSecinfoW | kSecinfoX;

enum class PageType : uint8_t {
    PT_SECS = 0,
    PT_TCS = 1,
    PT_REG = 2,
    PT_VA = 3,
    PT_TRIM = 4,
    PT_SS_FIRST = 5,
    PT_SS_REST = 6,
};
constexpr uint64_t secinfo_flags(PageType type, uint64_t rights) {
    return static_cast<uint64_t>(type) << 8 | rights;
}
constexpr PageType page_type_of(uint64_t secinfo) {
    return static_cast<PageType>(secinfo >> 8 & 0xFF);
}

// What our own enclaves are signed with. DEBUG is in the mask and clear: the same MRENCLAVE cannot
// be loaded for debugging. XFRM above x87 and SSE is free, so one SIGSTRUCT serves all processors.
inline constexpr uint64_t kOurAttributes = kAttributeMODE64BIT;
inline constexpr uint64_t kOurAttributesMask = ~uint64_t{0} & ~kAttributeAEXNOTIFY;
inline constexpr uint64_t kOurXfrm = kXfrmLegacy;
inline constexpr uint64_t kOurXfrmMask = ~(kXfrmAVX | kXfrmAVX512);
inline constexpr uint32_t kOurMiscselect = kMiscselectEXINFO;
inline constexpr uint32_t kOurMiscselectMask = 0xFFFFFFFF;

}  // namespace scone::sgx
