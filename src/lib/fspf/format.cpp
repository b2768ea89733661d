#include "lib/fspf/format.h"

#include "lib/base/checked.h"
#include "lib/base/endian.h"

namespace scone::fspf {
namespace {

constexpr char kMagic[] = "SCONEFSP";
constexpr size_t kInodeFixedSize = 44;
constexpr size_t kTagTreeSize = 1 + 2 + kPageRefSize;
constexpr size_t kRegionFixedSize = 20;

template <size_t N>
void load_array(base::ByteArray<N>& to, const uint8_t* from) {
    __builtin_memcpy(to.data(), from, N);
}
template <size_t N>
void store_array(uint8_t* to, const base::ByteArray<N>& from) {
    __builtin_memcpy(to, from.data(), N);
}

bool all_zero(base::Bytes bytes) {
    for (uint8_t byte : bytes)
        if (byte != 0)
            return false;
    return true;
}

bool has_content_tags(const InodeRecord& inode) {
    return inode.type == FileType::Regular && inode.size > 0;
}
bool has_content_key(const InodeRecord& inode) {
    return inode.type == FileType::Regular && inode.protection == Protection::Encrypted;
}

}  // namespace

Result<Header> decode_header(base::Bytes page) {
    if (page.size() != kPageSize)
        return fail(ErrorCode::NotFspf, "expected a header page of 4096 bytes", page.size());
    const uint8_t* p = page.data();
    if (!base::equal_bytes(page.first(8), base::as_bytes({kMagic, 8})))
        return fail(ErrorCode::NotFspf, "expected the magic 'SCONEFSP'");
    Header header;
    header.version = base::load_le16(p + 8);
    if (header.version != kVersion)
        return fail(ErrorCode::Unsupported, "expected format version 1", header.version);
    header.features = base::load_le32(p + 12);
    if ((header.features & ~feature::kKnown) != 0)
        return fail(ErrorCode::Unsupported, "the file needs features that are not known here",
                    header.features);
    header.page_count = base::load_le64(p + 16);
    header.generation = base::load_le64(p + 24);
    load_array(header.volume_id, p + 32);
    load_array(header.clear_key, p + 48);
    load_array(header.nonce.bytes, p + 80);
    load_array(header.tag, p + kHeaderTagOffset);
    if (!(header.features & feature::kClearKey) && !all_zero(header.clear_key))
        return fail(ErrorCode::Malformed, "an encrypted file has a key in its header");
    if (header.page_count == 0 || header.page_count > UINT64_MAX / kPageSize)
        return fail(ErrorCode::Malformed, "page count out of range", header.page_count);
    return header;
}

void encode_header(const Header& header, std::span<uint8_t, kHeaderSize> out) {
    base::fill_bytes(out, 0);
    uint8_t* p = out.data();
    __builtin_memcpy(p, kMagic, 8);
    base::store_le16(p + 8, header.version);
    base::store_le32(p + 12, header.features);
    base::store_le64(p + 16, header.page_count);
    base::store_le64(p + 24, header.generation);
    store_array(p + 32, header.volume_id);
    store_array(p + 48, header.clear_key);
    store_array(p + 80, header.nonce.bytes);
    store_array(p + kHeaderTagOffset, header.tag);
}

PageRef load_page_ref(const uint8_t* from) {
    PageRef ref;
    ref.page = base::load_le64(from);
    load_array(ref.tag, from + 8);
    return ref;
}

void store_page_ref(uint8_t* to, const PageRef& ref) {
    base::store_le64(to, ref.page);
    store_array(to + 8, ref.tag);
}

Result<RootRecord> decode_root(base::Bytes record) {
    if (record.size() != kRootRecordSize)
        return fail(ErrorCode::Malformed, "root record has the wrong size", record.size());
    const uint8_t* p = record.data();
    RootRecord root;
    root.tree = load_page_ref(p);
    root.tree_height = p[24];
    root.region_count = base::load_le16(p + 26);
    root.file_count = base::load_le64(p + 32);
    root.next_sequence = base::load_le64(p + 40);
    root.authenticator = Key(std::span<const uint8_t, kKeySize>(p + 48, kKeySize));
    if (root.tree_height > kMaxTreeHeight || (root.tree_height == 0) != root.tree.is_hole())
        return fail(ErrorCode::Malformed, "tree height out of range", root.tree_height);
    if (root.region_count > kMaxRegions)
        return fail(ErrorCode::Malformed, "more than 256 regions", root.region_count);
    return root;
}

void encode_root(const RootRecord& root, std::span<uint8_t, kRootRecordSize> out) {
    base::fill_bytes(out, 0);
    uint8_t* p = out.data();
    store_page_ref(p, root.tree);
    p[24] = root.tree_height;
    base::store_le16(p + 26, root.region_count);
    base::store_le64(p + 32, root.file_count);
    base::store_le64(p + 40, root.next_sequence);
    base::copy_bytes({p + 48, kKeySize}, root.authenticator.expose());
}

Result<InodeRecord> decode_inode(base::Bytes value) {
    if (value.size() < kInodeFixedSize)
        return fail(ErrorCode::Malformed, "inode record is too short", value.size());
    const uint8_t* p = value.data();
    InodeRecord inode;
    inode.id = base::load_le64(p);
    if (p[8] < 1 || p[8] > 3)
        return fail(ErrorCode::Malformed, "unknown file type", p[8]);
    inode.type = FileType{p[8]};
    if (p[9] != uint8_t(Protection::Authenticated) && p[9] != uint8_t(Protection::Encrypted))
        return fail(ErrorCode::Malformed, "unknown protection of a file", p[9]);
    inode.protection = Protection{p[9]};
    inode.attributes.mode = base::load_le16(p + 10) & 07777;
    inode.attributes.uid = base::load_le32(p + 12);
    inode.attributes.gid = base::load_le32(p + 16);
    inode.link_count = base::load_le32(p + 20);
    inode.size = base::load_le64(p + 24);
    inode.attributes.modified.seconds = static_cast<int64_t>(base::load_le64(p + 32));
    inode.attributes.modified.nanoseconds = base::load_le32(p + 40);
    if (inode.id == 0 || inode.attributes.modified.nanoseconds > 999'999'999)
        return fail(ErrorCode::Malformed, "inode field out of range", inode.id);
    if (inode.size > kMaxFileSize)
        return fail(ErrorCode::Malformed, "file size out of range", inode.size);

    base::Bytes rest = value.subspan(kInodeFixedSize);
    if (has_content_tags(inode)) {
        if (rest.size() < kTagTreeSize)
            return fail(ErrorCode::Malformed, "inode record is too short", value.size());
        inode.tags.depth = rest[0];
        inode.tags.first_slot = base::load_le16(rest.data() + 1);
        inode.tags.root = load_page_ref(rest.data() + 3);
        if (inode.tags.depth > kMaxTagDepth)
            return fail(ErrorCode::Malformed, "tag tree is too deep", inode.tags.depth);
        rest = rest.subspan(kTagTreeSize);
    }
    if (has_content_key(inode)) {
        if (rest.size() < kKeySize)
            return fail(ErrorCode::Malformed, "inode record is too short", value.size());
        inode.content_key = rest.first(kKeySize);
        rest = rest.subspan(kKeySize);
    }
    if (inode.type == FileType::Symlink) {
        if (inode.size != rest.size() || rest.empty() || rest.size() > kMaxLinkSize)
            return fail(ErrorCode::Malformed, "link target has the wrong size", rest.size());
        inode.link_target = base::as_text(rest);
        rest = {};
    }
    if (!rest.empty())
        return fail(ErrorCode::Malformed, "inode record is too long", value.size());
    return inode;
}

size_t encode_inode(const InodeRecord& inode, base::MutableBytes out) {
    size_t size = kInodeFixedSize + (has_content_tags(inode) ? kTagTreeSize : 0) +
                  (has_content_key(inode) ? kKeySize : 0) + inode.link_target.size();
    if (size > out.size())
        return 0;
    uint8_t* p = out.data();
    base::store_le64(p, inode.id);
    p[8] = uint8_t(inode.type);
    p[9] = uint8_t(inode.protection);
    base::store_le16(p + 10, inode.attributes.mode);
    base::store_le32(p + 12, inode.attributes.uid);
    base::store_le32(p + 16, inode.attributes.gid);
    base::store_le32(p + 20, inode.link_count);
    base::store_le64(p + 24, inode.size);
    base::store_le64(p + 32, static_cast<uint64_t>(inode.attributes.modified.seconds));
    base::store_le32(p + 40, inode.attributes.modified.nanoseconds);
    p += kInodeFixedSize;
    if (has_content_tags(inode)) {
        p[0] = inode.tags.depth;
        base::store_le16(p + 1, inode.tags.first_slot);
        store_page_ref(p + 3, inode.tags.root);
        p += kTagTreeSize;
    }
    if (has_content_key(inode)) {
        base::copy_bytes({p, kKeySize}, inode.content_key);
        p += kKeySize;
    }
    base::copy_bytes({p, inode.link_target.size()}, base::as_bytes(inode.link_target));
    return size;
}

Result<RegionRecord> decode_region(base::Bytes value) {
    if (value.size() < kRegionFixedSize)
        return fail(ErrorCode::Malformed, "region record is too short", value.size());
    const uint8_t* p = value.data();
    RegionRecord region;
    if (p[0] < 1 || p[0] > 2 || p[1] < 1 || p[1] > 3)
        return fail(ErrorCode::Malformed, "unknown region class", p[0]);
    region.backing = Backing{p[0]};
    region.protection = Protection{p[1]};
    region.block_size = base::load_le32(p + 4);
    region.root_id = base::load_le64(p + 8);
    size_t path_size = base::load_le16(p + 16);
    size_t backing_size = base::load_le16(p + 18);
    if (value.size() != kRegionFixedSize + path_size + backing_size || path_size > kMaxPathSize ||
        backing_size > kMaxPathSize || path_size == 0)
        return fail(ErrorCode::Malformed, "region record has the wrong size", value.size());
    region.path = base::as_text(value.subspan(kRegionFixedSize, path_size));
    region.backing_path = base::as_text(value.subspan(kRegionFixedSize + path_size));
    if (region.path[0] != '/' || region.block_size != kBlockSize)
        return fail(ErrorCode::Malformed, "region record out of range", region.block_size);
    bool has_files = region.backing == Backing::Kernel && region.protection != Protection::None;
    if (has_files != (region.root_id != 0))
        return fail(ErrorCode::Malformed, "region and its directory do not agree", region.root_id);
    return region;
}

size_t encode_region(const RegionRecord& region, base::MutableBytes out) {
    size_t size = kRegionFixedSize + region.path.size() + region.backing_path.size();
    if (size > out.size())
        return 0;
    base::fill_bytes(out.first(kRegionFixedSize), 0);
    uint8_t* p = out.data();
    p[0] = uint8_t(region.backing);
    p[1] = uint8_t(region.protection);
    base::store_le32(p + 4, region.block_size);
    base::store_le64(p + 8, region.root_id);
    base::store_le16(p + 16, static_cast<uint16_t>(region.path.size()));
    base::store_le16(p + 18, static_cast<uint16_t>(region.backing_path.size()));
    base::copy_bytes(out.subspan(kRegionFixedSize, region.path.size()),
                     base::as_bytes(region.path));
    base::copy_bytes(out.subspan(kRegionFixedSize + region.path.size(), region.backing_path.size()),
                     base::as_bytes(region.backing_path));
    return size;
}

base::ByteArray<24> page_binding(const base::ByteArray<16>& volume_id, uint64_t page) {
    base::ByteArray<24> binding;
    store_array(binding.data(), volume_id);
    base::store_le64(binding.data() + 16, page);
    return binding;
}

}  // namespace scone::fspf
