#include "runtime/trusted/libos/fs/tmp_fs.h"

#include "runtime/trusted/libos/fs/tmp_node.h"
#include "runtime/trusted/libos/vfs/directory_record.h"
#include "runtime/trusted/libos/vfs/path_walk.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;
using Node = TmpFs::Node;

class TmpFile : public File {
  public:
    TmpFile(Ref<Node> node, uint32_t flags, std::string_view path)
        : File(flags & ~(kO_CREAT | kO_EXCL | kO_TRUNC | kO_CLOEXEC)),
          node_(std::move(node)),
          path_(path) {}
    Result<uint64_t> read_at(IoBuffer& buffer, uint64_t offset) override {
        if (node_->is_directory())
            return error(kEISDIR);
        return node_->read(buffer, offset);
    }
    Result<uint64_t> write_at(IoBuffer& buffer, uint64_t offset) override {
        return node_->write(buffer, offset);
    }
    Result<uint64_t> seek(int64_t offset, int whence) override {
        return seek_within(offset, whence, node_->is_directory() ? UINT32_MAX : node_->size);
    }
    Result<void> stat(Stat& out) override {
        node_->stat(out);
        return {};
    }
    Result<void> truncate(uint64_t size) override {
        Guard guard(node_->lock);
        return node_->resize(size);
    }
    Result<void> allocate(int mode, uint64_t offset, uint64_t size) override {
        if (mode != 0)
            return error(kEOPNOTSUPP);
        Guard guard(node_->lock);
        return offset + size > node_->size ? node_->resize(offset + size) : Result<void>{};
    }
    Result<void> sync(bool) override { return {}; }
    Result<void> change_mode(uint32_t mode) override {
        node_->mode = (node_->mode & kS_IFMT) | (mode & 07777);
        return {};
    }
    Result<void> change_owner(uint32_t user, uint32_t group) override {
        if (user != ~0u)
            node_->user = user;
        if (group != ~0u)
            node_->group = group;
        return {};
    }
    Result<void> set_times(const Timespec* times) override {
        if (times != nullptr) {
            node_->access_time = times[0];
            node_->modify_time = times[1];
        } else {
            node_->touch();
        }
        return {};
    }
    Result<uint64_t> read_directory(IoBuffer& buffer) override;
    bool can_map() const override { return node_->is_regular(); }
    bool is_directory() const override { return node_->is_directory(); }
    Result<Ref<File>> reopen(uint32_t flags) override {
        auto file = make_ref<TmpFile>(node_, flags, path_.view());
        if (!file)
            return error(kENOMEM);
        return Ref<File>(file);
    }
    void describe(Path& out) const override { out.append(path_.view()); }

  private:
    Ref<Node> node_;
    FixedText<1024> path_;
};

Result<uint64_t> TmpFile::read_directory(IoBuffer& buffer) {
    if (!node_->is_directory())
        return error(kENOTDIR);
    Guard position(position_lock_);
    Guard guard(node_->lock);
    uint64_t done = 0, total = node_->entries.size() + 2;
    while (position_ < total) {
        const TmpEntry* entry = position_ < 2 ? nullptr : node_->entries[position_ - 2];
        std::string_view name = position_ == 0 ? "." : position_ == 1 ? ".." : entry->name.view();
        const Node& named = entry == nullptr ? *node_ : *entry->node;
        auto type = static_cast<uint8_t>((named.mode & kS_IFMT) >> 12);
        uint64_t size = SCONE_TRY(
            put_directory_record(buffer, done, {named.number, position_ + 1, type, name}));
        if (size == 0)
            break;
        done += size;
        position_++;
    }
    return done == 0 && position_ < total ? Result<uint64_t>(error(kEINVAL)) : done;
}

}  // namespace

struct TmpFs::Place {
    Ref<Node> directory;
    FixedText<256> name;
};

