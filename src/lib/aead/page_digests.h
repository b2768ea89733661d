// SHA-256 of each 4 KiB of a file, so that a part of it can be checked without the rest, and of all
// of these: what names the file's content.
//
// Side:    both
// Units:   bytes; the last page of a file may be shorter
// Source:  docs/formats/settings-page.md, "Content digest"
// Threads: pure functions; for the block functions see sha256.h
#pragma once

#include "lib/aead/sha256.h"

namespace scone::aead {

inline constexpr size_t kDigestedPageSize = 4096;

constexpr uint64_t page_digest_count(uint64_t file_size) {
    return file_size / kDigestedPageSize + (file_size % kDigestedPageSize != 0);
}

// Side by side, as they lie in files.
inline base::Bytes bytes_of(std::span<const Digest> digests) {
    static_assert(sizeof(Digest) == kSha256Size);
    return {digests.empty() ? nullptr : digests.front().data(), digests.size_bytes()};
}

// One digest for each page of `content`. Preconditions: out.size() is page_digest_count() of it.
void page_digests(base::Bytes content, Sha256Compress one, Sha256CompressTwo two,
                  std::span<Digest> out);

// SHA-256 of the size, u64, and then of the digests of the pages.
Digest content_digest(uint64_t size, base::Bytes pages, Sha256Compress compress);

}  // namespace scone::aead
