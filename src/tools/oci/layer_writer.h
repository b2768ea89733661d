// Writes the tar stream of one layer.
//
// Side:    host
// Layout:  pax (extended headers only where ustar cannot say it); members as they are given; the
//          same entries give the same bytes
// Errors:  Failed, and those of the sink
// Source:  OCI image specification, "Image Layer Filesystem Changeset"
#pragma once

#include <functional>

#include "tools/oci/archive_unsafe.h"
#include "tools/oci/entry.h"
#include "tools/oci/stream.h"

namespace scone::oci {

class LayerWriter {
  public:
    // Fills `out` with the file's bytes from `offset` on.
    using Reader = std::function<Outcome<void>(uint64_t offset, MutableBytes out)>;

    // The sink must outlive the writer and is not finished by it.
    static Outcome<std::unique_ptr<LayerWriter>> open(ByteSink& sink);

    // Every kind but a regular file with content. Whiteouts get their names in the tar here.
    Outcome<void> add(const Entry& entry);
    // A regular file of `size` bytes; entry.content is not used.
    Outcome<void> add_file(const Entry& entry, uint64_t size, const Reader& reader);
    Outcome<void> add_file(const Entry& entry, Bytes content);
    Outcome<void> add_file(const Entry& entry, const Spool& spool);
    // A regular file whose `size` bytes follow by write_content(), in pieces, before the next call
    // of another function.
    Outcome<void> begin_file(const Entry& entry, uint64_t size);
    Outcome<void> write_content(Bytes piece);
    Outcome<void> finish();

  private:
    explicit LayerWriter(ByteSink& sink) : bridge_{sink} {}
    Outcome<void> put_header(const Entry& entry, uint64_t size);

    Utf8Locale locale_;
    WriteBridge bridge_;
    ArchiveWriter writer_;
    std::vector<uint8_t> buffer_ = std::vector<uint8_t>(256 * 1024);
};

}  // namespace scone::oci
