// Pages of the two trees of an fspf: the tree of items (names, inodes, regions) and, per file, the
// tree of block entries.
//
// Side:    core
// Layout:  a tree page: +0 u8 kind, +1 u8 level, +2 u16 count, +4 u16 offset[count + 1], entries;
//          an entry: u64 object, u8 item kind, u8 name size, name, value
//          a tag page: +0 u8 kind, +1 u8 level, +2 u16 count, +4 zero; then from +8 block entries
//          of 28 bytes (level 0) or page references of 24 bytes
// Order:   entries ascend by (object, item kind, name); names compare as unsigned bytes
// Errors:  check_* give Malformed; views may be made of checked pages only
// Threads: pure functions
// Source:  docs/formats/fspf.md, sections 4 and 5
#pragma once

#include "lib/fspf/format.h"

namespace scone::fspf {

enum class PageKind : uint8_t { Leaf = 1, Inner = 2, TagLeaf = 3, TagInner = 4 };

enum class ItemKind : uint8_t {
    Region = 0,       // object 0, name: u16 BE number of the region
    Entry = 1,        // object: the directory; value: u8 form, then inode record or u64 id
    SharedInode = 2,  // object: the inode's id, no name; a file with several names
    RegionRoot = 3,   // object 0, name as Region; value: the inode record of its directory
};
enum class EntryForm : uint8_t { Inode = 0, Link = 1 };

struct ItemKey {
    uint64_t object = 0;
    ItemKind kind = ItemKind::Region;
    std::string_view name;
};
inline constexpr size_t kItemKeySize = 10;  // and the name
int compare(const ItemKey& a, const ItemKey& b);

inline constexpr size_t kTreePageHeaderSize = 4;
inline constexpr size_t kTagPageHeaderSize = 8;
inline constexpr size_t kEntriesPerTagLeaf =
    (kPagePayloadSize - kTagPageHeaderSize) / kBlockEntrySize;  // 145
inline constexpr size_t kRefsPerTagInner =
    (kPagePayloadSize - kTagPageHeaderSize) / kPageRefSize;  // 169

// Checks everything that the views below rely on.
Result<void> check_tree_page(base::Bytes payload, unsigned level);
Result<void> check_tag_page(base::Bytes payload, unsigned level);

// A checked tree page.
class TreePage {
  public:
    explicit TreePage(base::Bytes payload) : payload_(payload) {}

    size_t count() const;
    ItemKey key(size_t slot) const;
    base::Bytes value(size_t slot) const;
    PageRef child(size_t slot) const { return load_page_ref(value(slot).data()); }
    // The number of entries with a key below `key`; of those at or below it.
    size_t lower_bound(const ItemKey& key) const;
    size_t upper_bound(const ItemKey& key) const;

  private:
    base::Bytes entry(size_t slot) const;
    template <class Below>
    size_t partition(Below below) const;

    base::Bytes payload_;
};

// A checked tag page. Preconditions: slot < count().
class TagPage {
  public:
    explicit TagPage(base::Bytes payload) : payload_(payload) {}

    size_t count() const;
    BlockEntry block(size_t slot) const;
    PageRef child(size_t slot) const;

  private:
    base::Bytes payload_;
};

// Blocks that one reference of a tag page of `level` covers; level 0 covers one.
uint64_t blocks_per_slot(unsigned level);

void store_block_entry(uint8_t* to, const BlockEntry& entry);

}  // namespace scone::fspf
