// The state save area of a thread as an AEX leaves it.
//
// Side:   trusted
// Layout: SSAFRAMESIZE is one page: XSAVE area from the start, MISC (EXINFO) and GPRSGX at its end.
// Source: SDM 3D, "State Save Area (SSA) Frame", "GPRSGX", "EXINFO"
#pragma once

#include <cstddef>
#include <cstdint>

namespace scone::enclave {

struct GprSgx {
    uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags, rip, u_rsp, u_rbp;
    uint32_t exit_info;
    uint32_t reserved;
    uint64_t fs_base, gs_base;
};
static_assert(sizeof(GprSgx) == 184 && offsetof(GprSgx, exit_info) == 160);

struct ExInfo {
    uint64_t address;
    uint32_t error_code;
    uint32_t reserved;
};

inline constexpr uint32_t kExitInfoValid = 1u << 31;
inline constexpr uint32_t kVectorMask = 0xff;
enum Vector : uint32_t {
    kDivideError = 0,
    kDebug = 1,
    kBreakpoint = 3,
    kInvalidOpcode = 6,
    kGeneralProtection = 13,
    kPageFault = 14,
    kFloatingPoint = 16,
    kAlignment = 17,
    kSimd = 19,
};

}  // namespace scone::enclave
