#include "runtime/trusted/enclave/host_calls/host_call.h"

#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/enclave/world_stop.h"

extern "C" void scone_host_call_exit();

namespace scone::enclave {
namespace {

constexpr uint64_t kFaultAreaSize = 64 << 10;

}  // namespace

int64_t host_call(uint64_t number, Interruptible interruptible, uint64_t a0, uint64_t a1,
                  uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5) {
    ThreadBlock* block = current_block();
    boundary::HostRequest& request = block->window->request;
    host_store(&request.number, number);
    host_store(&request.args[0], a0);
    host_store(&request.args[1], a1);
    host_store(&request.args[2], a2);
    host_store(&request.args[3], a3);
    host_store(&request.args[4], a4);
    host_store(&request.args[5], a5);
    host_store(&request.flags, static_cast<uint64_t>(interruptible));
    // A thread that waits holds nothing and needs no attention when the process is copied.
    bool resting = interruptible != Interruptible::No && block->locks_held == 0;
    if (resting)
        begin_rest(block);
    scone_host_call_exit();
    auto result = static_cast<int64_t>(host_load(&request.result));
    if (resting)
        end_rest(block);
    // A signal may have come while the thread was outside: look before the program goes on.
    uint64_t written_and_read = host_load(&block->window->signal_write);
    if ((written_and_read & 0xffffffff) != (written_and_read >> 32))
        block->pending.store(1, std::memory_order_relaxed);
    return result;
}

void prepare_host_call(uint64_t number) {
    boundary::HostRequest& request = current_block()->window->request;
    host_store(&request.number, number);
    for (uint64_t& argument : request.args)
        host_store(&argument, 0);
    host_store(&request.flags, 0);
}

uint64_t window_data() {
    ThreadBlock* block = current_block();
    uint64_t start = reinterpret_cast<uint64_t>(block->window) + boundary::kWindowHeaderSize;
    return block->mends_fault ? start + block->window_data_size - kFaultAreaSize : start;
}
uint64_t window_data_size() {
    ThreadBlock* block = current_block();
    return block->mends_fault ? kFaultAreaSize : block->window_data_size - kFaultAreaSize;
}

FaultArea::FaultArea() : was_set_(current_block()->mends_fault) {
    current_block()->mends_fault = true;
}
FaultArea::~FaultArea() {
    current_block()->mends_fault = was_set_;
}

int64_t checked_result(int64_t result, uint64_t limit) {
    constexpr int64_t kEio = 5;
    if (result < -4095 || (result >= 0 && static_cast<uint64_t>(result) > limit))
        return -kEio;
    return result;
}

}  // namespace scone::enclave
