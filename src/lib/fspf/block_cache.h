// Verified blocks of content, kept in slots that the caller provides, shared by all opens of a
// file.
//
// Side:    core
// Memory:  a slot gets its 4 KiB when it is first used, as long as the caller has some to give
// Threads: the owner locks around everything but unpin(). A block that is pinned stays, so its
//          bytes are copied without the lock.
#pragma once

#include <atomic>

#include "lib/fspf/format.h"

namespace scone::fspf {

// One kept block.
struct BlockSlot {
    uint64_t file_id = 0;  // 0: empty
    uint64_t index = 0;
    uint64_t last_use = 0;
    uint8_t* bytes = nullptr;
    uint32_t size = 0;
    std::atomic<uint32_t> pins{0};

    base::Bytes block() const { return {bytes, size}; }
};

// Gives kBlockSize bytes, aligned to 64, that are never asked back; null when there are no more.
struct BlockMemory {
    void* context;
    uint8_t* (*next)(void* context);
};

class BlockCache {
  public:
    // A set of slots is searched per block.
    static constexpr size_t kWays = 8;

    // Fewer than kWays slots keep nothing. The slots are empty and outlive the cache.
    void open(std::span<BlockSlot> slots, BlockMemory memory);
    // The block, which stays where it is until unpin(); null when it is not kept.
    BlockSlot* pin(uint64_t file_id, uint64_t index);
    static void unpin(BlockSlot& slot) { slot.pins.fetch_sub(1, std::memory_order_release); }
    bool holds(uint64_t file_id, uint64_t index) const;
    // Keeps a block in the place of the one of its set that was not used for longest.
    // Preconditions: file_id != 0, 0 < block.size() <= kBlockSize
    void keep(uint64_t file_id, uint64_t index, base::Bytes block);

  private:
    std::span<BlockSlot> set_of(uint64_t file_id, uint64_t index) const;
    // A slot of the set with memory and without pins; null when there is none.
    BlockSlot* place_in(std::span<BlockSlot> set);

    std::span<BlockSlot> slots_;
    BlockMemory memory_{};
    uint64_t clock_ = 0;
};

}  // namespace scone::fspf
