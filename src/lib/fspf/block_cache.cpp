#include "lib/fspf/block_cache.h"

namespace scone::fspf {

void BlockCache::open(std::span<BlockSlot> slots, BlockMemory memory) {
    slots_ = slots.first(slots.size() / kWays * kWays);
    memory_ = memory;
}

std::span<BlockSlot> BlockCache::set_of(uint64_t file_id, uint64_t index) const {
    if (slots_.empty())
        return {};
    // Neighbouring blocks and files lie in different sets.
    uint64_t hash = (file_id * 0x9e3779b97f4a7c15 >> 20) + index;
    return slots_.subspan(hash % (slots_.size() / kWays) * kWays, kWays);
}

BlockSlot* BlockCache::pin(uint64_t file_id, uint64_t index) {
    for (BlockSlot& slot : set_of(file_id, index)) {
        if (slot.file_id != file_id || slot.index != index)
            continue;
        slot.last_use = ++clock_;
        slot.pins.fetch_add(1, std::memory_order_acquire);
        return &slot;
    }
    return nullptr;
}

bool BlockCache::holds(uint64_t file_id, uint64_t index) const {
    for (const BlockSlot& slot : set_of(file_id, index))
        if (slot.file_id == file_id && slot.index == index)
            return true;
    return false;
}

BlockSlot* BlockCache::place_in(std::span<BlockSlot> set) {
    BlockSlot* oldest = nullptr;
    for (BlockSlot& slot : set) {
        if (slot.bytes == nullptr)
            slot.bytes = memory_.next(memory_.context);
        if (slot.bytes == nullptr || slot.pins.load(std::memory_order_acquire) != 0)
            continue;
        if (slot.file_id == 0)
            return &slot;
        if (oldest == nullptr || slot.last_use < oldest->last_use)
            oldest = &slot;
    }
    return oldest;
}

void BlockCache::keep(uint64_t file_id, uint64_t index, base::Bytes block) {
    if (holds(file_id, index))
        return;
    BlockSlot* to = place_in(set_of(file_id, index));
    if (to == nullptr)
        return;
    to->file_id = file_id;
    to->index = index;
    to->last_use = ++clock_;
    to->size = static_cast<uint32_t>(block.size());
    base::copy_bytes({to->bytes, kBlockSize}, block);
}

}  // namespace scone::fspf
