// What is known about signals: handlers, masks and what waits to be delivered.
//
// Side:    trusted
// Source:  signal(7), sigaction(2), rt_sigqueueinfo(2)
#pragma once

#include <cstdint>

#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/linux_abi.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/vector.h"

namespace scone::libos {

// Bit n-1 is signal n, as in the kernel's sigset_t.
using SignalMask = uint64_t;
inline constexpr int kSignalCount = 64;
inline constexpr SignalMask signal_bit(int number) {
    return 1ull << (number - 1);
}
inline constexpr SignalMask kUnblockable =
    signal_bit(linux_abi::kSIGKILL) | signal_bit(linux_abi::kSIGSTOP);

// Shared by the threads of a process; copied by fork.
struct SignalHandlers : RefCounted {
    enclave::SpinLock lock;  // also guards the pending signals of the process and its threads
    linux_abi::SigAction actions[kSignalCount]{};
};

struct PendingSignals {
    SignalMask set = 0;
    Vector<linux_abi::SigInfo> queue;  // one entry for a standard signal, many for a real-time one

    // Standard signals that are pending already are dropped, as Linux does.
    void add(const linux_abi::SigInfo& info);
    // Takes the lowest-numbered signal outside of `blocked`; false when there is none.
    bool take(SignalMask blocked, linux_abi::SigInfo& out);
    void remove(SignalMask which);
    void clear() { remove(~SignalMask{0}); }
};

}  // namespace scone::libos
