// The file system that an image's layers make together.
//
// Side:    host
// Errors:  InvalidInput (a hardlink to nothing, a file where a folder must be, too many links)
// Source:  OCI image specification, "Applying Changesets"; "Whiteouts"
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "tools/oci/entry.h"

namespace scone::oci {

class FileTree {
  public:
    struct Node {
        Entry entry;       // entry.path is the node's path; never a hardlink or whiteout
        uint64_t file_id;  // equal for the names of one hardlinked file
        std::map<std::string, std::unique_ptr<Node>, std::less<>> children = {};

        bool is_folder() const { return entry.kind == EntryKind::Directory; }
    };

    FileTree();
    // Applies a layer on top of what is there.
    Outcome<void> apply(const std::vector<Entry>& layer, const std::string& name);

    // The node at this path in normal form, without following the last symbolic link; links in
    // the folders are followed, inside the root. nullptr when there is none.
    const Node* find(std::string_view path) const;
    // The node after following symbolic links to the end, at most 40 of them.
    const Node* resolve(std::string_view path) const;
    const Node& root() const { return *root_; }
    // Every node below `from` and itself, folders before their content, names in byte order.
    static void walk(const Node& from, const std::function<void(const Node&)>& visit);

  private:
    const Node* walk_to(std::string_view path, bool follow_last, int& links_left) const;
    Node* parent_for(std::string_view path, const std::string& layer);
    Outcome<void> put(const Entry& entry, const std::string& layer);

    std::unique_ptr<Node> root_;
    uint64_t next_id_ = 1;
};

}  // namespace scone::oci
