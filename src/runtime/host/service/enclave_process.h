// Runs a loaded enclave: the first thread enters, the host serves it until the process ends.
//
// Side:   host
// Errors: only before the first EENTER; from then on the enclave decides how the process ends
#pragma once

#include "lib/base/bytes.h"
#include "runtime/host/machine/machine.h"

namespace scone::service {

// Signal state as this process was started with, for LaunchInfo. To be read before run_enclave().
struct InitialSignals {
    uint64_t ignored = 0;
    uint64_t blocked = 0;
};
InitialSignals read_initial_signals();

// Takes over the process' signals and enters `first_tcs` with kEntryStart. `launch_info` begins
// with a boundary::LaunchInfo, is 8-byte aligned and stays where it is. Returns only if it cannot
// start.
text::Failure run_enclave(machine::Machine* machine, uint64_t first_tcs, base::Bytes launch_info);

}  // namespace scone::service
