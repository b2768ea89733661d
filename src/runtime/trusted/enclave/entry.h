// Threads of the enclave, as libos makes them.
//
// Side:   trusted
#pragma once

#include <cstdint>

#include "runtime/trusted/enclave/thread_block.h"

namespace scone::enclave {

inline constexpr uint64_t kMinimumWindowData = 128 << 10;
inline constexpr uint64_t kMaximumWindowData = 16 << 20;
inline constexpr uint64_t kMaximumLaunchSize = 64 << 20;

// Fills in what every thread block holds, from its TCS address. What an event needs (its stack,
// where it leaves to) keeps its value: the slot's last thread may have one on its way out, after it
// gave the slot back.
void prepare_block(ThreadBlock* block, uint64_t tcs);

// An exception in the runtime itself: a defect. Says where and ends the process.
[[noreturn]] void runtime_exception(uint64_t rip, uint32_t vector, uint64_t address);

}  // namespace scone::enclave
