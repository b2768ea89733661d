// The memory that one enclave thread shares with its host: requests out, results and signals in.
//
// Side:    both. The window lies in host memory, outside ELRANGE; the enclave trusts nothing in it.
// Layout:  one window per thread, page aligned: this header in the first 4096 bytes, then the data
//          area of data_size bytes at +4096. Little endian, fixed width.
// Threads: a window belongs to one thread; its signal queue is written by that thread's host
//          signal handler only.
// Source:  docs/formats/host-boundary.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace scone::boundary {

// Why the host enters. RDI at EENTER. RSI: address of the thread's HostWindow. RDX: address that
// EEXIT must jump to. (RAX = CSSA, RBX = TCS, RCX = AEP by the architecture.)
enum EntryReason : uint64_t {
    kEntryStart = 0,           // first thread: RSI window, R8 address and R9 size of LaunchInfo
    kEntryThreadStart = 1,     // a further thread
    kEntryHostCallReturn = 2,  // window.request.result holds the result
    kEntryEvent = 3,           // after an AEX, CSSA > 0: exception in the SSA, or signals queued
};

// What the enclave wants at EEXIT. RDI.
enum ExitReason : uint64_t {
    kExitHostCall = 0,   // window.request is filled in
    kExitEventDone = 1,  // the event was dealt with: ERESUME
};

inline constexpr uint64_t kCallFlagInterruptible = 1;  // -EINTR when a signal is or becomes queued
// With the former: SIGTTIN and SIGTTOU are blocked meanwhile, as the kernel's terminals look at
// that.
inline constexpr uint64_t kCallFlagInBackground = 2;

struct HostRequest {
    uint64_t number;
    uint64_t args[6];
    uint64_t flags;
    int64_t result;
};

// A signal that the host received for the process or thread; fields as in siginfo_t.
struct HostSignal {
    int32_t number;
    int32_t code;
    int32_t error;
    int32_t pid;
    uint32_t uid;
    int32_t status;
    uint64_t value;  // si_value, or si_addr
};

inline constexpr uint32_t kSignalQueueLength = 64;
inline constexpr uint64_t kWindowHeaderSize = 4096;

struct HostWindow {
    HostRequest request;
    uint64_t data_size;
    // Ring of signals: the host's handler writes entry [write % length] and increments write; the
    // enclave reads and increments read. While the ring is full the host lets signals wait in the
    // kernel, until kHostSignalsTaken; one that comes all the same is kept in signal_overflow.
    uint32_t signal_write;
    uint32_t signal_read;
    uint64_t signal_overflow;  // bit n-1: signal n was dropped from the ring
    uint64_t host_thread_id;
    uint32_t
        park_word;  // futex word on which this thread waits when it sleeps in the enclave's futex
    uint32_t
        lock_word;  // of the first window: threads that wait for a lock of the runtime sleep here
    uint32_t signals_held;  // 1: the queue was full, signals wait until kHostSignalsTaken
    uint32_t reserved;
    HostSignal signals[kSignalQueueLength];
};

// Handed over at kEntryStart; copied into the enclave once. Offsets are from the struct's start.
struct LaunchInfo {
    uint64_t size;     // of everything, this header included
    uint32_t machine;  // 0 simulated, 1 hardware: for messages only, never for a decision
    uint32_t argument_count;
    uint32_t environment_count;
    uint32_t string_size;
    uint64_t string_offset;  // arguments, then environment: NUL-terminated strings
    uint64_t plan_offset;    // patch plans (docs/formats/patch-plan.md); size 0: none
    uint64_t plan_size;
    uint64_t sigstruct_offset;  // as it was given to EINIT, for SCONE_VERSION
    uint64_t sigstruct_size;
    uint64_t host_pid;
    uint64_t host_parent_pid;
    uint64_t xsave_features;  // XCR0 as the host sees it
    uint64_t
        program_path_offset;  // in the strings: path of the program to run (scone-run, starter)
    uint64_t working_directory_offset;
    uint32_t user_id, effective_user_id, group_id, effective_group_id;
    uint64_t ignored_signals;  // as the host process got them: bit n-1 set, signal n is ignored
    uint64_t blocked_signals;  // bit n-1 set: signal n is blocked
};

static_assert(std::has_unique_object_representations_v<HostRequest> && sizeof(HostRequest) == 72);
static_assert(std::has_unique_object_representations_v<HostSignal> && sizeof(HostSignal) == 32);
static_assert(std::has_unique_object_representations_v<HostWindow>);
static_assert(sizeof(HostWindow) <= kWindowHeaderSize);
static_assert(std::has_unique_object_representations_v<LaunchInfo>);

}  // namespace scone::boundary
