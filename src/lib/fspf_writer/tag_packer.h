// Writes the block entries of files: small files share a tag leaf, larger ones get a tree.
//
// Side: hosted
#pragma once

#include "lib/fspf_writer/object.h"
#include "lib/fspf_writer/page_writer.h"

namespace scone::fspf {

class TagPacker {
  public:
    explicit TagPacker(PageWriter& pages) : pages_(pages) {}

    // Sets object.tags, at flush() at the latest. Preconditions: the object lives until then.
    void add(Writer::Object& object);
    void flush();

  private:
    PageRef write_leaf(std::span<const BlockEntry> entries);
    PageRef write_inner(unsigned level, std::span<const PageRef> children);

    PageWriter& pages_;
    std::vector<BlockEntry> shared_;
    std::vector<Writer::Object*> waiting_;
};

}  // namespace scone::fspf