TmpFs::TmpFs(std::string_view prefix) : prefix_(prefix) {
    root_ = make_ref<Node>(kS_IFDIR | 01777u);
}
TmpFs::~TmpFs() = default;

// At a link that has to be followed: EXDEV, and where to go on in `leaves`.
Result<Ref<TmpFs::Node>> TmpFs::find(std::string_view path, Follow follow, Path* leaves) {
    vfs::Components walk{{path.data() + prefix_.size(), path.size() - prefix_.size()}};
    Ref<Node> node = root_;
    size_t parent_end = prefix_.size();
    for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
        if (!node->is_directory())
            return error(kENOTDIR);
        Ref<Node> next;
        {
            Guard guard(node->lock);
            TmpEntry* entry = node->find(name);
            if (entry == nullptr)
                return error(kENOENT);
            next = entry->node;
        }
        if (next->is_link() && (!walk.at_end() || follow == Follow::Yes)) {
            if (leaves != nullptr) {
                leaves->clear();
                if (next->target->view()[0] != '/')
                    leaves->append({path.data(), parent_end}).append('/');
                leaves->append(next->target->view()).append(walk.rest);
            }
            return error(kEXDEV);
        }
        parent_end = static_cast<size_t>(walk.rest.data() - path.data());
        node = next;
    }
    if (path.size() > 1 && path.back() == '/' && !node->is_directory())
        return error(kENOTDIR);
    return node;
}

Result<TmpFs::Place> TmpFs::parent_of(std::string_view path) {
    while (path.size() > 1 && path.back() == '/')
        path = {path.data(), path.size() - 1};
    size_t slash = path.size();
    while (slash > 0 && path[slash - 1] != '/')
        slash--;
    if (slash <= prefix_.size())
        return error(kEBUSY);  // the mount point itself
    Place place;
    place.directory = SCONE_TRY(find({path.data(), slash}, Follow::Yes, nullptr));
    if (!place.directory->is_directory())
        return error(kENOTDIR);
    place.name.append({path.data() + slash, path.size() - slash});
    return place;
}

Result<void> TmpFs::leaves_to(std::string_view path, Follow follow, Path& out) {
    auto found = find(path, follow, &out);
    if (found || found.error().value != kEXDEV)
        return error(kENOENT);
    // Relative targets are normalised, as every path that a tree is given.
    Path text = out;
    out.clear();
    vfs::Components walk{text.view()};
    for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
        if (name == ".")
            continue;
        if (name == "..") {
            size_t size = out.size();
            while (size > 0 && out.view()[size - 1] != '/')
                size--;
            out.truncate(size > 0 ? size - 1 : 0);
            continue;
        }
        out.append('/').append(name);
    }
    if (out.size() == 0)
        out.append('/');
    return {};
}

Result<void> TmpFs::add_file(std::string_view path, std::string_view content, uint32_t mode) {
    auto node = make_ref<Node>(kS_IFREG | (mode & 07777));
    if (!node)
        return error(kENOMEM);
    auto buffer = IoBuffer::of_runtime(const_cast<char*>(content.data()), content.size());
    if (!content.empty())
        SCONE_TRY(node->write(buffer, 0));
    if (path.size() == prefix_.size()) {
        root_ = node;
        return {};
    }
    Ref<Node> directory = root_;
    vfs::Components walk{{path.data() + prefix_.size(), path.size() - prefix_.size()}};
    for (std::string_view name = walk.next();; name = walk.next()) {
        Guard guard(directory->lock);
        TmpEntry* entry = directory->find(name);
        if (walk.at_end()) {
            if (entry != nullptr)
                directory->remove(name);
            return directory->add(name, node);
        }
        if (entry == nullptr) {
            auto folder = make_ref<Node>(kS_IFDIR | 0755u);
            if (!folder)
                return error(kENOMEM);
            SCONE_TRY(directory->add(name, folder));
            entry = directory->find(name);
        }
        directory = entry->node;
    }
}

