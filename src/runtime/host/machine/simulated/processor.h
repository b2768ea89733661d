// The simulated machine's logical processors: one per thread slot of the enclave, and the state
// that the machine keeps for all of them.
//
// Side:    host
// Layout:  known to the assembly by processor_layout.h
// Threads: a processor belongs to the host thread that claimed its TCS, and to that thread's signal
//          handler. In host mode GS base points at it; inside the enclave it is found from GS base,
//          on the signal stack from the stack's address. No thread-local storage is used.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/sgx/architecture.h"
#include "lib/sgx/key_request.h"
#include "runtime/boundary/wire/host_window.h"
#include "runtime/host/machine/machine.h"
#include "runtime/host/machine/simulated/processor_layout.h"

namespace scone::machine {

struct alignas(64) LogicalProcessor {
    uint64_t tcs;       // linear address of the bound TCS; 0: free
    uint64_t host_rsp;  // stack pointer at the last EENTER or ERESUME
    uint64_t host_fs;   // FS base of the host program
    boundary::HostWindow* window;
    Run* run;
    uint64_t entry;       // base + TCS.OENTRY
    uint64_t enclave_fs;  // base + TCS.OFSBASE
    uint64_t enclave_gs;  // base + TCS.OGSBASE
    uint64_t ssa_base;    // base + TCS.OSSA
    uint64_t ssa_frame_size;
    uint64_t xfrm;
    uint64_t iret_frame[5];  // RIP, CS, RFLAGS, RSP, SS of ERESUME
    uint64_t leaf_rsp;       // the enclave's stack pointer while a leaf runs on the host stack
    uint64_t ssa_count;      // TCS.NSSA
    void* signal_stack;
    uint64_t reserved[45];
};

static_assert(sizeof(LogicalProcessor) == SCONE_LP_SIZE);
static_assert(offsetof(LogicalProcessor, tcs) == SCONE_LP_TCS);
static_assert(offsetof(LogicalProcessor, host_rsp) == SCONE_LP_HOST_RSP);
static_assert(offsetof(LogicalProcessor, host_fs) == SCONE_LP_HOST_FS);
static_assert(offsetof(LogicalProcessor, window) == SCONE_LP_WINDOW);
static_assert(offsetof(LogicalProcessor, run) == SCONE_LP_RUN);
static_assert(offsetof(LogicalProcessor, entry) == SCONE_LP_ENTRY);
static_assert(offsetof(LogicalProcessor, enclave_fs) == SCONE_LP_ENCLAVE_FS);
static_assert(offsetof(LogicalProcessor, enclave_gs) == SCONE_LP_ENCLAVE_GS);
static_assert(offsetof(LogicalProcessor, ssa_base) == SCONE_LP_SSA_BASE);
static_assert(offsetof(LogicalProcessor, ssa_frame_size) == SCONE_LP_SSA_FRAME_SIZE);
static_assert(offsetof(LogicalProcessor, xfrm) == SCONE_LP_XFRM);
static_assert(offsetof(LogicalProcessor, iret_frame) == SCONE_LP_IRET);
static_assert(offsetof(LogicalProcessor, leaf_rsp) == SCONE_LP_LEAF_RSP);
static_assert(offsetof(LogicalProcessor, ssa_count) == SCONE_LP_SSA_COUNT);
static_assert(sizeof(Run) == 64 && offsetof(Run, rdi) == SCONE_RUN_RDI &&
              offsetof(Run, rsi) == SCONE_RUN_RSI && offsetof(Run, r8) == SCONE_RUN_R8 &&
              offsetof(Run, r9) == SCONE_RUN_R9 && offsetof(Run, end) == SCONE_RUN_END &&
              offsetof(Run, seen_signals) == SCONE_RUN_SEEN_SIGNALS &&
              offsetof(Run, exception) == SCONE_RUN_EXCEPTION);
static_assert(offsetof(boundary::HostWindow, signal_write) == SCONE_WINDOW_SIGNAL_WRITE &&
              offsetof(boundary::HostWindow, signal_read) == SCONE_WINDOW_SIGNAL_READ &&
              offsetof(boundary::HostWindow, signal_overflow) == SCONE_WINDOW_SIGNAL_OVERFLOW);

static_assert(offsetof(boundary::HostWindow, request) == 0 &&
              offsetof(boundary::HostRequest, number) == SCONE_REQUEST_NUMBER &&
              offsetof(boundary::HostRequest, args) == SCONE_REQUEST_ARGS &&
              offsetof(boundary::HostRequest, flags) == SCONE_REQUEST_FLAGS &&
              offsetof(boundary::HostRequest, result) == SCONE_REQUEST_RESULT);
static_assert(offsetof(sgx::Tcs, cssa) == SCONE_TCS_CSSA);
static_assert(sizeof(sgx::SsaGpr) == SCONE_GPR_SIZE &&
              offsetof(sgx::SsaGpr, rip) == SCONE_GPR_RIP &&
              offsetof(sgx::SsaGpr, r8) == SCONE_GPR_R8 &&
              offsetof(sgx::SsaGpr, ursp) == SCONE_GPR_URSP &&
              offsetof(sgx::SsaGpr, fs_base) == SCONE_GPR_FSBASE &&
              offsetof(sgx::SsaGpr, gs_base) == SCONE_GPR_GSBASE);

// What the machine knows about its one enclave. Written while loading, read only afterwards.
struct SimulatedState {
    uint64_t base = 0;
    uint64_t end = 0;  // of ELRANGE; the leaf pages follow
    uint64_t leaf_pages_end = 0;
    uint16_t* page_map = nullptr;  // EPCM: one entry per page of ELRANGE
    // Content that EACCEPTCOPY has written for page A waits at A + staging_distance until the page
    // becomes visible: what is mapped can be read at once by every thread, and memory that is not
    // mapped cannot be written.
    uint64_t staging_distance = 0;
    LogicalProcessor* processors = nullptr;
    uint64_t slots_start = 0;
    uint64_t slot_count = 0;
    uint64_t claimed_slots = 0;  // no slot from here on was ever claimed
    EnclaveParameters parameters;
    sgx::EnclaveIdentity identity;
    bool initialised = false;
    // SCONE_SIM_LOCK_ELRANGE: no access for the host while its only thread is outside.
    bool lock_while_outside = false;
    uint8_t* lock_chunks = nullptr;  // per kLockChunk of ELRANGE: has it ever had pages?
};
inline constexpr uint64_t kLockChunk = 2 << 20;
extern SimulatedState simulated_state;

// EPCM entries: SECINFO.FLAGS with a valid bit and, in bits 12 to 14, the page table's R, W, X.
inline constexpr uint16_t kPageValid = 0x80;
inline constexpr uint16_t kPageStaged = 0x8000;  // its content is in the staging area
inline constexpr uint16_t kPageTypeMask = 0x0f00;
inline constexpr uint16_t kPageFlagsMask = 0x0f3f;
inline constexpr int kPageTableShift = 12;

inline bool in_enclave_range(uint64_t address) {
    return address >= simulated_state.base && address < simulated_state.end;
}
inline uint16_t& page_entry(uint64_t address) {
    return simulated_state.page_map[(address - simulated_state.base) / kPageSize];
}

}  // namespace scone::machine
