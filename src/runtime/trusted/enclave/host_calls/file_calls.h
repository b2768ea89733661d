// Typed calls on the host's files and descriptors. Arguments are marshalled into the thread's
// window, results are checked against what was asked.
//
// Side:    trusted
// Units:   bytes; every result is a value >= 0 or -errno
// Threads: each thread uses its own window
// HOST:    counts are never above what was asked; content is whatever the host likes
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/linux_abi.h"

namespace scone::enclave {

// A path stands at the beginning of the window's data area, a second one at kSecondPath, and what
// the host writes back from kResultArea on.
inline constexpr uint64_t kSecondPath = 8192;
inline constexpr uint64_t kResultArea = 16384;

// Opening a FIFO waits, so a signal may end the call; files of the runtime's own are opened whole.
int64_t host_open(std::string_view path, uint64_t flags, uint64_t mode,
                  Interruptible interruptible = Interruptible::Yes);
int64_t host_close(int fd);
int64_t host_stat(std::string_view path, bool follow, linux_abi::Stat& out);
int64_t host_fstat(int fd, linux_abi::Stat& out);
int64_t host_read_link(std::string_view path, char* out, uint64_t size);
// Calls with one or two paths and up to three plain arguments after them.
int64_t host_path_call(uint64_t number, std::string_view path, uint64_t a1 = 0, uint64_t a2 = 0,
                       uint64_t a3 = 0);
int64_t host_path_at_call(uint64_t number, std::string_view path, uint64_t a2 = 0, uint64_t a3 = 0,
                          uint64_t a4 = 0);
int64_t host_two_path_call(uint64_t number, std::string_view from, std::string_view to,
                           uint64_t flags);
// Passes a structure in and out through the window: argument `index` is its address there.
int64_t host_structure_call(uint64_t number, uint64_t index, void* structure, uint64_t in_size,
                            uint64_t out_size, uint64_t a0, uint64_t a1 = 0, uint64_t a2 = 0,
                            uint64_t a3 = 0, Interruptible interruptible = Interruptible::No);

}  // namespace scone::enclave
