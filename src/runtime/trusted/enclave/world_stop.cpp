#include "runtime/trusted/enclave/world_stop.h"

#include "runtime/trusted/enclave/spin_lock.h"

namespace scone::enclave {
namespace {
std::atomic<bool> stopped;
}  // namespace

void begin_rest(ThreadBlock* block) {
    block->resting.store(1, std::memory_order_release);
}

void end_rest(ThreadBlock* block) {
    for (;;) {
        block->resting.exchange(0, std::memory_order_seq_cst);
        if (!stopped.load(std::memory_order_seq_cst))
            return;
        begin_rest(block);
        while (stopped.load(std::memory_order_acquire))
            yield_to_host();
    }
}

void rest_if_stopped(ThreadBlock* block) {
    if (!stopped.load(std::memory_order_relaxed))
        return;
    begin_rest(block);
    end_rest(block);
}

bool try_stop_world() {
    return !stopped.exchange(true, std::memory_order_seq_cst);
}
void let_world_go_on() {
    stopped.store(false, std::memory_order_release);
}
bool rests(const ThreadBlock* block) {
    return block->resting.load(std::memory_order_seq_cst) != 0;
}

}  // namespace scone::enclave
