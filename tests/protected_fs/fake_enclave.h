// The enclave's services for tests on the host: see fake_enclave.cpp.
#pragma once

#include <atomic>
#include <map>
#include <string>

#include "runtime/trusted/libos/vfs/file_system.h"

namespace scone::test {

extern std::atomic<uint64_t> host_calls;
extern std::map<std::string, libos::Ref<libos::FileSystem>> mounts;  // by prefix

// What GS leads to in an enclave, for the calling thread. The first thread has it from the start.
void enter_thread();

}  // namespace scone::test