Result<Ref<File>> TmpFs::open(std::string_view path, uint32_t flags, uint32_t mode) {
    Follow follow = flags & kO_NOFOLLOW || (flags & (kO_CREAT | kO_EXCL)) == (kO_CREAT | kO_EXCL)
                        ? Follow::No
                        : Follow::Yes;
    auto found = find(path, follow, nullptr);
    Ref<Node> node;
    if (found) {
        node = *found;
        if ((flags & kO_CREAT) && (flags & kO_EXCL))
            return error(kEEXIST);
        if (node->is_link())
            return error(kELOOP);
        if (node->is_directory() && (flags & kO_ACCMODE) != kO_RDONLY)
            return error(kEISDIR);
        if ((flags & kO_DIRECTORY) && !node->is_directory())
            return error(kENOTDIR);
    } else if (found.error().value == kENOENT && (flags & kO_CREAT)) {
        Place place = SCONE_TRY(parent_of(path));
        node = make_ref<Node>(kS_IFREG | (mode & 07777));
        if (!node)
            return error(kENOMEM);
        Guard guard(place.directory->lock);
        if (place.directory->find(place.name.view()) != nullptr)
            return error(kEEXIST);
        SCONE_TRY(place.directory->add(place.name.view(), node));
    } else {
        return std::unexpected(found.error());
    }
    if ((flags & kO_TRUNC) && node->is_regular()) {
        Guard guard(node->lock);
        SCONE_TRY(node->resize(0));
    }
    auto file = make_ref<TmpFile>(node, flags, path);
    if (!file)
        return error(kENOMEM);
    return Ref<File>(file);
}

Result<void> TmpFs::stat(std::string_view path, Follow follow, Stat& out) {
    SCONE_TRY(find(path, follow, nullptr))->stat(out);
    return {};
}

Result<void> TmpFs::read_link(std::string_view path, Path& out) {
    Ref<Node> node = SCONE_TRY(find(path, Follow::No, nullptr));
    if (!node->is_link())
        return error(kEINVAL);
    out = *node->target;
    return {};
}

Result<void> TmpFs::access(std::string_view path, uint32_t mode, Follow follow) {
    Ref<Node> node = SCONE_TRY(find(path, follow, nullptr));
    if ((mode & 1) && node->is_regular() && !(node->mode & 0111))
        return error(kEACCES);
    return {};
}

namespace {
Result<void> add_new(const Ref<Node>& directory, std::string_view name, const Ref<Node>& node) {
    if (!node)
        return error(kENOMEM);
    Guard guard(directory->lock);
    if (directory->find(name) != nullptr)
        return error(kEEXIST);
    return directory->add(name, node);
}
}  // namespace

Result<void> TmpFs::make_directory(std::string_view path, uint32_t mode) {
    auto place = parent_of(path);
    if (!place)
        return error(place.error().value == kEBUSY ? kEEXIST : place.error().value);
    return add_new(place->directory, place->name.view(), make_ref<Node>(kS_IFDIR | (mode & 07777)));
}
Result<void> TmpFs::make_node(std::string_view path, uint32_t mode, uint64_t) {
    if ((mode & kS_IFMT) != kS_IFREG && (mode & kS_IFMT) != 0)
        return error(kEPERM);
    Place place = SCONE_TRY(parent_of(path));
    return add_new(place.directory, place.name.view(), make_ref<Node>(kS_IFREG | (mode & 07777)));
}
Result<void> TmpFs::symlink(std::string_view target, std::string_view path) {
    if (target.empty())
        return error(kENOENT);
    Place place = SCONE_TRY(parent_of(path));
    auto node = make_ref<Node>(kS_IFLNK | 0777u);
    if (!node || (node->target = enclave::heap_new<Path>(target)) == nullptr)
        return error(kENOMEM);
    return add_new(place.directory, place.name.view(), node);
}
Result<void> TmpFs::link(std::string_view from, std::string_view to, Follow follow) {
    Ref<Node> node = SCONE_TRY(find(from, follow, nullptr));
    if (node->is_directory())
        return error(kEPERM);
    Place place = SCONE_TRY(parent_of(to));
    SCONE_TRY(add_new(place.directory, place.name.view(), node));
    node->links++;
    return {};
}

