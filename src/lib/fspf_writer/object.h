// One file, directory or symbolic link while a file system is being built.
//
// Side: hosted
#pragma once

#include "lib/fspf_writer/writer.h"

namespace scone::fspf {

struct Writer::Object {
    FileType type = FileType::Regular;
    Protection protection = Protection::Authenticated;
    Attributes attributes;
    uint64_t size = 0;
    std::string link_target;
    Key content_key;
    std::vector<BlockEntry> blocks;
    std::map<std::string, std::shared_ptr<Object>, std::less<>> children;

    // Given at the end, when the tree is complete.
    uint64_t id = 0;
    uint32_t link_count = 0;
    TagTree tags;
};

}  // namespace scone::fspf
