#include "fuzz/libos/fake_enclave.h"

#include <asm/prctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/vfs/lock_space.h"

namespace scone::enclave {
namespace {

ThreadBlock block;
alignas(64) uint8_t window[64 << 10];

[[gnu::constructor]] void set_block() {
    block.self = &block;
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, &block) != 0)
        abort();
}

}  // namespace

void* heap_allocate(size_t size) {
    return malloc(size);
}
void heap_free(void* memory) {
    free(memory);
}
uint64_t hardware_random() {
    return 0;
}
void yield_to_host() {}
void SleepLock::wait() {
    abort();  // there is one thread
}
void SleepLock::wake() {}

uint64_t window_data() {
    return reinterpret_cast<uint64_t>(window);
}
uint64_t window_data_size() {
    return sizeof window;
}

}  // namespace scone::enclave

namespace scone::libos {

Result<void> copy_from_program(void* to, uint64_t from, uint64_t size) {
    const auto& memory = fuzz::program_memory;
    uint64_t offset = from - fuzz::kProgramMemory;
    if (offset > memory.size() || size > memory.size() - offset)
        return error(linux_abi::kEFAULT);
    if (size > 0)
        memcpy(to, memory.data() + offset, size);
    return {};
}
Result<void> copy_to_program(uint64_t to, const void* from, uint64_t size) {
    auto& memory = fuzz::program_memory;
    uint64_t offset = to - fuzz::kProgramMemory;
    if (offset > memory.size() || size > memory.size() - offset)
        return error(linux_abi::kEFAULT);
    if (size > 0)
        memcpy(memory.data() + offset, from, size);
    return {};
}

namespace lock_space {
void descriptor_closed(File&) {}
Result<void> flock(File&, int) {
    return error(linux_abi::kENOSYS);
}
}  // namespace lock_space

}  // namespace scone::libos
