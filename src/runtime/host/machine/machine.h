// The SGX processor as the rest of the host uses it: loading an enclave, entering it, changing its
// pages. Implemented by the simulated machine; a driver for /dev/sgx_enclave implements the same.
//
// Side:    host
// Units:   addresses are linear, offsets count from the enclave's base; sizes in bytes, multiples
// of
//          4096 where pages are meant
// Errors:  loading reports a Failure; the operations of a running enclave hand back 0 or -errno,
//          since they run without C library, thread-local storage and vector registers
// Threads: loading is done by one thread; the rest may be called from every enclave thread
// Source:  Intel SDM volume 3D, chapters 35 to 38
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "lib/base/bytes.h"
#include "lib/text/failure.h"
#include "runtime/boundary/wire/host_window.h"

namespace scone::machine {

inline constexpr uint64_t kPageSize = 4096;

enum class Kind : uint32_t { Simulated = 0, Hardware = 1 };
enum class Measured { No, Yes };
// Whether added pages are going to be written soon: a hint.
enum class Wanted { Later, Now };

// SECINFO.FLAGS, as in the SDM.
enum SecinfoFlags : uint64_t {
    kSecinfoR = 1,
    kSecinfoW = 2,
    kSecinfoX = 4,
    kSecinfoPending = 8,
    kSecinfoModified = 16,
    kSecinfoPr = 32,
    kSecinfoTypeTcs = 1 << 8,
    kSecinfoTypeReg = 2 << 8,
    kSecinfoTypeTrim = 4 << 8,
    kSecinfoTypeMask = 0xff00,
};

// What ECREATE is told, and where the TCS of each thread lies: the GS base of thread slot i lies in
// [slots_offset + i * slot_size, + slot_size), by which the simulated machine knows its processor.
struct EnclaveParameters {
    uint64_t base = 0;
    uint64_t size = 0;
    uint32_t ssa_frame_pages = 1;
    uint32_t misc_select = 0;
    uint64_t attribute_flags = 0;
    uint64_t xfrm = 3;
    uint64_t slots_offset = 0;
    uint64_t slot_size = 0;
    uint32_t slot_count = 0;
};

enum class Leaf : uint64_t { Enter = 2, Resume = 3 };
enum class RunEnd : uint64_t {
    Exited = 0,            // EEXIT: rdi and rsi hold what the enclave left there
    Interrupted = 1,       // AEX: an exception, or signals were queued in the window
    SignalsQueued = 2,     // Leaf::Resume was not carried out: signals came since `seen_signals`
    GeneralProtection = 3  // the processor refuses (no SSA frame left, nothing to resume)
};

// One entry into the enclave: what goes in, what comes out. The layout is known to the assembly.
struct Run {
    Leaf leaf = Leaf::Enter;
    uint64_t rdi = 0;
    uint64_t rsi = 0;
    uint64_t r8 = 0;
    uint64_t r9 = 0;
    RunEnd end = RunEnd::Exited;
    // Leaf::Resume only: HostWindow::signal_write when the enclave last looked at the queue.
    uint64_t seen_signals = 0;
    // Set at RunEnd::Interrupted when the processor reported an exception (the SSA holds it); the
    // caller clears it.
    uint64_t exception = 0;
};

// A host thread bound to a TCS. Created by bind_thread(), known to signal handlers.
struct LogicalProcessor;

class Machine {
  public:
    virtual ~Machine() = default;
    virtual Kind kind() const = 0;

    // --- loading, in this order ---
    // ECREATE. Fails when the address range is taken or the parameters break the SDM's rules.
    virtual text::Outcome<void> create(const EnclaveParameters& parameters) = 0;
    // The image that pages are going to come from, mapped from the start of a file, whose
    // descriptor stays open until init(). A machine whose pages are ordinary memory may map instead
    // of copy.
    virtual void offer_file(base::Bytes mapped, int descriptor) = 0;
    // EADD (and 16 EEXTEND when measured) of count pages from `offset` on. `content` holds count
    // pages, or is empty for zero pages.
    virtual text::Outcome<void> add_pages(uint64_t offset, uint64_t count, base::Bytes content,
                                          uint64_t secinfo_flags, Measured measured) = 0;
    // Where the image has its 8-byte `enclu` slots (linear addresses). Hardware leaves them alone;
    // the simulated machine measures first and patches them in init().
    virtual text::Outcome<void> set_enclu_slots(std::span<const uint64_t> addresses) = 0;
    // EINIT with a SIGSTRUCT of 1808 bytes. Fails with what the processor found wrong.
    virtual text::Outcome<void> init(base::Bytes sigstruct) = 0;
    // The measurement over the pages so far; after init() it is MRENCLAVE.
    virtual base::ByteArray<32> measurement() const = 0;

