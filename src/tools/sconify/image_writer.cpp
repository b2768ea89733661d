#include "tools/sconify/image_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/aead/host_cpu.h"
#include "lib/base/hex.h"
#include "lib/fspf_writer/writer.h"
#include "tools/oci/digest.h"

namespace scone::sconify {
namespace {

using base::Bytes;
using base::MutableBytes;
using oci::Entry;
using oci::EntryKind;
using oci::LayerBlob;
using oci::LayerWriter;
using text::ExitCode;
using text::failure;
using text::Outcome;

class SpoolSource : public fspf::ContentSource {
  public:
    SpoolSource(const oci::Spool& spool, oci::Extent extent) : spool_(spool), extent_(extent) {}
    fspf::Result<size_t> read(MutableBytes out) override {
        const auto count =
            static_cast<size_t>(std::min<uint64_t>(out.size(), extent_.size - offset_));
        if (auto ok = spool_.read(extent_, offset_, out.first(count)); !ok)
            return fspf::fail(fspf::ErrorCode::Host, "the temporary file cannot be read");
        offset_ += count;
        return count;
    }

  private:
    const oci::Spool& spool_;
    oci::Extent extent_;
    uint64_t offset_ = 0;
};

class TextSource : public fspf::ContentSource {
  public:
    explicit TextSource(std::string_view text) : rest_(base::as_bytes(text)) {}
    fspf::Result<size_t> read(MutableBytes out) override {
        const size_t count = std::min(out.size(), rest_.size());
        base::copy_bytes(out, rest_.first(count));
        rest_ = rest_.subspan(count);
        return count;
    }

  private:
    Bytes rest_;
};

class LayerSink : public fspf::ContentSink {
  public:
    explicit LayerSink(LayerWriter& writer) : writer_(writer) {}
    fspf::Result<void> write(Bytes bytes) override {
        if (auto ok = writer_.write_content(bytes); !ok) {
            error = ok.error();
            return fspf::fail(fspf::ErrorCode::Host, "the layer cannot be written");
        }
        return {};
    }
    fspf::Result<void> skip(uint64_t) override {
        return fspf::fail(fspf::ErrorCode::Host, "no holes were asked for");
    }
    std::optional<text::Failure> error;

  private:
    LayerWriter& writer_;
};

fspf::Attributes attributes_of(const Entry& entry) {
    return {.mode = static_cast<uint16_t>(entry.mode & 07777),
            .uid = entry.uid,
            .gid = entry.gid,
            .modified = {.seconds = entry.mtime, .nanoseconds = entry.mtime_ns}};
}

class LayersWriter {
  public:
    LayersWriter(const NativeImage& image, const RegionPlan& regions)
        : image_(image), regions_(regions) {}

    Outcome<void> open(const Options& options) {
        std::optional<fspf::Key> seed;
        if (options.key_seed) {
            seed.emplace();
            if (!base::hex_decode(*options.key_seed, seed->expose_mutable()))
                return failure(ExitCode::Usage, "option '--key-seed' expects 64 hex digits");
        }
        auto writer = fspf::Writer::create(aead::host_cipher(), seed);
        if (!writer)
            return problem(writer.error(), "the file system protection file");
        fspf_ = std::move(*writer);
        // Outer regions before the ones inside them.
        for (auto region = regions_.regions().rbegin(); region != regions_.regions().rend();
             ++region)
            if (auto ok = fspf_->add_region(region->path, region->kind, region->protection,
                                            region->backing);
                !ok)
                return problem(ok.error(), region->path);
        return {};
    }

    Outcome<void> add(const PlannedFile& file, LayerWriter& layer) {
        switch (file.entry.kind) {
            case EntryKind::Regular:
                return add_regular(file, layer);
            case EntryKind::Directory:
                if (!file.seen_as.empty())
                    SCONE_TRY(checked(fspf_->add_directory(file.seen_as, attributes_of(file.entry)),
                                      file.seen_as));
                break;
            case EntryKind::Symlink:
                if (!file.seen_as.empty())
                    SCONE_TRY(checked(fspf_->add_symlink(file.seen_as, attributes_of(file.entry),
                                                         file.entry.target),
                                      file.seen_as));
                break;
            default:
                break;
        }
        return file.in_layer ? layer.add(file.entry) : Outcome<void>{};
    }

    Outcome<fspf::SealedFspf> finish() {
        auto sealed = fspf_->finish();
        if (!sealed)
            return problem(sealed.error(), "the file system protection file");
        return std::move(*sealed);
    }

