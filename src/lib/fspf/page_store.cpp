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

PageSlot& PageStore::slot_for(const PageRef& ref, bool& kept) {
    std::span<PageSlot> set = slots_.subspan(ref.page % (slots_.size() / kWays) * kWays, kWays);
    PageSlot* slot = &set[0];
    kept = false;
    for (PageSlot& candidate : set) {
        if (candidate.page == ref.page && candidate.tag == ref.tag) {
            kept = true;
            return candidate;
        }
        if (candidate.last_use < slot->last_use)
            slot = &candidate;
    }
    return *slot;
}

Result<base::Bytes> PageStore::get(const PageRef& ref, PageUse use, unsigned level) {
    if (ref.page == 0 || ref.page >= page_count_)
        return fail(ErrorCode::Malformed, "reference to a page that does not exist", ref.page);
    bool kept;
    PageSlot& slot = slot_for(ref, kept);
    base::Bytes payload = base::Bytes(slot.bytes).subspan(kNonceSize);
    if (kept) {
        // Checked when it was read; but a reference may now claim it in another role.
        if (payload[0] != uint8_t(kind_of(use, level)) || payload[1] != level)
            return fail(ErrorCode::Malformed, "page is of another kind", ref.page);
    } else if (deferred_) {
        missing_ = {ref, use, level};
        return fail(ErrorCode::Absent, "a page is not kept", ref.page);
    } else {
        slot.page = 0;
        slot.last_use = 0;
        ++pages_read_;
        SCONE_TRY(bring(ref, slot.bytes));
        SCONE_TRY(use == PageUse::Tree ? check_tree_page(payload, level)
                                       : check_tag_page(payload, level));
        slot.page = ref.page;
        slot.tag = ref.tag;
    }
    slot.last_use = ++clock_;
    return payload;
}

Result<void> PageStore::keep(const MissingPage& which, const base::ByteArray<kPageSize>& page) {
    ++pages_read_;
    base::Bytes payload = base::Bytes(page).subspan(kNonceSize);
    SCONE_TRY(which.use == PageUse::Tree ? check_tree_page(payload, which.level)
                                         : check_tag_page(payload, which.level));
    bool kept;
    PageSlot& slot = slot_for(which.ref, kept);
    if (!kept) {
        slot.bytes = page;
        slot.page = which.ref.page;
        slot.tag = which.ref.tag;
    }
    slot.last_use = ++clock_;
    return {};
}

Result<void> PageStore::bring(const PageRef& ref, base::ByteArray<kPageSize>& page) const {
    size_t size = SCONE_TRY(source_.read(source_.context, ref.page * kPageSize, page));
    if (size != kPageSize)
        return fail(ErrorCode::CorruptPage, "the file system protection file is cut off", ref.page);
    Nonce nonce;
    base::copy_bytes(nonce.bytes, page);
    base::MutableBytes payload = base::MutableBytes(page).subspan(kNonceSize);
    base::ByteArray<24> binding = page_binding(volume_id_, ref.page);
    if (!aead::gcm_open(*cipher_, key_, nonce, binding, payload, ref.tag, payload))
        return fail(ErrorCode::CorruptPage,
                    "a page of the file system protection file does not verify", ref.page);
    return {};
}

}  // namespace scone::fspf