    // --- the running enclave ---
    // EAUG: pending, zero, RW pages, mapped with `protection` (PROT_*). The enclave accepts them;
    // with protection 0 by EACCEPTCOPY, and they can be seen only when protect() follows.
    virtual int64_t extend(uint64_t address, uint64_t size, uint64_t protection,
                           Wanted wanted) noexcept = 0;
    // Page table rights; EMODPR where they shrink.
    virtual int64_t protect(uint64_t address, uint64_t size, uint64_t protection) noexcept = 0;
    // EMODT to TRIM; the enclave accepts and then asks for remove().
    virtual int64_t trim(uint64_t address, uint64_t size) noexcept = 0;
    // EREMOVE: the pages are gone, the range can be extended again.
    virtual int64_t remove(uint64_t address, uint64_t size) noexcept = 0;
    // EMODT to TCS.
    virtual int64_t make_tcs(uint64_t address, uint64_t size) noexcept = 0;

    // Takes over all signals of the process, before the first thread is attached.
    virtual int64_t take_signals() noexcept = 0;
    // The signal's default action happens to the calling thread's process. Comes back when it was
    // stopped and continued, or when the kernel spared it (the first process of a PID namespace).
    virtual void take_default_action(int number) noexcept = 0;
    // SIGCHLD's SA_NOCLDSTOP and SA_NOCLDWAIT.
    virtual int64_t watch_children(bool ignore_stops, bool reap) noexcept = 0;
    // Around moments in which a thread has no signal stack.
    virtual void block_signals() noexcept = 0;
    virtual void unblock_signals() noexcept = 0;

    // Binds a TCS to the calling host thread's future. Fails with -EINVAL where no TCS lies at the
    // address or -EBUSY when another thread has it.
    virtual int64_t claim_tcs(uint64_t tcs_address, boundary::HostWindow* window,
                              LogicalProcessor** processor) noexcept = 0;
    virtual void release_tcs(LogicalProcessor* processor) noexcept = 0;
    // On the thread that will enter: alternate signal stack, system call trap. `signal_stack` is
    // aligned to its size, kSignalStackSize.
    virtual int64_t attach_thread(LogicalProcessor* processor, void* signal_stack) noexcept = 0;
    // In a forked child, on its only thread: every other processor is free, the trap is armed
    // again.
    virtual int64_t attach_forked_child(LogicalProcessor* processor) noexcept = 0;
    // Host calls (numbers below 512, no flags) that the machine may carry out itself as the Linux
    // system call of that number, repeated at EINTR, and enter again. A hint: it may report all.
    virtual void set_plain_calls(std::span<const uint64_t, 8> bits) noexcept = 0;
    // The host call with kCallFlagInterruptible: -EINTR when a signal is or becomes queued.
    virtual int64_t interruptible_call(LogicalProcessor* processor,
                                       boundary::HostRequest& request) noexcept = 0;
    // EENTER or ERESUME; returns at the next exit. Preconditions: attach_thread() succeeded here.
    virtual void enter(LogicalProcessor* processor, Run& run) noexcept = 0;
};

inline constexpr uint64_t kSignalStackSize = 64 * 1024;
// The lowest bytes of a signal stack: a word of the machine's, the rest is the caller's.
inline constexpr uint64_t kSignalStackReserved = 256;

// SCONE_MODE. Auto takes the hardware when its device opens, else the simulated machine.
enum class Mode { Auto, Hardware, Simulated };
// The one machine of this process. Fails for Mode::Hardware on a computer without SGX.
text::Outcome<Machine*> open_machine(Mode mode);

}  // namespace scone::machine
