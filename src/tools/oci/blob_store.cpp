#include "tools/oci/blob_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace scone::oci {

Outcome<void> BlobStore::create() const {
    return make_directories(folder_ + "/blobs/sha256");
}

std::string BlobStore::path_of(const Digest& digest) const {
    return fmt::format("{}/blobs/sha256/{}", folder_, digest.hex());
}

Outcome<std::unique_ptr<ByteSource>> BlobStore::open(const Descriptor& blob) const {
    auto file = open_for_reading(path_of(blob.digest));
    if (!file)
        return failure(file.error().exit_code,
                       fmt::format("blob {} is missing in '{}'", blob.digest.text(), folder_));
    return std::make_unique<CheckingSource>(
        std::make_unique<FileSource>(std::move(*file), blob.digest.text()), blob.digest, blob.size,
        fmt::format("blob {}", blob.digest.text()));
}

Outcome<std::string> BlobStore::read(const Descriptor& blob, size_t limit) const {
    auto source = SCONE_TRY(open(blob));
    return read_all(*source, limit, fmt::format("blob {}", blob.digest.text()));
}

Outcome<Descriptor> BlobStore::put(std::string_view content, const char* media_type) const {
    const Descriptor blob{.media_type = media_type,
                          .digest = Digest::of(base::as_bytes(content)),
                          .size = content.size()};
    SCONE_TRY(replace_file(path_of(blob.digest), base::as_bytes(content)));
    return blob;
}

// The last sink of a layer: a file whose digest becomes its name.
class LayerBlob::Tail : public ByteSink {
  public:
    Tail(FileHandle file, const std::string& path) : file_(std::move(file), path) {}
    Outcome<void> write(Bytes data) override {
        hash_.update(data);
        size_ += data.size();
        return file_.write(data);
    }
    Outcome<void> finish() override {
        digest_ = hash_.finish();
        return file_.finish();
    }
    uint64_t size() const { return size_; }
    const Digest& digest() const { return *digest_; }

  private:
    FileSink file_;
    Sha256Stream hash_;
    uint64_t size_ = 0;
    std::optional<Digest> digest_;
};

Outcome<std::unique_ptr<LayerBlob>> LayerBlob::create(const BlobStore& store,
                                                      LayerPacking packing) {
    std::unique_ptr<LayerBlob> self(new LayerBlob(store, packing));
    std::string path = store.folder() + "/layer-XXXXXX";
    FileHandle file(::mkostemp(path.data(), O_CLOEXEC));
    if (!file)
        return failure(ExitCode::Failed, fmt::format("cannot create a file in '{}': {}",
                                                     store.folder(), std::strerror(errno)));
    self->partial_path_ = path;
    auto tail = std::make_unique<Tail>(std::move(file), path);
    self->tail_ = tail.get();
    if (packing == LayerPacking::Gzip) {
        auto gzip = std::make_unique<GzipSink>(std::move(tail));
        self->gzip_ = gzip.get();
        self->out_ = std::move(gzip);
    } else {
        self->out_ = std::move(tail);
    }
    return self;
}

LayerBlob::~LayerBlob() {
    if (!partial_path_.empty())
        ::unlink(partial_path_.c_str());
}

Outcome<void> LayerBlob::write(Bytes data) {
    diff_hash_.update(data);
    return out_->write(data);
}

Outcome<void> LayerBlob::set_packing(Packing packing) {
    return gzip_ != nullptr ? gzip_->set_packing(packing) : Outcome<void>{};
}

Outcome<void> LayerBlob::finish() {
    SCONE_TRY(out_->finish());
    stored_ = Stored{.blob = {.media_type = packing_ == LayerPacking::Gzip ? media::kLayerGzip
                                                                           : media::kLayerTar,
                              .digest = tail_->digest(),
                              .size = tail_->size()},
                     .diff_id = diff_hash_.finish()};
    const std::string path = store_.path_of(stored_->blob.digest);
    if (::chmod(partial_path_.c_str(), 0644) != 0 ||
        std::rename(partial_path_.c_str(), path.c_str()) != 0)
        return failure(ExitCode::Failed,
                       fmt::format("cannot put a layer at '{}': {}", path, std::strerror(errno)));
    partial_path_.clear();
    return {};
}

}  // namespace scone::oci
