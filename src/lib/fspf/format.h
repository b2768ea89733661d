// The numbers and records of a file system protection file (fspf).
//
// Side:    core (the enclave's file system and the builder share it)
// Layout:  little endian; the file is a row of 4096-byte pages, page 0 is the header; see
//          docs/formats/fspf.md, sections 3 to 6
// Errors:  decoders give Malformed (NotFspf, Unsupported for the header); every length is checked,
//          so they may be fed anything
// Threads: pure functions
// Source:  docs/formats/fspf.md
#pragma once

#include <string_view>

#include "lib/aead/aes_gcm.h"
#include "lib/aead/nonce.h"
#include "lib/base/bytes.h"
#include "lib/fspf/error.h"

namespace scone::fspf {

inline constexpr size_t kKeySize = aead::kGcmKeySize;
inline constexpr size_t kTagSize = aead::kGcmTagSize;
inline constexpr size_t kNonceSize = aead::kNonceSize;
inline constexpr size_t kPageSize = 4096;
inline constexpr size_t kPagePayloadSize = kPageSize - kNonceSize;  // the nonce comes first
inline constexpr size_t kBlockSize = 4096;                          // content per tag
inline constexpr uint16_t kVersion = 1;

inline constexpr size_t kMaxNameSize = 255;
inline constexpr size_t kMaxPathSize = 1023;
inline constexpr size_t kMaxLinkSize = 2047;
inline constexpr size_t kMaxRegions = 256;
inline constexpr size_t kMaxTreeHeight = 12;
inline constexpr size_t kMaxTagDepth = 5;
inline constexpr uint64_t kMaxFileSize = uint64_t{UINT32_MAX} * kBlockSize;

using Key = base::Secret<kKeySize>;
using Tag = aead::GcmTag;
using Nonce = aead::Nonce;
using VolumeId = base::ByteArray<16>;

// What a reader must understand to open the file.
namespace feature {
inline constexpr uint32_t kClearKey = 1;    // not yet encrypted: the key stands in the header
inline constexpr uint32_t kTwoHeaders = 2;  // mutable volumes: page 1 is a second header
inline constexpr uint32_t kJournal = 4;     // mutable volumes: a journal of block images
inline constexpr uint32_t kKnown = kClearKey;
}  // namespace feature

enum class Backing : uint8_t { Kernel = 1, Ephemeral = 2 };
enum class Protection : uint8_t { None = 1, Authenticated = 2, Encrypted = 3 };
enum class FileType : uint8_t { Regular = 1, Directory = 2, Symlink = 3 };

// A page and the tag it must verify with. Page 0 stands for "nothing here" (a hole).
struct PageRef {
    uint64_t page = 0;
    Tag tag{};
    bool is_hole() const { return page == 0; }
    friend bool operator==(const PageRef&, const PageRef&) = default;
};
inline constexpr size_t kPageRefSize = 8 + kTagSize;

// Nonce and tag of one block of content; all zero for a hole.
struct BlockEntry {
    Nonce nonce{};
    Tag tag{};
    bool is_hole() const { return *this == BlockEntry{}; }
    friend bool operator==(const BlockEntry&, const BlockEntry&) = default;
};
inline constexpr size_t kBlockEntrySize = kNonceSize + kTagSize;

struct Header {
    uint16_t version = kVersion;
    uint32_t features = 0;
    uint64_t page_count = 0;
    uint64_t generation = 0;
    VolumeId volume_id{};
    base::ByteArray<kKeySize> clear_key{};
    Nonce nonce{};
    Tag tag{};
};
inline constexpr size_t kHeaderTagOffset = 96;
inline constexpr size_t kHeaderSize = kHeaderTagOffset + kTagSize;
inline constexpr size_t kRootRecordSize = kPageSize - kHeaderSize;

// The sealed part of the header page.
struct RootRecord {
    PageRef tree;
    uint8_t tree_height = 0;  // 1: the root is a leaf
    uint16_t region_count = 0;
    uint64_t file_count = 0;
    uint64_t next_sequence = 1;  // numbers that were never used in a nonce
    Key authenticator;           // GMAC key of authenticated content
};

struct TagTree {
    PageRef root;
    uint8_t depth = 0;        // 0: root is a leaf of entries
    uint16_t first_slot = 0;  // where this file's entries start in a shared leaf; 0 if depth > 0
};

struct Timestamp {
    int64_t seconds = 0;
    uint32_t nanoseconds = 0;
    friend bool operator==(const Timestamp&, const Timestamp&) = default;
};

struct Attributes {
    uint16_t mode = 0;  // permission bits, 07777
    uint32_t uid = 0;
    uint32_t gid = 0;
    Timestamp modified;
    friend bool operator==(const Attributes&, const Attributes&) = default;
};

// One file, directory or symbolic link. `content_key` and `link_target` are views: of the bytes it
// was decoded from, or of what the encoder's caller holds.
struct InodeRecord {
    uint64_t id = 0;
    FileType type = FileType::Regular;
    Protection protection = Protection::Authenticated;
    Attributes attributes;
    uint32_t link_count = 1;
    uint64_t size = 0;
    TagTree tags;                  // regular files with size > 0
    base::Bytes content_key;       // encrypted regular files: 32 bytes
    std::string_view link_target;  // symbolic links
};

struct RegionRecord {
    std::string_view path;
    std::string_view backing_path;  // of Kernel regions
    Backing backing = Backing::Kernel;
    Protection protection = Protection::None;
    uint32_t block_size = kBlockSize;
    uint64_t root_id = 0;  // the directory that stands at `path`; 0 for unprotected or ephemeral
};

Result<Header> decode_header(base::Bytes page);
void encode_header(const Header& header, std::span<uint8_t, kHeaderSize> out);
Result<RootRecord> decode_root(base::Bytes record);
void encode_root(const RootRecord& root, std::span<uint8_t, kRootRecordSize> out);

PageRef load_page_ref(const uint8_t* from);
void store_page_ref(uint8_t* to, const PageRef& ref);

// Inode records and region records have a size of their own; an encoder gives 0 when the record
// does not fit `out`.
Result<InodeRecord> decode_inode(base::Bytes value);
size_t encode_inode(const InodeRecord& inode, base::MutableBytes out);
Result<RegionRecord> decode_region(base::Bytes value);
size_t encode_region(const RegionRecord& region, base::MutableBytes out);

// What a page's tag covers besides its bytes: the volume and the page's place.
base::ByteArray<24> page_binding(const VolumeId& volume_id, uint64_t page);

constexpr uint64_t block_count(uint64_t size) {
    return (size + kBlockSize - 1) / kBlockSize;
}
// Bytes of content in block `index`; the last block is shorter. Preconditions: index < block_count.
constexpr size_t block_size(uint64_t file_size, uint64_t index) {
    uint64_t rest = file_size - index * kBlockSize;
    return rest < kBlockSize ? static_cast<size_t>(rest) : kBlockSize;
}

}  // namespace scone::fspf
