// A folder of blobs named by their digests, as in an OCI layout.
//
// Side:    host
// Layout:  FOLDER/blobs/sha256/HEX
// Errors:  NotFound (no such blob), Integrity (size or digest is not what the name says), Failed
// Threads: several may read; one writes
#pragma once

#include <memory>

#include "tools/oci/gzip.h"
#include "tools/oci/manifest.h"
#include "tools/oci/stream.h"

namespace scone::oci {

class BlobStore {
  public:
    explicit BlobStore(std::string folder) : folder_(std::move(folder)) {}
    Outcome<void> create() const;

    const std::string& folder() const { return folder_; }
    std::string path_of(const Digest& digest) const;

    // Checked while it is read: the error comes in place of the end.
    Outcome<std::unique_ptr<ByteSource>> open(const Descriptor& blob) const;
    Outcome<std::string> read(const Descriptor& blob, size_t limit) const;
    Outcome<Descriptor> put(std::string_view content, const char* media_type) const;

  private:
    std::string folder_;
};

enum class LayerPacking { Gzip, None };

// Takes the tar bytes of a new layer: hashes them, packs them, hashes the result and stores it.
class LayerBlob : public ByteSink {
  public:
    struct Stored {
        Descriptor blob;
        Digest diff_id;
    };
    static Outcome<std::unique_ptr<LayerBlob>> create(const BlobStore& store, LayerPacking packing);
    ~LayerBlob() override;

    Outcome<void> write(Bytes data) override;
    Outcome<void> finish() override;
    // Takes effect at the next write(); without effect when the layer is not packed.
    Outcome<void> set_packing(Packing packing);
    // Preconditions: finish() succeeded.
    const Stored& stored() const { return *stored_; }

  private:
    class Tail;
    LayerBlob(const BlobStore& store, LayerPacking packing) : store_(store), packing_(packing) {}

    const BlobStore& store_;
    LayerPacking packing_;
    std::string partial_path_;
    Tail* tail_ = nullptr;      // hashes and counts the stored bytes; owned by out_
    GzipSink* gzip_ = nullptr;  // owned by out_; null when not packed
    std::unique_ptr<ByteSink> out_;
    Sha256Stream diff_hash_;
    std::optional<Stored> stored_;
};

}  // namespace scone::oci
