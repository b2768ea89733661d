// The vDSO in the program's memory: the time without a system call.
//
// Side:    trusted
// Errors:  ENOMEM
// Threads: before the program starts
// Source:  vdso(7); runtime/trusted/libos/vdso
#pragma once

#include "runtime/trusted/libos/mm/address_space.h"

namespace scone::libos {

// Its address, for AT_SYSINFO_EHDR.
Result<uint64_t> map_vdso(AddressSpace& memory);

}  // namespace scone::libos
