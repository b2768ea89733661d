// The ENCLU leaves that run inside the enclave without leaving it: EACCEPT, EMODPE, EACCEPTCOPY,
// EREPORT, EGETKEY.
//
// Side:    host
// Errors:  error codes of the SDM in RAX with ZF; what is #GP or #PF on hardware ends the process
//          with a message that names the leaf and the reason
// Threads: called on the host stack of the calling thread; FS and GS are the enclave's, so these
//          files are compiled for general registers and without stack protector
// Source:  Intel SDM volume 3D, chapter 38
#pragma once

#include <cstdint>

#include "runtime/host/machine/simulated/processor.h"

namespace scone::machine {

struct LeafRegisters {
    uint64_t rax, rbx, rcx, rdx, rflags, rsi, rdi, r8, r9, r10, r11;
};

enum LeafNumber : uint64_t {
    kLeafEREPORT = 0,
    kLeafEGETKEY = 1,
    kLeafEACCEPT = 5,
    kLeafEMODPE = 6,
    kLeafEACCEPTCOPY = 7,
};

enum SgxError : uint64_t {
    kSGX_SUCCESS = 0,
    kSGX_INVALID_ATTRIBUTE = 2,
    kSGX_PAGE_ATTRIBUTES_MISMATCH = 19,
    kSGX_PAGE_NOT_MODIFIABLE = 20,
    kSGX_INVALID_CPUSVN = 32,
    kSGX_INVALID_ISVSVN = 64,
    kSGX_INVALID_KEYNAME = 256,
};

inline constexpr uint64_t kFlagZF = 0x40;

// EREPORT and EGETKEY in ordinary C++ (the host's FS, vector state saved around it). The argument
// is a HostedLeaf. Result: an SgxError.
struct HostedLeaf {
    uint64_t leaf;
    uint64_t rbx, rcx, rdx;
};
uint64_t hosted_leaf(void* hosted_leaf);

// Reads SCONE_SIM_FUSE_KEY_FILE (16 bytes) or takes the published default. Called while loading.
text::Outcome<void> choose_fuse_key();

}  // namespace scone::machine
