#include "lib/fspf/tree.h"

#include "lib/base/endian.h"

namespace scone::fspf {
namespace {

// Preconditions: entry.size() >= kItemKeySize + its name.
ItemKey decode_key(base::Bytes entry) {
    ItemKey key;
    key.object = base::load_le64(entry.data());
    key.kind = ItemKind{entry[8]};
    key.name = base::as_text(entry.subspan(kItemKeySize, entry[9]));
    return key;
}

int compare_names(std::string_view a, std::string_view b) {
    size_t common = a.size() < b.size() ? a.size() : b.size();
    int order = common == 0 ? 0 : __builtin_memcmp(a.data(), b.data(), common);
    if (order != 0)
        return order;
    return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

Result<void> check_page_start(base::Bytes payload, unsigned level, PageKind leaf, PageKind inner) {
    if (payload.size() != kPagePayloadSize)
        return fail(ErrorCode::Malformed, "page has the wrong size", payload.size());
    if (payload[0] != uint8_t(level == 0 ? leaf : inner))
        return fail(ErrorCode::Malformed, "page is of another kind", payload[0]);
    if (payload[1] != level)
        return fail(ErrorCode::Malformed, "page stands at another level", payload[1]);
    return {};
}

}  // namespace

int compare(const ItemKey& a, const ItemKey& b) {
    if (a.object != b.object)
        return a.object < b.object ? -1 : 1;
    if (a.kind != b.kind)
        return a.kind < b.kind ? -1 : 1;
    return compare_names(a.name, b.name);
}

Result<void> check_tree_page(base::Bytes payload, unsigned level) {
    SCONE_TRY(check_page_start(payload, level, PageKind::Leaf, PageKind::Inner));
    size_t count = base::load_le16(payload.data() + 2);
    size_t start = kTreePageHeaderSize + 2 * (count + 1);
    if (count == 0 || start > kPagePayloadSize)
        return fail(ErrorCode::Malformed, "tree page has an impossible count", count);
    const uint8_t* offsets = payload.data() + kTreePageHeaderSize;
    size_t previous = base::load_le16(offsets);
    if (previous < start)
        return fail(ErrorCode::Malformed, "entry overlaps the page's table", previous);
    ItemKey last;
    for (size_t slot = 0; slot < count; ++slot) {
        size_t end = base::load_le16(offsets + 2 * (slot + 1));
        if (end > kPagePayloadSize || end < previous || end - previous < kItemKeySize)
            return fail(ErrorCode::Malformed, "entry lies outside its page", slot);
        base::Bytes entry = payload.subspan(previous, end - previous);
        if (entry[8] > uint8_t(ItemKind::RegionRoot))
            return fail(ErrorCode::Malformed, "unknown kind of item", entry[8]);
        if (entry.size() < kItemKeySize + entry[9])
            return fail(ErrorCode::Malformed, "name lies outside its entry", slot);
        if (level > 0 && entry.size() != kItemKeySize + entry[9] + kPageRefSize)
            return fail(ErrorCode::Malformed, "page reference has the wrong size", slot);
        ItemKey key = decode_key(entry);
        if (slot > 0 && compare(last, key) >= 0)
            return fail(ErrorCode::Malformed, "entries do not ascend", slot);
        last = key;
        previous = end;
    }
    return {};
}

Result<void> check_tag_page(base::Bytes payload, unsigned level) {
    SCONE_TRY(check_page_start(payload, level, PageKind::TagLeaf, PageKind::TagInner));
    size_t count = base::load_le16(payload.data() + 2);
    if (count == 0 || count > (level == 0 ? kEntriesPerTagLeaf : kRefsPerTagInner))
        return fail(ErrorCode::Malformed, "tag page has an impossible count", count);
    return {};
}

size_t TreePage::count() const {
    return base::load_le16(payload_.data() + 2);
}

base::Bytes TreePage::entry(size_t slot) const {
    const uint8_t* offset = payload_.data() + kTreePageHeaderSize + 2 * slot;
    size_t begin = base::load_le16(offset);
    return payload_.subspan(begin, base::load_le16(offset + 2) - begin);
}

ItemKey TreePage::key(size_t slot) const {
    return decode_key(entry(slot));
}

base::Bytes TreePage::value(size_t slot) const {
    base::Bytes bytes = entry(slot);
    return bytes.subspan(kItemKeySize + bytes[9]);
}

template <class Below>
size_t TreePage::partition(Below below) const {
    size_t low = 0, high = count();
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (below(key(middle)))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t TreePage::lower_bound(const ItemKey& wanted) const {
    return partition([&](const ItemKey& key) { return compare(key, wanted) < 0; });
}
size_t TreePage::upper_bound(const ItemKey& wanted) const {
    return partition([&](const ItemKey& key) { return compare(key, wanted) <= 0; });
}

size_t TagPage::count() const {
    return base::load_le16(payload_.data() + 2);
}

BlockEntry TagPage::block(size_t slot) const {
    const uint8_t* from = payload_.data() + kTagPageHeaderSize + slot * kBlockEntrySize;
    BlockEntry entry;
    __builtin_memcpy(entry.nonce.bytes.data(), from, kNonceSize);
    __builtin_memcpy(entry.tag.data(), from + kNonceSize, kTagSize);
    return entry;
}

PageRef TagPage::child(size_t slot) const {
    return load_page_ref(payload_.data() + kTagPageHeaderSize + slot * kPageRefSize);
}

uint64_t blocks_per_slot(unsigned level) {
    uint64_t blocks = 1;
    for (unsigned i = 0; i < level; ++i)
        blocks *= i == 0 ? kEntriesPerTagLeaf : kRefsPerTagInner;
    return blocks;
}

void store_block_entry(uint8_t* to, const BlockEntry& entry) {
    __builtin_memcpy(to, entry.nonce.bytes.data(), kNonceSize);
    __builtin_memcpy(to + kNonceSize, entry.tag.data(), kTagSize);
}

}  // namespace scone::fspf
