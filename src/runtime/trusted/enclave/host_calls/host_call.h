// One synchronous exit: marshal, call, take the result.
//
// Side:    trusted
// Threads: uses the calling thread's own window
// HOST:    the result is whatever the host wrote. The typed stubs in this folder check it against
//          what was asked; use those, not host_call(), outside of this folder.
#pragma once

#include <cstdint>

#include "runtime/boundary/wire/host_call_numbers.h"
#include "runtime/boundary/wire/host_window.h"

namespace scone::enclave {

enum class Interruptible : uint64_t {
    No = 0,
    Yes = boundary::kCallFlagInterruptible,
    // And a terminal does not stop the caller though it is in the background.
    InBackground = boundary::kCallFlagInterruptible | boundary::kCallFlagInBackground
};

int64_t host_call(uint64_t number, Interruptible interruptible, uint64_t a0 = 0, uint64_t a1 = 0,
                  uint64_t a2 = 0, uint64_t a3 = 0, uint64_t a4 = 0, uint64_t a5 = 0);

// Only marshals: for the exit that does not come back.
void prepare_host_call(uint64_t number);

// The window's data area: address and size in host memory, 8-byte aligned.
uint64_t window_data();
uint64_t window_data_size();

// While a page fault is mended that came in the middle of another call's use of the data area: host
// calls use an area of their own at its end (64 KiB).
class FaultArea {
  public:
    FaultArea();
    ~FaultArea();
    FaultArea(const FaultArea&) = delete;
    FaultArea& operator=(const FaultArea&) = delete;

  private:
    bool was_set_;
};

// Errors are those of Linux; a host that answers anything outside [-4095, limit] is refused: -EIO.
int64_t checked_result(int64_t result, uint64_t limit);

}  // namespace scone::enclave
