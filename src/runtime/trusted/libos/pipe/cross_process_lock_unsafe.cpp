#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/pipe/cross_process_lock.h"
#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/text.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kFutexWait = 0, kFutexWake = 1;
constexpr unsigned kSpins = 100, kYields = 3;
constexpr int64_t kPatienceNs = 10'000'000;

// SAFETY: the address is host memory that the lock's owner checked.
uint32_t exchange_if(uint64_t address, uint32_t expected, uint32_t desired) {
    auto* word = reinterpret_cast<uint32_t*>(address);
    __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_ACQ_REL,
                                __ATOMIC_ACQUIRE);
    return expected;
}
void add(uint64_t address, uint32_t value) {
    __atomic_fetch_add(reinterpret_cast<uint32_t*>(address), value, __ATOMIC_SEQ_CST);
}

// A process that was killed and not yet waited for still has its number: the host's /proc tells.
bool is_dead(uint32_t thread) {
    constexpr uint64_t kStatSize = 256;
    int64_t alive = host_call(__NR_kill, Interruptible::No, thread, 0);
    if (alive == -kESRCH)
        return true;
    FixedText<40> path;
    path.append("/proc/").append_number(thread).append("/stat");
    int64_t fd = enclave::host_open(path.view(), kO_RDONLY | kO_CLOEXEC, 0);
    if (fd < 0)
        return fd == -kENOENT;
    char text[kStatSize + 8];
    int64_t size = enclave::host_structure_call(__NR_read, 1, text, 0, kStatSize,
                                                static_cast<uint64_t>(fd), 0, kStatSize);
    enclave::host_close(static_cast<int>(fd));
    // "PID (NAME) STATE ...": the name may hold anything, the last parenthesis ends it.
    for (int64_t at = size < static_cast<int64_t>(kStatSize) ? size - 3 : 0; at > 0; at--)
        if (text[at] == ')')
            return text[at + 2] == 'Z' || text[at + 2] == 'X';
    return false;
}

}  // namespace

void CrossProcessLock::lock() {
    auto self = static_cast<uint32_t>(current_thread().host_tid.load(std::memory_order_relaxed));
    uint32_t owner = 0;
    for (unsigned spin = 0; spin < kSpins; spin++) {
        owner = exchange_if(address_, 0, self);
        if (owner == 0)
            return;
        __builtin_ia32_pause();
    }
    // The owner may have been pushed off this processor by the very wake-up that brought this
    // thread here.
    for (unsigned turn = 0; turn < kYields; turn++) {
        enclave::yield_to_host();
        if (exchange_if(address_, 0, self) == 0)
            return;
    }
    add(address_ + 8, 1);
    for (;;) {
        owner = exchange_if(address_, 0, self);
        if (owner == 0)
            break;
        Timespec patience{0, kPatienceNs};
        uint64_t at = enclave::window_data() + enclave::kResultArea;
        enclave::copy_to_host(at, &patience, sizeof patience);
        int64_t result = host_call(__NR_futex, Interruptible::No, address_, kFutexWait, owner, at);
        if (result == -kETIMEDOUT && (owner == self || is_dead(owner)) &&
            exchange_if(address_, owner, self) == owner)
            break;
    }
    add(address_ + 8, ~0u);
}

void CrossProcessLock::unlock() {
    __atomic_store_n(reinterpret_cast<uint32_t*>(address_), 0u, __ATOMIC_SEQ_CST);
    if (static_cast<uint32_t>(enclave::host_load(reinterpret_cast<const void*>(address_ + 8))) != 0)
        host_call(__NR_futex, Interruptible::No, address_, kFutexWake, 1);
}

}  // namespace scone::libos
