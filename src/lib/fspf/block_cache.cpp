#include "lib/fspf/block_cache.h"

namespace scone::fspf {

void BlockCache::open(std::span<BlockSlot> slots) {
    slots_ = slots.first(slots.size() / kWays * kWays);
    for (BlockSlot& slot : slots_) {
        slot.file_id = slot.last_use = 0;
        base::wipe(slot.bytes.data(), slot.bytes.size());
    }
}

std::span<BlockSlot> BlockCache::set_of(uint64_t file_id, uint64_t index) const {
    if (slots_.empty())
        return {};
    // Neighbouring blocks and files lie in different sets.
    uint64_t hash = (file_id * 0x9e3779b97f4a7c15 >> 20) + index;
    return slots_.subspan(hash % (slots_.size() / kWays) * kWays, kWays);
}

size_t BlockCache::copy(uint64_t file_id, uint64_t index, base::MutableBytes out) {
    for (BlockSlot& slot : set_of(file_id, index)) {
        if (slot.file_id != file_id || slot.index != index)
            continue;
        slot.last_use = ++clock_;
        base::copy_bytes(out, base::Bytes(slot.bytes).first(slot.size));
        return slot.size;
    }
    return 0;
}

bool BlockCache::holds(uint64_t file_id, uint64_t index) const {
    for (const BlockSlot& slot : set_of(file_id, index))
        if (slot.file_id == file_id && slot.index == index)
            return true;
    return false;
}

void BlockCache::keep(uint64_t file_id, uint64_t index, base::Bytes block) {
    std::span<BlockSlot> set = set_of(file_id, index);
    if (set.empty())
        return;
    BlockSlot* to = &set[0];
    for (BlockSlot& slot : set) {
        if (slot.file_id == file_id && slot.index == index) {
            to = &slot;
            break;
        }
        if (slot.last_use < to->last_use)
            to = &slot;
    }
    to->file_id = file_id;
    to->index = index;
    to->last_use = ++clock_;
    to->size = static_cast<uint32_t>(block.size());
    base::copy_bytes(to->bytes, block);
}

}  // namespace scone::fspf
