#include "lib/fspf_writer/tag_packer.h"

#include <algorithm>

#include "lib/base/endian.h"

namespace scone::fspf {
namespace {

using Payload = base::ByteArray<kPagePayloadSize>;

void begin_page(Payload& payload, PageKind kind, unsigned level, size_t count) {
    payload[0] = uint8_t(kind);
    payload[1] = static_cast<uint8_t>(level);
    base::store_le16(payload.data() + 2, static_cast<uint16_t>(count));
}

}  // namespace

void TagPacker::add(Writer::Object& object) {
    std::span<const BlockEntry> entries = object.blocks;
    if (entries.empty())
        return;
    if (entries.size() <= kEntriesPerTagLeaf) {
        if (shared_.size() + entries.size() > kEntriesPerTagLeaf)
            flush();
        object.tags.depth = 0;
        object.tags.first_slot = static_cast<uint16_t>(shared_.size());
        shared_.insert(shared_.end(), entries.begin(), entries.end());
        waiting_.push_back(&object);
        return;
    }
    std::vector<PageRef> level;
    for (size_t at = 0; at < entries.size(); at += kEntriesPerTagLeaf)
        level.push_back(
            write_leaf(entries.subspan(at, std::min(kEntriesPerTagLeaf, entries.size() - at))));
    unsigned depth = 0;
    while (level.size() > 1) {
        ++depth;
        std::vector<PageRef> above;
        for (size_t at = 0; at < level.size(); at += kRefsPerTagInner)
            above.push_back(write_inner(
                depth,
                std::span(level).subspan(at, std::min(kRefsPerTagInner, level.size() - at))));
        level = std::move(above);
    }
    object.tags.depth = static_cast<uint8_t>(depth);
    object.tags.root = level[0];
}

void TagPacker::flush() {
    if (shared_.empty())
        return;
    PageRef ref = write_leaf(shared_);
    for (Writer::Object* object : waiting_)
        object->tags.root = ref;
    shared_.clear();
    waiting_.clear();
}

PageRef TagPacker::write_leaf(std::span<const BlockEntry> entries) {
    if (std::ranges::all_of(entries, &BlockEntry::is_hole))
        return {};
    Payload payload{};
    begin_page(payload, PageKind::TagLeaf, 0, entries.size());
    uint8_t* to = payload.data() + kTagPageHeaderSize;
    for (const BlockEntry& entry : entries) {
        store_block_entry(to, entry);
        to += kBlockEntrySize;
    }
    return pages_.append(payload);
}

PageRef TagPacker::write_inner(unsigned level, std::span<const PageRef> children) {
    if (std::ranges::all_of(children, &PageRef::is_hole))
        return {};
    Payload payload{};
    begin_page(payload, PageKind::TagInner, level, children.size());
    uint8_t* to = payload.data() + kTagPageHeaderSize;
    for (const PageRef& child : children) {
        store_page_ref(to, child);
        to += kPageRefSize;
    }
    return pages_.append(payload);
}

}  // namespace scone::fspf
