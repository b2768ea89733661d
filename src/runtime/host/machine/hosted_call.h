// Calls ordinary C++ (C library, vector registers) from code that must not touch the vector state.
//
// Side:    host
// Threads: the callee runs with the FS base of the program's first thread, whatever thread calls;
//          callers take service::HostedSection so that only one does
#pragma once

#include <cstdint>

namespace scone::machine {

// Returns what `function` returned. x87, SSE, AVX and AVX-512 state is as before.
uint64_t call_hosted(uint64_t (*function)(void*), void* argument) noexcept;

}  // namespace scone::machine
