// Where MAP_SHARED and System V memory lies: in the enclave, outside of it, or nowhere.
//
// Side:    trusted
// Two enclaves cannot have a page in common, so memory that processes share lies outside, where the
// host reads and writes it. A start that is not attested may always have it. An attested one has to
// say so: SCONE_SHARED_MEMORY=insecure in the policy's environment.
// Threads: set once before the program starts, then only read
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos::sharing {

enum class Allowed : bool { No, Yes };
enum class Place : uint8_t { Inside, Outside };

// outside: memory may lie outside. processes: more than one process can exist (SCONE_FORK).
void configure(Allowed outside, Allowed processes);
bool is_allowed_outside();

// Where a MAP_SHARED mapping of the file (none: anonymous) goes. EPERM, with a message that names
// the variable, where it would have to lie outside and may not.
Result<Place> place_of(const Ref<File>& file, uint32_t prot, uint32_t flags);
// The same question for System V segments, semaphores and queues, which are always the host's.
Result<void> check_system_v();

}  // namespace scone::libos::sharing
