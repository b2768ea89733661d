// What the protected file system needs of the enclave, on the host: the runtime's heap is malloc, a
// host call is the call itself through a window of this thread, and fatal() ends the process.
#include "fake_enclave.h"

#include <asm/prctl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/vfs/lock_space.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::test {

std::atomic<uint64_t> host_calls = 0;
std::map<std::string, libos::Ref<libos::FileSystem>> mounts;

namespace {

struct FakeThread {
    FakeThread() {
        block.self = &block;
        syscall(SYS_arch_prctl, ARCH_SET_GS, &block);
    }
    enclave::ThreadBlock block{};
};

}  // namespace

void enter_thread() {
    static thread_local FakeThread thread;
}
[[gnu::constructor]] static void enter_first_thread() {
    enter_thread();
}

}  // namespace scone::test

namespace scone::enclave {

// GS is the thread's block, as in the enclave: locks count themselves there. Threads inherit it, so
// all share one, whose count means nothing then.
ThreadBlock shared_block;
[[gnu::constructor]] void set_thread_block() {
    constexpr unsigned long kArchSetGs = 0x1001;
    shared_block.self = &shared_block;
    if (syscall(SYS_arch_prctl, kArchSetGs, &shared_block) != 0)
        abort();
}

// As the enclave's heap: blocks are aligned to 16 bytes and no more.
void* heap_allocate(size_t size) {
    auto* block = static_cast<char*>(aligned_alloc(64, (size + 16 + 63) / 64 * 64));
    return block + 16;
}
void heap_free(void* memory) {
    if (memory != nullptr)
        free(static_cast<char*>(memory) - 16);
}
void* heap_pages(size_t size) {
    // They are never given back, not even at the end: objects that outlive main() use them.
    static auto& all = *new std::vector<void*>;
    all.push_back(aligned_alloc(4096, (size + 4095) / 4096 * 4096));
    memset(all.back(), 0, size);
    return all.back();
}
void yield_to_host() {
    usleep(10);
}
void SleepLock::wait() {
    while (!take())
        usleep(10);
}
void SleepLock::wake() {}

alignas(64) thread_local char window[64 << 10];
uint64_t window_data() {
    return reinterpret_cast<uint64_t>(window);
}
uint64_t window_data_size() {
    return sizeof window;
}
int64_t checked_result(int64_t result, uint64_t limit) {
    return result < -4095 || (result >= 0 && static_cast<uint64_t>(result) > limit) ? -EIO : result;
}
int64_t host_call(uint64_t number, Interruptible, uint64_t a0, uint64_t a1, uint64_t a2,
                  uint64_t a3, uint64_t a4, uint64_t a5) {
    ++test::host_calls;
    long result = syscall(static_cast<long>(number), a0, a1, a2, a3, a4, a5);
    return result < 0 ? -errno : result;
}

}  // namespace scone::enclave

namespace scone::libos {

void log(Level, std::string_view text, std::source_location) {
    fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}
void fatal(std::string_view text, std::source_location where) {
    log(Level::Fatal, text, where);
    _exit(134);
}
Result<void> copy_to_program(uint64_t to, const void* from, uint64_t size) {
    if (to < 4096)
        return error(linux_abi::kEFAULT);
    memcpy(reinterpret_cast<void*>(to), from, size);
    return {};
}
Result<void> copy_from_program(void* to, uint64_t from, uint64_t size) {
    memcpy(to, reinterpret_cast<const void*>(from), size);
    return {};
}

namespace vfs {
bool mount(std::string_view prefix, Ref<FileSystem> tree) {
    test::mounts[std::string(prefix)] = std::move(tree);
    return true;
}
Ref<FileSystem> tree_of(std::string_view path) {
    Ref<FileSystem> best;
    for (auto& [prefix, tree] : test::mounts)  // in ascending order: a longer prefix comes later
        if (path.starts_with(prefix) &&
            (path.size() == prefix.size() || path[prefix.size()] == '/' || prefix.empty()))
            best = tree;
    return best;
}
}  // namespace vfs

}  // namespace scone::libos

// Used by default implementations that these tests do not reach.
namespace scone::libos {
Result<void> FileSystem::access(std::string_view, uint32_t, Follow) {
    return error(linux_abi::kEROFS);
}
Result<uint64_t> FileSystem::extended_attribute(std::string_view, Follow, ExtendedAttribute&) {
    return error(linux_abi::kEOPNOTSUPP);
}
Result<void> FileSystem::statfs(std::string_view, uint8_t (&)[120]) {
    return error(linux_abi::kENOSYS);
}
namespace lock_space {
void descriptor_closed(File&) {}
Result<void> flock(File&, int) {
    return error(linux_abi::kENOSYS);
}
}  // namespace lock_space
}  // namespace scone::libos
