#include "lib/fspf/reader.h"

#include "lib/base/checked.h"
#include "lib/base/endian.h"

namespace scone::fspf {
namespace {

// Regions are items in the order of their numbers.
struct RegionName {
    char bytes[2];
    explicit RegionName(size_t region)
        : bytes{static_cast<char>(region >> 8), static_cast<char>(region)} {}
    std::string_view text() const { return {bytes, 2}; }
};

}  // namespace

Result<void> Reader::open(const aead::AesGcm256& cipher, const BlockSource& source, const Key& key,
                          const Tag& expected_tag, std::span<PageSlot> slots, RegionStore& regions,
                          ClearKey clear_key) {
    cipher_ = &cipher;
    source_ = source;
    SCONE_TRY(open_header(key, expected_tag, clear_key, slots[0].bytes));
    pages_.open(cipher, key, source, header_.volume_id, header_.page_count, slots);
    return load_regions(regions);
}

Result<void> Reader::open_header(const Key& key, const Tag& expected_tag, ClearKey clear_key,
                                 base::ByteArray<kPageSize>& page) {
    size_t size = SCONE_TRY(source_.read(source_.context, 0, page));
    header_ = SCONE_TRY(decode_header(base::Bytes(page).first(size)));
    if ((header_.features & feature::kClearKey) && clear_key == ClearKey::Refuse)
        return fail(ErrorCode::Unsupported, "the file was never encrypted: its key stands in it");

    aead::GcmKeyContext context;
    aead::gcm_set_key(*cipher_, key, context);
    base::Bytes binding = base::Bytes(page).first(kHeaderTagOffset);
    base::MutableBytes record = base::MutableBytes(page).subspan(kHeaderSize);
    if (!aead::gcm_open(*cipher_, context, header_.nonce, binding, record, header_.tag, record))
        return fail(ErrorCode::WrongKey, "the header does not verify with this key");
    // A header that verifies under another tag is an older or newer state of this file system.
    if (!base::equal_in_constant_time(header_.tag, expected_tag))
        return fail(ErrorCode::Stale, "the header is not the one that the tag names",
                    header_.generation);
    root_ = SCONE_TRY(decode_root(record));
    base::wipe(record.data(), record.size());
    return {};
}

Result<void> Reader::load_regions(RegionStore& store) {
    size_t used = 0;
    bool has_root = false;
    for (size_t i = 0; i < root_.region_count; ++i) {
        Item item = SCONE_TRY(seek({0, ItemKind::Region, RegionName(i).text()}, Seek::Exact));
        RegionRecord region = SCONE_TRY(decode_region(item.value));
        if (!is_clean_path(region.path))
            return fail(ErrorCode::Malformed, "region path is not clean", i);
        size_t text_size = region.path.size() + region.backing_path.size();
        if (!base::range_fits(used, text_size, store.text.size()))
            return fail(ErrorCode::TooLarge, "the regions' paths are too long", i);
        base::MutableBytes text = base::MutableBytes(store.text).subspan(used, text_size);
        base::copy_bytes(text, base::as_bytes(region.path));
        base::copy_bytes(text.subspan(region.path.size()), base::as_bytes(region.backing_path));
        region.path = base::as_text(text.first(region.path.size()));
        region.backing_path = base::as_text(text.subspan(region.path.size()));
        has_root |= region.path == "/";
        store.records[i] = region;
        used += text_size;
    }
    regions_ = std::span(store.records).first(root_.region_count);
    if (!has_root && !(header_.features & feature::kClearKey))
        return fail(ErrorCode::NoRegion, "the file has no region for '/'");
    return {};
}

Result<Reader::Item> Reader::seek(const ItemKey& key, Seek how) {
    if (root_.tree_height == 0)
        return fail(ErrorCode::NotFound, "the tree is empty");
    PageRef ref = root_.tree;
    PageRef right;  // the subtree to the right of the path, and its level
    unsigned right_level = 0;
    for (unsigned level = root_.tree_height - 1u; level > 0; --level) {
        TreePage page(SCONE_TRY(pages_.get(ref, PageUse::Tree, level)));
        size_t below = page.upper_bound(key);
        // A key below the first separator lies nowhere, or first of all.
        size_t slot = below == 0 ? 0 : below - 1;
        if (slot + 1 < page.count()) {
            right = page.child(slot + 1);
            right_level = level - 1;
        }
        ref = page.child(slot);
    }
    TreePage leaf(SCONE_TRY(pages_.get(ref, PageUse::Tree, 0)));
    size_t slot = how == Seek::Exact ? leaf.lower_bound(key) : leaf.upper_bound(key);
    if (slot == leaf.count()) {
        if (how == Seek::Exact || right.is_hole())
            return fail(ErrorCode::NotFound, "no such item");
        ref = right;
        for (unsigned level = right_level; level > 0; --level)
            ref = TreePage(SCONE_TRY(pages_.get(ref, PageUse::Tree, level))).child(0);
        leaf = TreePage(SCONE_TRY(pages_.get(ref, PageUse::Tree, 0)));
        slot = 0;
    }
    Item item{ref, static_cast<uint16_t>(slot), leaf.key(slot), leaf.value(slot)};
    if (how == Seek::Exact && compare(item.key, key) != 0)
        return fail(ErrorCode::NotFound, "no such item");
    if (how == Seek::After && compare(item.key, key) <= 0)
        return fail(ErrorCode::Malformed, "entries do not ascend", ref.page);
    return item;
}

Result<Inode> Reader::make_inode(const Item& item, base::Bytes bytes) const {
    InodeRecord record = SCONE_TRY(decode_inode(bytes));
    Inode inode;
    inode.id = record.id;
    inode.type = record.type;
    inode.protection = record.protection;
    inode.attributes = record.attributes;
    inode.link_count = record.link_count;
    inode.size = record.size;
    inode.tags = record.tags;
    inode.page = item.page;
    inode.slot = item.slot;
    return inode;
}

Result<Inode> Reader::inode_of_entry(const Item& item) {
    if (item.value.empty())
        return fail(ErrorCode::Malformed, "directory entry is empty", item.page.page);
    if (item.value[0] == uint8_t(EntryForm::Inode))
        return make_inode(item, item.value.subspan(1));
    if (item.value[0] != uint8_t(EntryForm::Link) || item.value.size() != 9)
        return fail(ErrorCode::Malformed, "unknown form of a directory entry", item.value[0]);
    uint64_t id = base::load_le64(item.value.data() + 1);
    auto shared = seek({id, ItemKind::SharedInode, {}}, Seek::Exact);
    if (!shared)
        return shared.error().code == ErrorCode::NotFound
                   ? fail(ErrorCode::Malformed, "a name leads to no inode", id)
                   : std::unexpected(shared.error());
    Inode inode = SCONE_TRY(make_inode(*shared, shared->value));
    if (inode.id != id)
        return fail(ErrorCode::Malformed, "a name leads to another inode", id);
    return inode;
}

Result<size_t> Reader::region_of(std::string_view path) const {
    if (!is_clean_path(path))
        return fail(ErrorCode::InvalidPath, "expected a clean absolute path");
    auto region = find_region(regions_, path);
    if (!region)
        return fail(ErrorCode::NoRegion, "the path lies in no region");
    return *region;
}

Result<Inode> Reader::region_root(size_t region) {
    if (region >= regions_.size() || regions_[region].root_id == 0)
        return fail(ErrorCode::NoRegion, "the region has no files in the fspf", region);
    RegionName name(region);
    Item item = SCONE_TRY(seek({0, ItemKind::RegionRoot, name.text()}, Seek::Exact));
    Inode root = SCONE_TRY(make_inode(item, item.value));
    if (root.id != regions_[region].root_id || root.type != FileType::Directory)
        return fail(ErrorCode::Malformed, "region and its directory do not agree", region);
    return root;
}

Result<Inode> Reader::lookup(const Inode& directory, std::string_view name) {
    if (directory.type != FileType::Directory)
        return fail(ErrorCode::NotDirectory, "expected a directory", directory.id);
    if (name.empty() || name.size() > kMaxNameSize)
        return fail(ErrorCode::NotFound, "no such name");
    Item item = SCONE_TRY(seek({directory.id, ItemKind::Entry, name}, Seek::Exact));
    return inode_of_entry(item);
}

Result<Inode> Reader::lookup_path(std::string_view path) {
    size_t region = SCONE_TRY(region_of(path));
    Inode inode = SCONE_TRY(region_root(region));
    std::string_view prefix = regions_[region].path;
    std::string_view rest = prefix == "/" ? path : without_first(path, prefix.size());
    while (!rest.empty() && rest != "/") {
        rest.remove_prefix(1);
        size_t end = find_slash(rest);
        inode = SCONE_TRY(lookup(inode, first_chars(rest, end)));
        rest.remove_prefix(end);
    }
    return inode;
}

Result<bool> Reader::next_entry(const Inode& directory, DirectoryCursor& cursor,
                                DirectoryEntry& out) {
    if (directory.type != FileType::Directory)
        return fail(ErrorCode::NotDirectory, "expected a directory", directory.id);
    std::string_view after(cursor.name.data(), cursor.name_size);
    auto item = seek({directory.id, ItemKind::Entry, after}, Seek::After);
    if (!item) {
        if (item.error().code == ErrorCode::NotFound)
            return false;
        return std::unexpected(item.error());
    }
    if (item->key.object != directory.id || item->key.kind != ItemKind::Entry)
        return false;
    out.name_size = cursor.name_size = static_cast<uint16_t>(item->key.name.size());
    __builtin_memcpy(out.name.data(), item->key.name.data(), out.name_size);
    __builtin_memcpy(cursor.name.data(), item->key.name.data(), out.name_size);
    out.inode = SCONE_TRY(inode_of_entry(*item));
    return true;
}

Result<InodeRecord> Reader::record_of(const Inode& inode) {
    TreePage leaf(SCONE_TRY(pages_.get(inode.page, PageUse::Tree, 0)));
    if (inode.slot >= leaf.count())
        return fail(ErrorCode::Malformed, "an inode's place does not exist", inode.id);
    base::Bytes value = leaf.value(inode.slot);
    bool in_entry = leaf.key(inode.slot).kind == ItemKind::Entry;
    return decode_inode(in_entry && !value.empty() ? value.subspan(1) : value);
}

Result<size_t> Reader::read_link(const Inode& link, base::MutableBytes out) {
    if (link.type != FileType::Symlink)
        return fail(ErrorCode::NotSymlink, "expected a symbolic link", link.id);
    InodeRecord record = SCONE_TRY(record_of(link));
    if (record.link_target.size() > out.size())
        return fail(ErrorCode::TooLarge, "link target is too long", record.link_target.size());
    base::copy_bytes(out, base::as_bytes(record.link_target));
    return record.link_target.size();
}

Result<void> Reader::copy_content_key(const Inode& file, Key& key) {
    key.clear();
    if (file.protection != Protection::Encrypted)
        return {};
    InodeRecord record = SCONE_TRY(record_of(file));
    if (record.content_key.size() != kKeySize)
        return fail(ErrorCode::Malformed, "an encrypted file has no key", file.id);
    base::copy_bytes(key.expose_mutable(), record.content_key);
    return {};
}

Result<void> Reader::load_content_key(const Inode& file, ContentKey& key) {
    if (file.type != FileType::Regular)
        return fail(ErrorCode::NotFound, "only regular files have content", file.id);
    Key content_key;
    SCONE_TRY(copy_content_key(file, content_key));
    bool encrypted = file.protection == Protection::Encrypted;
    aead::gcm_set_key(*cipher_, encrypted ? content_key : root_.authenticator, key.context);
    return {};
}

Result<BlockEntry> Reader::block_entry(const Inode& file, uint64_t index) {
    PageRef ref = file.tags.root;
    uint64_t slot = index;
    for (unsigned level = file.tags.depth; level > 0; --level) {
        if (ref.is_hole())
            return BlockEntry{};
        TagPage page(SCONE_TRY(pages_.get(ref, PageUse::Tags, level)));
        uint64_t covered = blocks_per_slot(level);
        if (slot / covered >= page.count())
            return fail(ErrorCode::Malformed, "tag tree is too small for its file", index);
        ref = page.child(static_cast<size_t>(slot / covered));
        slot %= covered;
    }
    if (ref.is_hole())
        return BlockEntry{};
    TagPage leaf(SCONE_TRY(pages_.get(ref, PageUse::Tags, 0)));
    slot += file.tags.first_slot;
    if (slot >= leaf.count())
        return fail(ErrorCode::Malformed, "tag tree is too small for its file", index);
    return leaf.block(static_cast<size_t>(slot));
}

Result<size_t> Reader::read_block(const Inode& file, const ContentKey& key, uint64_t index,
                                  const BlockSource& backing, base::MutableBytes out) {
    BlockEntry entry = SCONE_TRY(block_entry(file, index));
    base::MutableBytes data = out.first(block_size(file.size, index));
    if (entry.is_hole()) {
        base::fill_bytes(data, 0);
        return data.size();
    }
    size_t size = SCONE_TRY(backing.read(backing.context, index * kBlockSize, data));
    if (size != data.size())
        return fail(ErrorCode::Corrupt, "the file on the host is cut off", index);
    if (!open_block(*cipher_, key.context, file.protection, entry, data))
        return fail(ErrorCode::Corrupt, "a block of the file does not verify", index);
    return data.size();
}

}  // namespace scone::fspf
