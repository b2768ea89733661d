// Which files of the native image go into the converted one.
//
// Side:   host
// Errors: NotFound (a path that was asked for is not in the image), Usage (a link where a folder
// was
//         asked for)
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/sconify/program.h"

namespace scone::sconify {

using Node = oci::FileTree::Node;

class FileSet {
  public:
    explicit FileSet(const oci::FileTree& tree) : tree_(tree) {}

    // The node at this path and every link and folder on the way to it. False when there is none.
    bool add_path(std::string_view absolute_path);
    // A folder with everything below it, and the files that links in it lead to.
    bool add_tree(std::string_view absolute_path);

    // By path in normal form; folders before their content.
    const std::map<std::string, const Node*>& nodes() const { return nodes_; }

  private:
    void add_node(const Node& node);
    const oci::FileTree& tree_;
    std::map<std::string, const Node*> nodes_;
};

struct Collected {
    FileSet files;
    std::vector<std::string>
        library_folders;  // where the program's libraries lie, for LD_LIBRARY_PATH
    std::vector<std::string> warnings;
};

// By the options: program, loader, shared objects, service libraries, --dir, --plain, what name
// services and TLS need; or, for --base=native, everything.
text::Outcome<Collected> collect_files(const NativeImage& image, const Program& program,
                                       const Options& options);

}  // namespace scone::sconify
