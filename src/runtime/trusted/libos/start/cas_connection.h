// The connection to CAS after an attested start. It stays open, on a descriptor of the host that
// the program does not see, and carries the exit report.
//
// Side:    trusted
// Threads: thread-safe
// Source:  docs/formats/enclave-protocol.md
#pragma once

#include "runtime/trusted/libos/start/provisioner.h"

namespace scone::libos::cas_connection {

// Preconditions: once, by the process that was attested.
void opened(HostStream stream);

// The process ends: exits with `status`, or dies of `signal`. The first call of the process that
// was attested tells CAS; it waits at most two seconds, and an answer that does not come changes
// nothing. A forked process never uses its parent's connection.
void report_exit(uint64_t status, uint64_t signal);

}  // namespace scone::libos::cas_connection
