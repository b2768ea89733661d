#include "tools/oci/file_tree.h"

#include <fmt/format.h>

#include <unordered_set>

namespace scone::oci {
namespace {

constexpr int kMaxLinks = 40;  // as Linux's MAXSYMLINKS

Entry folder_entry(std::string path) {
    return {.path = std::move(path), .kind = EntryKind::Directory, .mode = 0755};
}

}  // namespace

FileTree::FileTree() : root_(std::make_unique<Node>(folder_entry(""), 0)) {}

const FileTree::Node* FileTree::walk_to(std::string_view path, bool follow_last,
                                        int& links_left) const {
    const Node* node = root_.get();
    while (!path.empty()) {
        const size_t slash = path.find('/');
        const std::string_view name = path.substr(0, slash);
        path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
        if (!node->is_folder())
            return nullptr;
        const auto child = node->children.find(name);
        if (child == node->children.end())
            return nullptr;
        const Node* next = child->second.get();
        if (next->entry.kind == EntryKind::Symlink && (follow_last || !path.empty())) {
            if (links_left-- == 0)
                return nullptr;
            // The target with ".." taken out against the folder of the link, inside the root.
            std::string target = next->entry.target.starts_with('/')
                                     ? ""
                                     : std::string(split_path(next->entry.path).first);
            std::string_view rest = next->entry.target;
            while (!rest.empty()) {
                const size_t end = rest.find('/');
                const std::string_view step = rest.substr(0, end);
                rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
                if (step == "..") {
                    // ".." after a link means the parent of what the link names.
                    const Node* here = walk_to(target, true, links_left);
                    if (here == nullptr)
                        return nullptr;
                    target = std::string(split_path(here->entry.path).first);
                } else if (!step.empty() && step != ".") {
                    target = join_path(target, step);
                }
            }
            next = walk_to(target, true, links_left);
            if (next == nullptr)
                return nullptr;
        }
        node = next;
    }
    return node;
}

const FileTree::Node* FileTree::find(std::string_view path) const {
    int links_left = kMaxLinks;
    return walk_to(path, false, links_left);
}

const FileTree::Node* FileTree::resolve(std::string_view path) const {
    int links_left = kMaxLinks;
    return walk_to(path, true, links_left);
}

FileTree::Node* FileTree::parent_for(std::string_view path, const std::string&) {
    const std::string_view folder = split_path(path).first;
    // A tar may leave out folders; the container engines make them too.
    for (size_t end = 0; end != std::string_view::npos;) {
        end = folder.find('/', end == 0 ? 0 : end + 1);
        const std::string_view part = folder.substr(0, end);
        if (part.empty())
            break;
        if (resolve(part) != nullptr)
            continue;
        const auto [above, name] = split_path(part);
        Node* parent = const_cast<Node*>(resolve(above));
        if (parent == nullptr || !parent->is_folder() || parent->children.contains(name))
            return nullptr;
        parent->children.emplace(
            name,
            std::make_unique<Node>(folder_entry(join_path(parent->entry.path, name)), next_id_++));
    }
    Node* parent = const_cast<Node*>(resolve(folder));
    return parent != nullptr && parent->is_folder() ? parent : nullptr;
}

Outcome<void> FileTree::put(const Entry& entry, const std::string& layer) {
    if (entry.path.empty()) {
        root_->entry = entry;
        return {};
    }
    Node* parent = parent_for(entry.path, layer);
    if (parent == nullptr)
        return failure(
            ExitCode::InvalidInput,
            fmt::format("{}: '{}' lies in something that is not a folder", layer, entry.path));
    const std::string_view name = split_path(entry.path).second;
    auto node = std::make_unique<Node>(entry, next_id_++);
    node->entry.path = join_path(parent->entry.path, name);
    if (entry.kind == EntryKind::Hardlink) {
        const Node* target = find(entry.target);
        if (target == nullptr || target->is_folder())
            return failure(ExitCode::InvalidInput,
                           fmt::format("{}: '{}' is a link to '{}', which is not there", layer,
                                       entry.path, entry.target));
        std::string path = std::move(node->entry.path);
        node->entry = target->entry;
        node->entry.path = std::move(path);
        node->file_id = target->file_id;
    }
    auto& slot = parent->children[std::string(name)];
    // A folder over a folder changes its attributes and keeps what it holds.
    if (slot != nullptr && slot->is_folder() && node->is_folder())
        node->children = std::move(slot->children);
    slot = std::move(node);
    return {};
}

Outcome<void> FileTree::apply(const std::vector<Entry>& layer, const std::string& name) {
    // Whiteouts concern the layers below only, wherever they stand in the tar.
    for (const Entry& entry : layer) {
        if (entry.kind == EntryKind::OpaqueWhiteout) {
            if (Node* folder = const_cast<Node*>(resolve(entry.path)))
                folder->children.clear();
        } else if (entry.kind == EntryKind::Whiteout) {
            const auto [above, removed] = split_path(entry.path);
            if (Node* folder = const_cast<Node*>(resolve(above)))
                if (const auto it = folder->children.find(removed); it != folder->children.end())
                    folder->children.erase(it);
        }
    }
    for (const Entry& entry : layer)
        if (entry.kind != EntryKind::Whiteout && entry.kind != EntryKind::OpaqueWhiteout)
            SCONE_TRY(put(entry, name));
    return {};
}

void FileTree::walk(const Node& from, const std::function<void(const Node&)>& visit) {
    visit(from);
    for (const auto& [name, child] : from.children)
        walk(*child, visit);
}

}  // namespace scone::oci