    uint64_t encrypted_files = 0, authenticated_files = 0;

  private:
    struct Seen {
        std::string in_layer, in_fspf;
    };

    std::unexpected<text::Failure> problem(const fspf::Error& error, std::string_view where) {
        return failure(
            error.code == fspf::ErrorCode::Host ? ExitCode::Failed : ExitCode::InvalidInput,
            fmt::format("cannot protect '{}': {}", where, error.text));
    }
    Outcome<void> checked(const fspf::Result<void>& result, std::string_view where) {
        if (!result)
            return problem(result.error(), where);
        return {};
    }

    Outcome<void> add_regular(const PlannedFile& file, LayerWriter& layer) {
        // Further names of a file that was written: links, if they are of the same region.
        if (file.node != nullptr) {
            const Region& region = regions_.region_of(file.node->entry.path);
            Seen& first = seen_[{file.node->file_id, region.path}];
            if (!first.in_layer.empty() && file.in_layer) {
                Entry link = file.entry;
                link.kind = EntryKind::Hardlink;
                link.target = first.in_layer;
                SCONE_TRY(layer.add(link));
                if (!file.seen_as.empty())
                    SCONE_TRY(
                        checked(fspf_->add_hard_link(file.seen_as, first.in_fspf), file.seen_as));
                return {};
            }
            first = {file.in_layer ? file.entry.path : "", file.seen_as};
        }
        const uint64_t size =
            file.node != nullptr ? file.node->entry.content.size : file.made.size();
        if (file.in_layer)
            SCONE_TRY(layer.begin_file(file.entry, size));
        std::unique_ptr<fspf::ContentSource> source;
        if (file.node != nullptr)
            source = std::make_unique<SpoolSource>(*image_.spool, file.node->entry.content);
        else
            source = std::make_unique<TextSource>(file.made);
        LayerSink sink(layer);
        if (file.seen_as.empty())
            return copy_unprotected(*source, layer);
        const bool encrypted =
            regions_.region_of(std::string_view(file.seen_as).substr(1)).protection ==
            fspf::Protection::Encrypted;
        ++(encrypted ? encrypted_files : authenticated_files);
        const auto added = fspf_->add_file(file.seen_as, attributes_of(file.entry), size, *source,
                                           file.in_layer ? &sink : nullptr);
        if (!added && sink.error)
            return std::unexpected(*sink.error);
        return checked(added, file.seen_as);
    }

    Outcome<void> copy_unprotected(fspf::ContentSource& source, LayerWriter& layer) {
        std::vector<uint8_t> block(64 * 1024);
        while (true) {
            const auto count = source.read(block);
            if (!count)
                return failure(ExitCode::Failed, count.error().text);
            if (*count == 0)
                return {};
            SCONE_TRY(layer.write_content(Bytes(block).first(*count)));
        }
    }

