#include "lib/fspf_writer/tree_builder.h"

#include <algorithm>

#include "lib/base/endian.h"

namespace scone::fspf {
namespace {

size_t entry_size(const ItemKey& key, base::Bytes value) {
    return kItemKeySize + key.name.size() + value.size();
}

// The shortest key above `low` and not above `high`.
ItemKey separator(const ItemKey& low, const ItemKey& high) {
    if (low.object != high.object || low.kind != high.kind)
        return {high.object, high.kind, {}};
    auto [in_low, in_high] = std::ranges::mismatch(low.name, high.name);
    size_t common = static_cast<size_t>(in_high - high.name.begin());
    return {high.object, high.kind, high.name.substr(0, common + 1)};
}

}  // namespace

Result<void> TreeBuilder::add(const ItemKey& key, base::Bytes value) {
    constexpr size_t kRoom = kPagePayloadSize - kTreePageHeaderSize - 4;
    if (key.name.size() > kMaxNameSize || entry_size(key, value) > kRoom)
        return fail(ErrorCode::TooLarge, "an item does not fit its page", entry_size(key, value));
    if (any_ && compare(last_.view(), key) >= 0)
        return fail(ErrorCode::Malformed, "items do not ascend", key.object);
    append(0, key, value);
    last_ = {key.object, key.kind, std::string(key.name)};
    any_ = true;
    return {};
}

void TreeBuilder::append(size_t level, const ItemKey& key, base::Bytes value) {
    if (level == levels_.size())
        levels_.emplace_back();  // its first key stays the lowest of all
    size_t used = kTreePageHeaderSize + 2 * (levels_[level].offsets.size() + 2) +
                  levels_[level].entries.size();
    if (used + entry_size(key, value) > kPagePayloadSize) {
        // Leaves are told apart by a short separator, inner pages by the one below.
        ItemKey first = level == 0 ? separator(last_.view(), key) : key;
        OwnedKey next{first.object, first.kind, std::string(first.name)};
        flush(level);
        levels_[level].first = std::move(next);
    }
    Level& page = levels_[level];
    page.offsets.push_back(static_cast<uint16_t>(page.entries.size()));
    uint8_t head[kItemKeySize];
    base::store_le64(head, key.object);
    head[8] = uint8_t(key.kind);
    head[9] = static_cast<uint8_t>(key.name.size());
    page.entries.insert(page.entries.end(), head, head + kItemKeySize);
    page.entries.insert(page.entries.end(), key.name.begin(), key.name.end());
    page.entries.insert(page.entries.end(), value.begin(), value.end());
}

// Writes the page of a level and puts the reference to it into the level above.
void TreeBuilder::flush(size_t level) {
    Level& page = levels_[level];
    base::ByteArray<kPagePayloadSize> payload{};
    size_t count = page.offsets.size();
    size_t start = kTreePageHeaderSize + 2 * (count + 1);
    payload[0] = uint8_t(level == 0 ? PageKind::Leaf : PageKind::Inner);
    payload[1] = static_cast<uint8_t>(level);
    base::store_le16(payload.data() + 2, static_cast<uint16_t>(count));
    uint8_t* offsets = payload.data() + kTreePageHeaderSize;
    for (size_t i = 0; i < count; ++i)
        base::store_le16(offsets + 2 * i, static_cast<uint16_t>(start + page.offsets[i]));
    base::store_le16(offsets + 2 * count, static_cast<uint16_t>(start + page.entries.size()));
    std::ranges::copy(page.entries, payload.begin() + static_cast<ptrdiff_t>(start));
    page.entries.clear();
    page.offsets.clear();

    OwnedKey first = std::move(page.first);
    root_ = pages_.append(payload);
    uint8_t ref[kPageRefSize];
    store_page_ref(ref, root_);
    append(level + 1, first.view(), ref);
}

TreeBuilder::Tree TreeBuilder::finish() {
    if (!any_)
        return {};
    // A level is the root when everything in it leads to one page.
    for (size_t level = 0;; ++level) {
        if (level > 0 && level + 1 == levels_.size() && levels_[level].offsets.size() == 1)
            return {root_, static_cast<uint8_t>(level)};
        flush(level);
    }
}

}  // namespace scone::fspf
