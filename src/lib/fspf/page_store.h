// Verified pages of an fspf, read on demand and kept in slots that the caller provides.
//
// Side:    core
// Errors:  Host, CorruptPage, Malformed
// Threads: not thread-safe; the owner of the Reader locks
#pragma once

#include "lib/fspf/tree.h"

namespace scone::fspf {

// Bytes from the untrusted side: the fspf itself, or the file that backs a protected one.
// `read` copies up to out.size() bytes from `offset` into memory that the host cannot change and
// gives their number, which is smaller only at the end. HOST: it may lie in every way.
struct BlockSource {
    void* context;
    Result<size_t> (*read)(void* context, uint64_t offset, base::MutableBytes out);
};

// One kept page. The caller provides these in an array; one is 4 KiB and a few words.
struct PageSlot {
    uint64_t page = 0;
    uint64_t last_use = 0;
    Tag tag{};
    alignas(64) base::ByteArray<kPageSize> bytes{};
};

enum class PageUse : uint8_t { Tree, Tags };

// A page that is wanted and not kept.
struct MissingPage {
    PageRef ref;
    PageUse use = PageUse::Tree;
    unsigned level = 0;
};

class PageStore {
  public:
    // A set of slots is searched per page; more slots keep more pages.
    static constexpr size_t kWays = 8;

    PageStore() = default;
    ~PageStore();
    PageStore(const PageStore&) = delete;
    PageStore& operator=(const PageStore&) = delete;

    // Preconditions: slots.size() >= kWays; slots, cipher and source outlive the store.
    void open(const aead::AesGcm256& cipher, const Key& key, const BlockSource& source,
              const VolumeId& volume_id, uint64_t page_count, std::span<PageSlot> slots);

    // The checked payload of the page; valid until the next call.
    Result<base::Bytes> get(const PageRef& ref, PageUse use, unsigned level);

    // From now on get() reads nothing: it fails with Absent and names the page, which the caller
    // brings without holding its lock and then keeps.
    void defer() { deferred_ = true; }
    const MissingPage& missing() const { return missing_; }
    // Reads and verifies a page; touches nothing that changes after open().
    Result<void> bring(const PageRef& ref, base::ByteArray<kPageSize>& page) const;
    // Keeps a page that was brought. Malformed when it is not what it is wanted as.
    Result<void> keep(const MissingPage& which, const base::ByteArray<kPageSize>& page);

    uint64_t pages_read() const { return pages_read_; }

  private:
    // The kept page, or the slot that it may take.
    PageSlot& slot_for(const PageRef& ref, bool& kept);

    const aead::AesGcm256* cipher_ = nullptr;
    aead::GcmKeyContext key_;
    BlockSource source_{};
    VolumeId volume_id_{};
    uint64_t page_count_ = 0;
    std::span<PageSlot> slots_;
    uint64_t clock_ = 0;
    uint64_t pages_read_ = 0;
    bool deferred_ = false;
    MissingPage missing_;
};

}  // namespace scone::fspf