    const NativeImage& image_;
    const RegionPlan& regions_;
    std::unique_ptr<fspf::Writer> fspf_;
    std::map<std::pair<uint64_t, std::string>, Seen> seen_;  // by file and region
};

Entry made_entry(std::string path, uint32_t mode, int64_t time) {
    return {.path = std::move(path), .mode = mode, .mtime = time};
}

// /opt/scone, and the starter in the program's place.
Outcome<void> add_runtime(LayerWriter& layer, const Program& program, const RuntimeFiles& runtime,
                          const EnclaveFiles& enclave, int64_t time) {
    for (const char* folder : {"opt", "opt/scone"})
        SCONE_TRY(
            layer.add({.path = folder, .kind = EntryKind::Directory, .mode = 0755, .mtime = time}));
    const std::string program_path = program.path.substr(1);
    SCONE_TRY(layer.add_file(made_entry("opt/scone/starter", 0755, time), runtime.starter));
    SCONE_TRY(
        layer.add_file(made_entry("opt/scone/enclave.img", 0644, time), runtime.enclave_image));
    SCONE_TRY(layer.add_file(made_entry("opt/scone/settings", 0644, time), enclave.settings));
    SCONE_TRY(layer.add_file(made_entry("opt/scone/sigstruct", 0644, time), enclave.sigstruct));
    SCONE_TRY(layer.add_file(made_entry("opt/scone/plans", 0644, time), enclave.plans));
    Entry starter = made_entry(program_path, 0755, time);
    starter.kind = EntryKind::Hardlink;
    starter.target = "opt/scone/starter";
    return layer.add(starter);
}

bool hides(const std::vector<std::string>& folders, std::string_view path) {
    return std::ranges::any_of(folders, [&](const std::string& folder) {
        return oci::is_within(path, folder.substr(1)) && path != folder.substr(1);
    });
}

// A member's place in the finished tree: its folder may be a link there (/lib -> usr/lib).
std::string real_path(const NativeImage& image, const std::string& path) {
    const auto [folder, name] = oci::split_path(path);
    const Node* parent = image.tree.resolve(folder);
    return parent != nullptr ? oci::join_path(parent->entry.path, name) : path;
}

bool is_protected(const NativeImage& image, const std::vector<std::string>& folders,
                  const std::string& path) {
    return hides(folders, path) || hides(folders, real_path(image, path));
}

// A layer of the native image without what lies below the protected folders.
Outcome<void> rewrite_layer(const NativeImage& image, size_t index,
                            const std::vector<std::string>& folders, oci::ImageBuilder& builder) {
    return builder.add_layer([&](LayerWriter& layer, LayerBlob&) -> Outcome<void> {
        for (const Entry& entry : image.layers[index]) {
            if (is_protected(image, folders, entry.path))
                continue;
            if (entry.kind == EntryKind::Hardlink && is_protected(image, folders, entry.target))
                return failure(ExitCode::Unsupported,
                               fmt::format("'/{}' is another name of the protected file '/{}'",
                                           entry.path, entry.target),
                               {}, "protect its folder too, or leave out --base=native");
            SCONE_TRY(entry.kind == EntryKind::Regular ? layer.add_file(entry, *image.spool)
                                                       : layer.add(entry));
        }
        return {};
    });
}

Outcome<void> add_base_layers(const NativeImage& image, const Options& options,
                              oci::ImageBuilder& builder) {
    if (options.base == Base::Image) {
        const oci::ImageSource base = SCONE_TRY(oci::open_image(*options.base_image));
        for (size_t i = 0; i < base.layers.size(); ++i)
            SCONE_TRY(builder.add_layer_of(base, i));
    }
    if (options.base != Base::Native)
        return {};
    for (size_t i = 0; i < image.layers.size(); ++i) {
        const bool has_secrets = std::ranges::any_of(image.layers[i], [&](const Entry& entry) {
            return is_protected(image, options.encrypted_folders, entry.path);
        });
        SCONE_TRY(has_secrets ? rewrite_layer(image, i, options.encrypted_folders, builder)
                              : builder.add_layer_of(image.source, i));
    }
    return {};
}

}  // namespace

Outcome<SealedImage> write_layers(const NativeImage& image, const Program& program,
                                  const LayerPlan& plan, const RegionPlan& regions,
                                  const RuntimeFiles& runtime, const EnclaveFiles& enclave,
                                  const Options& options, oci::ImageBuilder& builder) {
    const int64_t time = seconds_of(image.config().created);
    LayersWriter files(image, regions);
    SCONE_TRY(files.open(options));
    SCONE_TRY(add_base_layers(image, options, builder));
    if (options.base != Base::Native)
        SCONE_TRY(builder.add_layer([&](LayerWriter& layer, LayerBlob&) -> Outcome<void> {
            for (const auto& [path, file] : plan.clear)
                SCONE_TRY(files.add(file, layer));
            return {};
        }));
    std::optional<fspf::SealedFspf> sealed;
    SCONE_TRY(builder.add_layer([&](LayerWriter& layer, LayerBlob& blob) -> Outcome<void> {
        if (options.base == Base::Native)
            for (const auto& [path, file] : plan.clear)
                SCONE_TRY(files.add(file, layer));
        SCONE_TRY(add_runtime(layer, program, runtime, enclave, time));
        // Cipher text does not compress: looking for matches in it would only take time.
        SCONE_TRY(blob.set_packing(oci::Packing::Store));
        for (const auto& [path, file] : plan.protected_)
            SCONE_TRY(files.add(file, layer));
        sealed = SCONE_TRY(files.finish());
        return layer.add_file(made_entry("fspf/fs.fspf", 0644, time), sealed->bytes);
    }));
    SealedImage out{.encrypted_files = files.encrypted_files,
                    .authenticated_files = files.authenticated_files};
    out.fspf_key.resize(2 * fspf::kKeySize);
    out.fspf_tag.resize(2 * fspf::kTagSize);
    base::hex_encode(sealed->key.expose(), out.fspf_key);
    base::hex_encode(sealed->tag, out.fspf_tag);
    return out;
}

}  // namespace scone::sconify
