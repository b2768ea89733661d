// The end of building: numbers the objects and writes their tags, records and names.
#include "lib/base/endian.h"
#include "lib/fspf_writer/key_schedule.h"
#include "lib/fspf_writer/object.h"
#include "lib/fspf_writer/tag_packer.h"
#include "lib/fspf_writer/tree_builder.h"

namespace scone::fspf {
namespace {

using Object = Writer::Object;

struct RegionName {
    char bytes[2];
    explicit RegionName(size_t region)
        : bytes{static_cast<char>(region >> 8), static_cast<char>(region)} {}
    std::string_view text() const { return {bytes, 2}; }
};

// Objects in the order of their numbers: a directory comes before what is in it, files of one
// directory follow each other, so that their tags share pages.
void number(Object& object, std::vector<Object*>& order) {
    ++object.link_count;
    if (object.id != 0)
        return;
    order.push_back(&object);
    object.id = order.size();
    for (auto& [name, child] : object.children)
        if (child->type != FileType::Directory)
            number(*child, order);
    for (auto& [name, child] : object.children)
        if (child->type == FileType::Directory)
            number(*child, order);
}

uint32_t count_links(const Object& object) {
    if (object.type != FileType::Directory)
        return object.link_count;
    uint32_t count = 2;
    for (auto& [name, child] : object.children)
        count += child->type == FileType::Directory;
    return count;
}

base::Bytes encode(const Object& object, base::MutableBytes buffer) {
    InodeRecord record;
    record.id = object.id;
    record.type = object.type;
    record.protection = object.protection;
    record.attributes = object.attributes;
    record.link_count = count_links(object);
    record.size = object.size;
    record.tags = object.tags;
    if (object.type == FileType::Regular && object.protection == Protection::Encrypted)
        record.content_key = object.content_key.expose();
    record.link_target = object.link_target;
    return buffer.first(encode_inode(record, buffer));
}

bool is_shared(const Object& object) {
    return object.type != FileType::Directory && object.link_count > 1;
}

Result<void> write_names(const Object& directory, TreeBuilder& tree) {
    base::ByteArray<kPagePayloadSize> buffer;
    for (auto& [name, child] : directory.children) {
        ItemKey key{directory.id, ItemKind::Entry, name};
        size_t size = 9;
        if (is_shared(*child)) {
            buffer[0] = uint8_t(EntryForm::Link);
            base::store_le64(buffer.data() + 1, child->id);
        } else {
            buffer[0] = uint8_t(EntryForm::Inode);
            size = 1 + encode(*child, base::MutableBytes(buffer).subspan(1)).size();
        }
        SCONE_TRY(tree.add(key, base::Bytes(buffer).first(size)));
    }
    return {};
}

}  // namespace

Result<SealedFspf> Writer::finish(Seal seal) {
    std::lock_guard lock(mutex_);
    bool has_root = false;
    for (const Region& region : regions_)
        has_root |= region.path == "/";
    if (!has_root && seal == Seal::Encrypt)
        return fail(ErrorCode::NoRegion, "there is no region for '/'");

    std::vector<Object*> order;
    for (Region& region : regions_)
        if (region.root)
            number(*region.root, order);
    PageWriter pages(cipher_, *keys_);
    TagPacker packer(pages);
    for (Object* object : order)
        packer.add(*object);
    packer.flush();

    base::ByteArray<kPagePayloadSize> buffer;
    TreeBuilder tree(pages);
    for (size_t i = 0; i < regions_.size(); ++i) {
        const Region& region = regions_[i];
        RegionRecord record{region.path,    region.backing_path,
                            region.backing, region.protection,
                            kBlockSize,     region.root ? region.root->id : 0};
        size_t size = encode_region(record, buffer);
        SCONE_TRY(
            tree.add({0, ItemKind::Region, RegionName(i).text()}, base::Bytes(buffer).first(size)));
    }
    for (size_t i = 0; i < regions_.size(); ++i)
        if (regions_[i].root)
            SCONE_TRY(tree.add({0, ItemKind::RegionRoot, RegionName(i).text()},
                               encode(*regions_[i].root, buffer)));
    for (Object* object : order) {
        if (object->type == FileType::Directory)
            SCONE_TRY(write_names(*object, tree));
        else if (is_shared(*object))
            SCONE_TRY(tree.add({object->id, ItemKind::SharedInode, {}}, encode(*object, buffer)));
    }
    base::wipe(buffer.data(), buffer.size());

    TreeBuilder::Tree built = tree.finish();
    RootRecord root;
    root.tree = built.root;
    root.tree_height = built.height;
    root.region_count = static_cast<uint16_t>(regions_.size());
    root.file_count = order.size();
    root.next_sequence = next_sequence_;
    root.authenticator = keys_->authenticator().duplicate();
    Header header;
    header.generation = generation_;
    if (seal == Seal::ClearKey) {
        header.features |= feature::kClearKey;
        base::copy_bytes(header.clear_key, keys_->file_system_key().expose());
    }
    SealedFspf sealed;
    sealed.bytes = pages.finish(header, root);
    sealed.key = keys_->file_system_key().duplicate();
    sealed.tag = header.tag;
    return sealed;
}

}  // namespace scone::fspf
