// A lock in memory that processes share, which outlives its owner's death.
//
// Side:    trusted
// Layout:  u64 owner (host thread id, 0: free), u64 number of sleepers
// Threads: not recursive. The sections are short and call the host only for what cannot block.
// HOST:    it can give the lock to several at once; what they guard must then still be safe, and
//          each process has a lock of its own besides.
#pragma once

#include <cstdint>

namespace scone::libos {

class CrossProcessLock {
  public:
    // Preconditions: 16 bytes of host memory, 8-byte aligned.
    explicit CrossProcessLock(uint64_t address) : address_(address) {}
    // From a dead owner too: what the lock guards must show what it left half done.
    void lock();
    void unlock();

  private:
    uint64_t address_;
};

}  // namespace scone::libos
