// Size classes over slabs of 64 KiB; larger blocks are whole page runs kept in a sorted free list.
#include "runtime/trusted/enclave/heap.h"

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/enclave/thread_block.h"

namespace scone::enclave {
namespace {

constexpr size_t kHeaderSize = 16;
constexpr size_t kSlabSize = 64 << 10;
constexpr size_t kExtendStep = 256 << 10;
constexpr size_t kClassCount = 18;
// 32, 48, 64, 96, 128, ... up to 24 KiB; header included.
constexpr size_t class_size(size_t index) {
    return (index % 2 == 0 ? 32ull : 48ull) << (index / 2);
}

struct Header {
    uint64_t size_class;  // index, or kLarge
    uint64_t size;        // whole block, header included
};
constexpr uint64_t kLarge = ~0ull;

struct FreeBlock {
    FreeBlock* next;
};
struct FreeRun {
    FreeRun* next;
    uint64_t size;
};

struct SizeClass {
    FreeBlock* free;
    uint64_t fresh, fresh_end;  // the rest of a slab
};

SpinLock heap_lock;
SizeClass classes[kClassCount];
FreeRun* free_runs;  // sorted by address, neighbours merged
uint64_t region_next, region_extended, region_end;

// A large run is written soon: the host brings its pages at once. Else a step at a time, whose
// pages come when they are touched.
bool extend_to(uint64_t end, bool large) {
    while (region_extended < end) {
        uint64_t size = large ? end - region_extended : kExtendStep;
        if (region_extended + size > region_end)
            return false;
        if (host_call(boundary::kHostExtend, Interruptible::No, region_extended, size,
                      kPageRead | kPageWrite, large) != 0)
            return false;
        if (!accept_pages(region_extended, size,
                          kPageRegular | kPageRead | kPageWrite | kPagePending))
            return false;
        region_extended += size;
    }
    return true;
}

uint64_t fresh_pages(uint64_t size, bool large) {
    uint64_t at = region_next;
    if (size > region_end - at || !extend_to(at + size, large))
        return 0;
    region_next += size;
    return at;
}

uint64_t take_run(uint64_t size) {
    for (FreeRun** link = &free_runs; *link != nullptr; link = &(*link)->next) {
        FreeRun* run = *link;
        if (run->size < size)
            continue;
        auto at = reinterpret_cast<uint64_t>(run);
        if (run->size == size) {
            *link = run->next;
        } else {
            auto* rest = reinterpret_cast<FreeRun*>(at + size);
            *rest = FreeRun{run->next, run->size - size};
            *link = rest;
        }
        return at;
    }
    return fresh_pages(size, size >= kExtendStep);
}

void give_run(uint64_t at, uint64_t size) {
    FreeRun** link = &free_runs;
    FreeRun* before = nullptr;
    while (*link != nullptr && reinterpret_cast<uint64_t>(*link) < at) {
        before = *link;
        link = &(*link)->next;
    }
    auto* run = reinterpret_cast<FreeRun*>(at);
    *run = FreeRun{*link, size};
    *link = run;
    if (run->next != nullptr && at + size == reinterpret_cast<uint64_t>(run->next)) {
        run->size += run->next->size;
        run->next = run->next->next;
    }
    if (before != nullptr && reinterpret_cast<uint64_t>(before) + before->size == at) {
        before->size += run->size;
        before->next = run->next;
    }
}

// Blocks that were never handed out are not touched: their pages cost nothing until then.
uint64_t take_block(size_t index) {
    SizeClass& blocks = classes[index];
    if (FreeBlock* block = blocks.free; block != nullptr) {
        blocks.free = block->next;
        return reinterpret_cast<uint64_t>(block);
    }
    size_t size = class_size(index);
    if (blocks.fresh_end - blocks.fresh < size) {
        uint64_t slab = take_run(kSlabSize);
        if (slab == 0)
            return 0;
        blocks.fresh = slab;
        blocks.fresh_end = slab + kSlabSize;
    }
    uint64_t at = blocks.fresh;
    blocks.fresh += size;
    *reinterpret_cast<Header*>(at) = Header{index, size};
    return at + kHeaderSize;
}

}  // namespace

void initialise_heap() {
    region_next = region_extended = image_base() + kHeapOffset;
    region_end = region_next + kHeapSize;
}

void* heap_allocate(size_t size) {
    if (size > kHeapSize)
        return nullptr;
    size_t whole = size + kHeaderSize;
    Guard guard(heap_lock);
    for (size_t index = 0; index < kClassCount; index++)
        if (class_size(index) >= whole)
            return reinterpret_cast<void*>(take_block(index));
    // The header takes a page of its own, so that the block is page aligned.
    whole = (size + 2 * kPageSize - 1) / kPageSize * kPageSize;
    uint64_t run = take_run(whole);
    if (run == 0)
        return nullptr;
    auto* header = reinterpret_cast<Header*>(run + kPageSize - kHeaderSize);
    *header = Header{kLarge, whole};
    return reinterpret_cast<void*>(run + kPageSize);
}

void heap_free(void* memory) {
    if (memory == nullptr)
        return;
    auto* header = reinterpret_cast<Header*>(reinterpret_cast<uint64_t>(memory) - kHeaderSize);
    Guard guard(heap_lock);
    if (header->size_class == kLarge) {
        give_run(reinterpret_cast<uint64_t>(memory) - kPageSize, header->size);
        return;
    }
    auto* block = static_cast<FreeBlock*>(memory);
    block->next = classes[header->size_class].free;
    classes[header->size_class].free = block;
}

void* heap_pages(size_t size) {
    Guard guard(heap_lock);
    return reinterpret_cast<void*>(
        fresh_pages((size + kPageSize - 1) / kPageSize * kPageSize, false));
}

void yield_to_host() {
    constexpr uint64_t kSchedYield = 24;
    host_call(kSchedYield, Interruptible::No);
}

}  // namespace scone::enclave