Result<void> TmpFs::remove(std::string_view path, bool directory) {
    Place place = SCONE_TRY(parent_of(path));
    Guard guard(place.directory->lock);
    TmpEntry* entry = place.directory->find(place.name.view());
    if (entry == nullptr)
        return error(kENOENT);
    Ref<Node> node = entry->node;
    if (directory != node->is_directory())
        return error(directory ? kENOTDIR : kEISDIR);
    if (directory && !node->entries.empty())
        return error(kENOTEMPTY);
    node->links--;
    place.directory->remove(place.name.view());
    return {};
}

Result<void> TmpFs::rename(std::string_view from, std::string_view to, uint32_t flags) {
    constexpr uint32_t kNoReplace = 1;
    if (flags & ~kNoReplace)
        return error(kEINVAL);
    Place a = SCONE_TRY(parent_of(from));
    Place b = SCONE_TRY(parent_of(to));
    // A directory cannot move below itself.
    if (to.size() > from.size() && __builtin_memcmp(to.data(), from.data(), from.size()) == 0 &&
        to[from.size()] == '/')
        return error(kEINVAL);
    Node* low = a.directory.get() < b.directory.get() ? a.directory.get() : b.directory.get();
    Node* high = low == a.directory.get() ? b.directory.get() : a.directory.get();
    low->lock.lock();
    if (high != low)
        high->lock.lock();
    auto move = [&]() -> Result<void> {
        TmpEntry* source = a.directory->find(a.name.view());
        if (source == nullptr)
            return error(kENOENT);
        Ref<Node> node = source->node;
        TmpEntry* target = b.directory->find(b.name.view());
        if (target != nullptr) {
            if (flags & kNoReplace)
                return error(kEEXIST);
            if (target->node == node)
                return {};
            if (target->node->is_directory() != node->is_directory())
                return error(node->is_directory() ? kENOTDIR : kEISDIR);
            if (target->node->is_directory() && !target->node->entries.empty())
                return error(kENOTEMPTY);
            target->node->links--;
            target->node = node;
        } else {
            SCONE_TRY(b.directory->add(b.name.view(), node));
        }
        a.directory->remove(a.name.view());
        return {};
    };
    auto result = move();
    if (high != low)
        high->lock.unlock();
    low->lock.unlock();
    return result;
}

Result<void> TmpFs::change_mode(std::string_view path, uint32_t mode) {
    Ref<Node> node = SCONE_TRY(find(path, Follow::Yes, nullptr));
    node->mode = (node->mode & kS_IFMT) | (mode & 07777);
    return {};
}
Result<void> TmpFs::change_owner(std::string_view path, uint32_t user, uint32_t group,
                                 Follow follow) {
    Ref<Node> node = SCONE_TRY(find(path, follow, nullptr));
    if (user != ~0u)
        node->user = user;
    if (group != ~0u)
        node->group = group;
    return {};
}
Result<void> TmpFs::set_times(std::string_view path, const Timespec* times, Follow follow) {
    Ref<Node> node = SCONE_TRY(find(path, follow, nullptr));
    if (times == nullptr) {
        node->touch();
    } else {
        node->access_time = times[0];
        node->modify_time = times[1];
    }
    return {};
}
Result<void> TmpFs::truncate(std::string_view path, uint64_t size) {
    Ref<Node> node = SCONE_TRY(find(path, Follow::Yes, nullptr));
    if (!node->is_regular())
        return error(kEISDIR);
    Guard guard(node->lock);
    return node->resize(size);
}

}  // namespace scone::libos
