#include "lib/fspf/page_store.h"

namespace scone::fspf {
namespace {

PageKind kind_of(PageUse use, unsigned level) {
    if (use == PageUse::Tree)
        return level == 0 ? PageKind::Leaf : PageKind::Inner;
    return level == 0 ? PageKind::TagLeaf : PageKind::TagInner;
}

}  // namespace

PageStore::~PageStore() {
    for (PageSlot& slot : slots_)
        base::wipe(slot.bytes.data(), slot.bytes.size());  // pages hold the files' keys
}

void PageStore::open(const aead::AesGcm256& cipher, const Key& key, const BlockSource& source,
                     const VolumeId& volume_id, uint64_t page_count, std::span<PageSlot> slots) {
    cipher_ = &cipher;
    aead::gcm_set_key(cipher, key, key_);
    source_ = source;
    volume_id_ = volume_id;
    page_count_ = page_count;
    slots_ = slots.first(slots.size() / kWays * kWays);
    for (PageSlot& slot : slots_)
        slot.page = slot.last_use = 0;
}

Result<base::Bytes> PageStore::get(const PageRef& ref, PageUse use, unsigned level) {
    if (ref.page == 0 || ref.page >= page_count_)
        return fail(ErrorCode::Malformed, "reference to a page that does not exist", ref.page);
    std::span<PageSlot> set = slots_.subspan(ref.page % (slots_.size() / kWays) * kWays, kWays);
    PageSlot* slot = &set[0];
    bool kept = false;
    for (PageSlot& candidate : set) {
        if (candidate.page == ref.page && candidate.tag == ref.tag) {
            slot = &candidate;
            kept = true;
            break;
        }
        if (candidate.last_use < slot->last_use)
            slot = &candidate;
    }
    base::Bytes payload = base::Bytes(slot->bytes).subspan(kNonceSize);
    if (kept) {
        // Checked when it was read; but a reference may now claim it in another role.
        if (payload[0] != uint8_t(kind_of(use, level)) || payload[1] != level)
            return fail(ErrorCode::Malformed, "page is of another kind", ref.page);
    } else {
        slot->page = 0;
        slot->last_use = 0;
        SCONE_TRY(fill(*slot, ref));
        SCONE_TRY(use == PageUse::Tree ? check_tree_page(payload, level)
                                       : check_tag_page(payload, level));
        slot->page = ref.page;
        slot->tag = ref.tag;
    }
    slot->last_use = ++clock_;
    return payload;
}

Result<void> PageStore::fill(PageSlot& slot, const PageRef& ref) {
    ++pages_read_;
    size_t size = SCONE_TRY(source_.read(source_.context, ref.page * kPageSize, slot.bytes));
    if (size != kPageSize)
        return fail(ErrorCode::CorruptPage, "the file system protection file is cut off", ref.page);
    Nonce nonce;
    base::copy_bytes(nonce.bytes, slot.bytes);
    base::MutableBytes payload = base::MutableBytes(slot.bytes).subspan(kNonceSize);
    base::ByteArray<24> binding = page_binding(volume_id_, ref.page);
    if (!aead::gcm_open(*cipher_, key_, nonce, binding, payload, ref.tag, payload))
        return fail(ErrorCode::CorruptPage,
                    "a page of the file system protection file does not verify", ref.page);
    return {};
}

}  // namespace scone::fspf
