// Reads a protected file system: names, attributes and content, each verified before it is handed
// out.
//
// What the host can do: refuse to answer, or make a read fail. What it cannot do: have a changed,
// swapped, renamed, truncated, extended or older file accepted; make a file appear or vanish.
//
// Side:    core; no allocation, the caller provides the page slots and the region store
// Units:   offsets and sizes in bytes, positions in blocks of kBlockSize
// Errors:  see each function; CorruptPage and Corrupt carry the page or the block in the error's
// number Threads: not thread-safe: the owner locks around every call. ContentKey and open_block()
// need no
//          lock, so blocks of content may be decrypted in parallel
// Source:  docs/formats/fspf.md
#pragma once

#include "lib/fspf/block.h"
#include "lib/fspf/page_store.h"
#include "lib/fspf/region.h"

namespace scone::fspf {

enum class ClearKey : uint8_t { Refuse, Accept };  // Accept: tools that look at unfinished files

struct RegionStore {
    std::array<RegionRecord, kMaxRegions> records;
    base::ByteArray<size_t{32} * 1024> text;  // the paths that the records name
};

// A file, directory or symbolic link. Small, copied freely, holds no key.
struct Inode {
    uint64_t id = 0;
    FileType type = FileType::Regular;
    Protection protection = Protection::Authenticated;
    Attributes attributes;
    uint32_t link_count = 1;
    uint64_t size = 0;
    TagTree tags;
    PageRef page;  // the leaf that holds the record, and where in it
    uint16_t slot = 0;
};

struct DirectoryEntry {
    uint16_t name_size = 0;
    std::array<char, kMaxNameSize> name{};
    Inode inode;
    std::string_view text() const { return {name.data(), name_size}; }
};

// Where a listing stands: after the entry of this name. Starts empty.
struct DirectoryCursor {
    uint16_t name_size = 0;
    std::array<char, kMaxNameSize> name{};
};

// What it takes to open the blocks of one file. One per open file; 1 KiB.
struct ContentKey {
    aead::GcmKeyContext context;
};

class Reader {
  public:
    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // Verifies the header with the key, and that it is the one that `expected_tag` names; reads the
    // regions. Reads three pages of an ordinary file.
    // Errors: NotFspf, Unsupported, WrongKey, Stale, CorruptPage, Malformed, Host, TooLarge (the
    // paths of the regions do not fit the store), NoRegion (no root region) Preconditions:
    // slots.size() >= PageStore::kWays; everything handed in outlives the Reader
    Result<void> open(const aead::AesGcm256& cipher, const BlockSource& source, const Key& key,
                      const Tag& expected_tag, std::span<PageSlot> slots, RegionStore& regions,
                      ClearKey clear_key = ClearKey::Refuse);

    std::span<const RegionRecord> regions() const { return regions_; }
    const Header& header() const { return header_; }
    uint64_t file_count() const { return root_.file_count; }
    uint64_t next_sequence() const { return root_.next_sequence; }
    const Key& authenticator() const { return root_.authenticator; }

    // The region with the longest path above `path`. NoRegion, InvalidPath.
    Result<size_t> region_of(std::string_view path) const;
    // The directory at the region's path. NoRegion for regions without files in the fspf.
    Result<Inode> region_root(size_t region);
    // One name in a directory. NotFound, NotDirectory.
    Result<Inode> lookup(const Inode& directory, std::string_view name);
    // A whole path, in its region; no symbolic link is followed. NotFound, NotDirectory.
    Result<Inode> lookup_path(std::string_view path);
    // The entry after the cursor, in the order of the names; false at the end.
    Result<bool> next_entry(const Inode& directory, DirectoryCursor& cursor, DirectoryEntry& out);
    // The target's size; `out` needs inode.size bytes, else TooLarge. NotSymlink.
    Result<size_t> read_link(const Inode& link, base::MutableBytes out);

    // The key of an encrypted regular file; zeros for an authenticated one, which has none.
    Result<void> copy_content_key(const Inode& file, Key& key);
    // Expands the key that the blocks of a regular file are opened with.
    Result<void> load_content_key(const Inode& file, ContentKey& key);
    // Nonce and tag of one block. Preconditions: index < block_count(file.size).
    Result<BlockEntry> block_entry(const Inode& file, uint64_t index);
    // Reads block `index` from its backing file and verifies it; hands back its size. Corrupt, with
    // the block's index as the number, when the host gave anything but what was stored.
    // Preconditions: out.size() >= kBlockSize, index < block_count(file.size)
    Result<size_t> read_block(const Inode& file, const ContentKey& key, uint64_t index,
                              const BlockSource& backing, base::MutableBytes out);

    // The pages, for locked_reader.h.
    PageStore& pages() { return pages_; }
    // Page reads since open(), for measurements.
    uint64_t pages_read() const { return pages_.pages_read(); }

  private:
    struct Item {
        PageRef page;
        uint16_t slot;
        ItemKey key;
        base::Bytes value;
    };
    enum class Seek : uint8_t { Exact, After };

    Result<void> open_header(const Key& key, const Tag& expected_tag, ClearKey clear_key,
                             base::ByteArray<kPageSize>& page);
    Result<void> load_regions(RegionStore& store);
    // Exact: the item, else NotFound. After: the first item above the key, else NotFound.
    Result<Item> seek(const ItemKey& key, Seek how);
    Result<Inode> inode_of_entry(const Item& item);
    Result<Inode> make_inode(const Item& item, base::Bytes record) const;
    Result<InodeRecord> record_of(const Inode& inode);

    const aead::AesGcm256* cipher_ = nullptr;
    BlockSource source_{};
    Header header_;
    RootRecord root_;
    PageStore pages_;
    std::span<const RegionRecord> regions_;
};

}  // namespace scone::fspf
