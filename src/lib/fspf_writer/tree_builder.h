// Writes the tree of items from its leaves upwards, the items coming in ascending order.
//
// Side: hosted
#pragma once

#include <string>

#include "lib/fspf_writer/page_writer.h"

namespace scone::fspf {

class TreeBuilder {
  public:
    explicit TreeBuilder(PageWriter& pages) : pages_(pages) {}

    // TooLarge when key and value do not fit a page; Malformed when the order is broken.
    Result<void> add(const ItemKey& key, base::Bytes value);

    struct Tree {
        PageRef root;
        uint8_t height = 0;
    };
    Tree finish();

  private:
    struct OwnedKey {
        uint64_t object = 0;
        ItemKind kind = ItemKind::Region;
        std::string name;
        ItemKey view() const { return {object, kind, name}; }
    };
    // The page of one level that is being filled.
    struct Level {
        std::vector<uint8_t> entries;
        std::vector<uint16_t> offsets;
        OwnedKey first;  // what leads here from above
    };

    void append(size_t level, const ItemKey& key, base::Bytes value);
    void flush(size_t level);

    PageWriter& pages_;
    std::vector<Level> levels_;
    OwnedKey last_;
    bool any_ = false;
    PageRef root_;
};

}  // namespace scone::fspf
