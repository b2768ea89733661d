#include "runtime/trusted/libos/signal/signal_state.h"

namespace scone::libos {

namespace {
constexpr int kFirstRealTime = 32;
constexpr size_t kQueueLimit = 4096;
}  // namespace

void PendingSignals::add(const linux_abi::SigInfo& info) {
    SignalMask bit = signal_bit(info.number);
    // Of a timer at most one signal waits; those that come meanwhile are counted as its overrun.
    if (info.code == linux_abi::kSI_TIMER) {
        for (linux_abi::SigInfo& waiting : queue) {
            if (waiting.number == info.number && waiting.code == info.code &&
                waiting.pid == info.pid) {
                waiting.uid += 1 + info.uid;
                return;
            }
        }
    }
    if (info.number < kFirstRealTime && (set & bit))
        return;
    // A full queue keeps the bit: the signal arrives, its details are lost, as on Linux.
    if (queue.size() < kQueueLimit)
        (void)queue.push(info);
    set |= bit;
}

bool PendingSignals::take(SignalMask blocked, linux_abi::SigInfo& out) {
    SignalMask ready = set & ~blocked;
    if (ready == 0)
        return false;
    // Faults of the program itself go first, then the lowest number.
    constexpr SignalMask kSynchronous =
        signal_bit(linux_abi::kSIGSEGV) | signal_bit(linux_abi::kSIGBUS) |
        signal_bit(linux_abi::kSIGILL) | signal_bit(linux_abi::kSIGTRAP) |
        signal_bit(linux_abi::kSIGFPE) | signal_bit(linux_abi::kSIGSYS);
    if (ready & kSynchronous)
        ready &= kSynchronous;
    int number = __builtin_ctzll(ready) + 1;
    out = linux_abi::SigInfo{};
    out.number = number;
    bool found = false, more = false;
    for (size_t i = 0; i < queue.size();) {
        if (queue[i].number != number) {
            i++;
        } else if (!found) {
            found = true;
            out = queue[i];
            queue.erase(i);
        } else {
            more = true;
            break;
        }
    }
    if (!more)
        set &= ~signal_bit(number);
    return true;
}

void PendingSignals::remove(SignalMask which) {
    set &= ~which;
    for (size_t i = 0; i < queue.size();) {
        if (which & signal_bit(queue[i].number))
            queue.erase(i);
        else
            i++;
    }
}

}  // namespace scone::libos
