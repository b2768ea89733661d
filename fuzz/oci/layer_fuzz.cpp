// A layer's tar: what is read must apply to a file tree without leaving it.
#include "fuzz/oci/bytes_source.h"
#include "tools/oci/file_tree.h"
#include "tools/oci/layer_reader.h"

using namespace scone::oci;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto spool = Spool::create();
    if (!spool)
        return 0;
    BytesSource source({data, size});
    const auto entries =
        read_layer(source, **spool, {.max_members = 1000, .max_bytes = 1 << 20}, "layer");
    if (!entries)
        return 0;
    FileTree tree;
    if (!tree.apply(*entries, "layer"))
        return 0;
    FileTree::walk(tree.root(), [](const FileTree::Node& node) {
        if (normal_path(node.entry.path) != node.entry.path)
            __builtin_trap();
    });
    return 0;
}
