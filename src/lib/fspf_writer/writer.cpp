#include "lib/fspf_writer/writer.h"

#include "lib/fspf_writer/key_schedule.h"
#include "lib/fspf_writer/object.h"

namespace scone::fspf {
namespace {

bool keeps_files(Backing backing, Protection protection) {
    return backing == Backing::Kernel && protection != Protection::None;
}

}  // namespace

Writer::Writer(const aead::AesGcm256& cipher) : cipher_(cipher) {}
Writer::~Writer() = default;

Result<std::unique_ptr<Writer>> Writer::create(const aead::AesGcm256& cipher,
                                               const std::optional<Key>& seed) {
    std::unique_ptr<Writer> writer(new Writer(cipher));
    writer->keys_ = SCONE_TRY(KeySchedule::create(seed));
    return writer;
}

const Writer::Region* Writer::region_of(std::string_view path) const {
    const Region* best = nullptr;
    for (const Region& region : regions_)
        if (lies_below(path, region.path) && (!best || region.path.size() > best->path.size()))
            best = &region;
    return best;
}

Result<void> Writer::add_region(std::string_view path, Backing backing, Protection protection,
                                std::string_view backing_path) {
    if (!is_clean_path(path) || backing_path.size() > kMaxPathSize ||
        (backing == Backing::Kernel) == backing_path.empty())
        return fail(ErrorCode::InvalidPath, "expected clean absolute paths");
    if (backing == Backing::Kernel && !is_clean_path(backing_path))
        return fail(ErrorCode::InvalidPath, "expected clean absolute paths");
    std::lock_guard lock(mutex_);
    if (regions_.size() == kMaxRegions)
        return fail(ErrorCode::TooLarge, "more than 256 regions", kMaxRegions);
    for (const Region& region : regions_)
        if (region.path == path)
            return fail(ErrorCode::Exists, "there is a region of this path");
    // In a region around it the new one shows as a directory; files may not lie there already.
    const Region* around = region_of(path);
    if (around && around->root) {
        Place place = SCONE_TRY(place_of(path));
        auto& slot = place.parent->children[place.name];
        if (slot && (slot->type != FileType::Directory || !slot->children.empty()))
            return fail(ErrorCode::Exists, "files were added here before the region");
        if (!slot) {
            slot = std::make_shared<Object>();
            slot->type = FileType::Directory;
            slot->protection = around->protection;
            slot->attributes.mode = 0755;
        }
    }
    std::shared_ptr<Object> root;
    if (keeps_files(backing, protection)) {
        root = std::make_shared<Object>();
        root->type = FileType::Directory;
        root->protection = protection;
        root->attributes.mode = 0755;
    }
    regions_.push_back(
        {std::string(path), std::string(backing_path), backing, protection, std::move(root)});
    return {};
}

Result<Writer::Place> Writer::place_of(std::string_view path) {
    if (!is_clean_path(path))
        return fail(ErrorCode::InvalidPath, "expected a clean absolute path");
    const Region* region = region_of(path);
    if (!region || !region->root)
        return fail(ErrorCode::NoRegion, "the path lies in no region that keeps files here");
    std::string_view rest = region->path == "/" ? path : path.substr(region->path.size());
    if (rest.empty() || rest == "/")
        return fail(ErrorCode::Exists, "the path is that of a region");
    Object* parent = region->root.get();
    rest.remove_prefix(1);
    for (size_t end = rest.find('/'); end != std::string_view::npos; end = rest.find('/')) {
        auto [at, made] = parent->children.try_emplace(std::string(rest.substr(0, end)));
        if (made) {
            at->second = std::make_shared<Object>();
            at->second->type = FileType::Directory;
            at->second->protection = region->protection;
            at->second->attributes.mode = 0755;
        }
        if (at->second->type != FileType::Directory)
            return fail(ErrorCode::NotDirectory, "a part of the path is not a directory");
        parent = at->second.get();
        rest.remove_prefix(end + 1);
    }
    return Place{region, parent, std::string(rest)};
}

Result<std::shared_ptr<Writer::Object>> Writer::find(std::string_view path) const {
    if (!is_clean_path(path))
        return fail(ErrorCode::InvalidPath, "expected a clean absolute path");
    const Region* region = region_of(path);
    if (!region || !region->root)
        return fail(ErrorCode::NoRegion, "the path lies in no region that keeps files here");
    std::string_view rest = region->path == "/" ? path : path.substr(region->path.size());
    std::shared_ptr<Object> object = region->root;
    while (!rest.empty() && rest != "/") {
        rest.remove_prefix(1);
        size_t end = std::min(rest.find('/'), rest.size());
        auto child = object->children.find(rest.substr(0, end));
        if (child == object->children.end())
            return fail(ErrorCode::NotFound, "no such file was added");
        object = child->second;
        rest.remove_prefix(end);
    }
    return object;
}

Result<void> Writer::insert(std::string_view path, std::shared_ptr<Object> object) {
    Place place = SCONE_TRY(place_of(path));
    auto [at, made] = place.parent->children.try_emplace(std::move(place.name));
    if (!made)
        return fail(ErrorCode::Exists, "the path was added before");
    object->protection = place.region->protection;
    at->second = std::move(object);
    return {};
}

Result<void> Writer::add_directory(std::string_view path, const Attributes& attributes) {
    std::lock_guard lock(mutex_);
    bool is_region = false;
    for (Region& region : regions_) {
        if (region.path != path)
            continue;
        is_region = true;
        if (region.root)
            region.root->attributes = attributes;
    }
    auto existing = find(path);
    if (existing) {
        if ((*existing)->type != FileType::Directory)
            return fail(ErrorCode::Exists, "the path was added before");
        (*existing)->attributes = attributes;
        return {};
    }
    if (is_region)
        return {};
    auto object = std::make_shared<Object>();
    object->type = FileType::Directory;
    object->attributes = attributes;
    return insert(path, std::move(object));
}

Result<void> Writer::add_symlink(std::string_view path, const Attributes& attributes,
                                 std::string_view target) {
    if (target.empty() || target.size() > kMaxLinkSize)
        return fail(ErrorCode::TooLarge, "link target is empty or longer than 2047 bytes",
                    target.size());
    auto object = std::make_shared<Object>();
    object->type = FileType::Symlink;
    object->attributes = attributes;
    object->link_target = target;
    object->size = target.size();
    std::lock_guard lock(mutex_);
    return insert(path, std::move(object));
}

Result<void> Writer::add_hard_link(std::string_view path, std::string_view existing) {
    std::lock_guard lock(mutex_);
    auto object = SCONE_TRY(find(existing));
    if (object->type == FileType::Directory)
        return fail(ErrorCode::NotDirectory, "a directory has one name only");
    if (region_of(path) != region_of(existing))
        return fail(ErrorCode::NoRegion, "the names of a file lie in different regions");
    return insert(path, std::move(object));
}

Result<void> Writer::add_file(std::string_view path, const Attributes& attributes, uint64_t size,
                              ContentSource& source, ContentSink* sink) {
    auto object = std::make_shared<Object>();
    object->attributes = attributes;
    uint64_t sequence;
    {
        std::lock_guard lock(mutex_);
        SCONE_TRY(insert(path, object));
        sequence = next_sequence_++;
    }
    auto sealed = seal_content(*object, path, sequence, size, source, sink);
    if (!sealed) {
        std::lock_guard lock(mutex_);
        // It was inserted above, so its directory is there.
        Place place = SCONE_MUST(place_of(path));
        place.parent->children.erase(place.name);
    }
    return sealed;
}

Result<void> Writer::remove(std::string_view path) {
    std::lock_guard lock(mutex_);
    SCONE_TRY(find(path));
    for (const Region& region : regions_)
        if (lies_below(region.path, path))
            return fail(ErrorCode::Exists, "a region lies at or below the path");
    Place place = SCONE_TRY(place_of(path));
    place.parent->children.erase(place.name);
    return {};
}

Result<Protection> Writer::protection_of(std::string_view path) {
    std::lock_guard lock(mutex_);
    const Region* region = region_of(path);
    if (!region)
        return fail(ErrorCode::NoRegion, "the path lies in no region");
    return region->protection;
}

bool Writer::has_region(std::string_view path) {
    std::lock_guard lock(mutex_);
    for (const Region& region : regions_)
        if (region.path == path)
            return true;
    return false;
}

Result<void> Writer::load_directory(Reader& reader, const Inode& inode, Object& into,
                                    std::map<uint64_t, std::shared_ptr<Object>>& shared) {
    into.attributes = inode.attributes;
    DirectoryCursor cursor;
    DirectoryEntry entry;
    while (SCONE_TRY(reader.next_entry(inode, cursor, entry))) {
        const Inode& from = entry.inode;
        std::shared_ptr<Object>& object = into.children[std::string(entry.text())];
        if (from.link_count > 1 && from.type != FileType::Directory && shared[from.id]) {
            object = shared[from.id];
            continue;
        }
        object = std::make_shared<Object>();
        object->type = from.type;
        object->protection = from.protection;
        object->attributes = from.attributes;
        object->size = from.size;
        if (from.link_count > 1)
            shared[from.id] = object;
        if (from.type == FileType::Directory)
            SCONE_TRY(load_directory(reader, from, *object, shared));
        if (from.type == FileType::Symlink) {
            object->link_target.resize(from.size);
            SCONE_TRY(reader.read_link(
                from, {reinterpret_cast<uint8_t*>(object->link_target.data()), from.size}));
        }
        if (from.type != FileType::Regular)
            continue;
        SCONE_TRY(reader.copy_content_key(from, object->content_key));
        for (uint64_t i = 0; i < block_count(from.size); ++i)
            object->blocks.push_back(SCONE_TRY(reader.block_entry(from, i)));
    }
    return {};
}

Result<std::unique_ptr<Writer>> Writer::load(const aead::AesGcm256& cipher, Reader& reader) {
    auto writer = SCONE_TRY(create(cipher));
    writer->keys_->take_authenticator(reader.authenticator());
    writer->next_sequence_ = reader.next_sequence();
    writer->generation_ = reader.header().generation + 1;
    std::map<uint64_t, std::shared_ptr<Object>> shared;
    for (size_t i = 0; i < reader.regions().size(); ++i) {
        const RegionRecord& record = reader.regions()[i];
        Region region{std::string(record.path), std::string(record.backing_path), record.backing,
                      record.protection, nullptr};
        if (record.root_id != 0) {
            region.root = std::make_shared<Object>();
            region.root->type = FileType::Directory;
            region.root->protection = record.protection;
            SCONE_TRY(writer->load_directory(reader, SCONE_TRY(reader.region_root(i)), *region.root,
                                             shared));
        }
        writer->regions_.push_back(std::move(region));
    }
    return writer;
}

}  // namespace scone::fspf
