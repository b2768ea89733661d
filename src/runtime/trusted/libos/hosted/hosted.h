// The hosted layer of the enclave: C++ with its library and OpenSSL, run as a coroutine on a stack,
// FS base and vector state of its own.
//
// Side:    trusted
// Threads: one caller at a time (a lock); only at start and for CAS traffic
// The C library finds no files, an empty environment and no other threads; its system calls end in
// hosted_calls.cpp, its CPUID in hosted_calls.cpp too. Random bytes come from RDRAND.
#pragma once

#include <cstdint>

namespace scone::libos {

// Runs function(argument) in the hosted layer; the first call starts the C library.
void run_hosted(void (*function)(void*), void* argument);

}  // namespace scone::libos
