// Verified blocks of content, kept in slots that the caller provides, shared by all opens of a
// file.
//
// Side:    core
// Threads: not thread-safe; the owner locks
#pragma once

#include "lib/fspf/format.h"

namespace scone::fspf {

// One kept block; 4 KiB and a few words.
struct BlockSlot {
    uint64_t file_id = 0;  // 0: empty
    uint64_t index = 0;
    uint64_t last_use = 0;
    uint32_t size = 0;
    alignas(64) base::ByteArray<kBlockSize> bytes{};
};

class BlockCache {
  public:
    // A set of slots is searched per block.
    static constexpr size_t kWays = 8;

    // What was kept is wiped. Fewer than kWays slots keep nothing. The slots outlive the cache.
    void open(std::span<BlockSlot> slots);
    // Copies the block to `out` and hands back its size; 0 when it is not kept.
    // Preconditions: out.size() >= kBlockSize
    size_t copy(uint64_t file_id, uint64_t index, base::MutableBytes out);
    bool holds(uint64_t file_id, uint64_t index) const;
    // Keeps a block in the place of the one of its set that was not used for longest.
    // Preconditions: file_id != 0, 0 < block.size() <= kBlockSize
    void keep(uint64_t file_id, uint64_t index, base::Bytes block);

  private:
    std::span<BlockSlot> set_of(uint64_t file_id, uint64_t index) const;

    std::span<BlockSlot> slots_;
    uint64_t clock_ = 0;
};

}  // namespace scone::fspf
