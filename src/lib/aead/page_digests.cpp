#include "lib/aead/page_digests.h"

#include "lib/aead/sha256_constants.h"
#include "lib/base/endian.h"

namespace scone::aead {
namespace {

constexpr size_t kBlocks = kDigestedPageSize / kSha256BlockSize;

// What FIPS 180-4, 5.1.1 appends to a whole page.
struct PageEnd {
    uint8_t block[kSha256BlockSize] = {0x80};
    constexpr PageEnd() {
        block[kSha256BlockSize - 2] = kDigestedPageSize * 8 >> 8;
        static_assert(kDigestedPageSize * 8 >> 16 == 0 && kDigestedPageSize * 8 % 256 == 0);
    }
};
constexpr PageEnd kPageEnd;

struct State {
    uint32_t words[8];
    State() {
        for (size_t i = 0; i < 8; ++i)
            words[i] = kSha256Initial[i];
    }
    void store(Digest& out) const {
        for (size_t i = 0; i < 8; ++i)
            base::store_be32(out.data() + 4 * i, words[i]);
    }
};

}  // namespace

void page_digests(base::Bytes content, Sha256Compress one, Sha256CompressTwo two,
                  std::span<Digest> out) {
    size_t page = 0;
    for (; content.size() >= 2 * kDigestedPageSize; page += 2) {
        State first, second;
        two(first.words, content.data(), second.words, content.data() + kDigestedPageSize, kBlocks);
        two(first.words, kPageEnd.block, second.words, kPageEnd.block, 1);
        first.store(out[page]);
        second.store(out[page + 1]);
        content = content.subspan(2 * kDigestedPageSize);
    }
    for (; !content.empty(); ++page) {
        const size_t size = content.size() < kDigestedPageSize ? content.size() : kDigestedPageSize;
        out[page] = sha256(content.first(size), one);
        content = content.subspan(size);
    }
}

Digest content_digest(uint64_t size, base::Bytes pages, Sha256Compress compress) {
    uint8_t encoded_size[8];
    base::store_le64(encoded_size, size);
    Sha256 hash(compress);
    hash.update(encoded_size);
    hash.update(pages);
    return hash.finish();
}

}  // namespace scone::aead
