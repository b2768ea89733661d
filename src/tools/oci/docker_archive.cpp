#include "tools/oci/docker_archive.h"

#include <fmt/format.h>

#include <map>

#include "tools/oci/archive_unsafe.h"
#include "tools/oci/layer_writer.h"

namespace scone::oci {
namespace {

constexpr size_t kMaxMembers = 10'000;

// Unpacks the members into files with numbers for names; the members' names are never paths.
class Unpacker {
  public:
    Unpacker(ByteSource& tar, const TemporaryFolder& folder, const std::string& name)
        : bridge_{tar}, folder_(folder), name_(name) {}

    Outcome<void> run() {
        const Utf8Locale locale;
        reader_.reset(archive_read_new());
        archive_read_support_format_tar(reader_.get());
        if (archive_read_open(reader_.get(), &bridge_, nullptr, ReadBridge::read, nullptr) !=
            ARCHIVE_OK)
            return problem();
        archive_entry* header = nullptr;
        while (true) {
            const int status = archive_read_next_header(reader_.get(), &header);
            if (status == ARCHIVE_EOF)
                return drain(bridge_.source);
            if (status < ARCHIVE_WARN)
                return problem();
            if (++count_ > kMaxMembers)
                return failure(ExitCode::InvalidInput,
                               fmt::format("'{}' has more than {} members", name_, kMaxMembers));
            SCONE_TRY(take(header));
        }
    }

    // The file that holds the member; links are followed.
    Outcome<std::string> file_of(std::string_view unsafe_member) const {
        auto member = normal_path(unsafe_member);
        for (int step = 0; member && step < 8; ++step) {
            if (const auto file = files_.find(*member); file != files_.end())
                return file->second;
            const auto link = links_.find(*member);
            if (link == links_.end())
                break;
            member = link->second;
        }
        return failure(ExitCode::InvalidInput,
                       fmt::format("'{}' has no member '{}'", name_, unsafe_member), {},
                       "make the archive with docker save or skopeo copy");
    }

  private:
    std::unexpected<text::Failure> problem() {
        return std::unexpected(archive_failure(reader_.get(), bridge_.error, ExitCode::InvalidInput,
                                               fmt::format("'{}' is not a docker archive", name_)));
    }

    Outcome<void> take(archive_entry* header) {
        const char* unsafe_path = archive_entry_pathname(header);
        const auto path = normal_path(unsafe_path != nullptr ? unsafe_path : "..");
        if (!path)
            return failure(ExitCode::InvalidInput,
                           fmt::format("'{}' has a member with a name that leaves it", name_));
        if (archive_entry_filetype(header) == AE_IFLNK ||
            archive_entry_hardlink(header) != nullptr) {
            take_link(*path, header);
            return {};
        }
        if (archive_entry_filetype(header) != AE_IFREG)
            return {};
        const std::string file = fmt::format("{}/{}", folder_.path(), count_);
        FileHandle out = SCONE_TRY(create_file(file, 0600));
        const void* data = nullptr;
        size_t count = 0;
        la_int64_t offset = 0;
        while (true) {
            const int status = archive_read_data_block(reader_.get(), &data, &count, &offset);
            if (status == ARCHIVE_EOF)
                break;
            if (status < ARCHIVE_WARN)
                return problem();
            SCONE_TRY(write_fully(out.get(), {static_cast<const uint8_t*>(data), count}, file));
        }
        files_[*path] = file;
        return {};
    }

    // A layer that occurs twice is a link: "../OTHER/layer.tar", relative to the link's folder.
    void take_link(const std::string& path, archive_entry* header) {
        if (const char* hard = archive_entry_hardlink(header)) {
            if (auto target = normal_path(hard))
                links_[path] = *target;
            return;
        }
        const char* words = archive_entry_symlink(header);
        std::string_view target = words != nullptr ? words : "";
        std::string_view folder = split_path(path).first;
        while (target.starts_with("../") && !folder.empty()) {
            target.remove_prefix(3);
            folder = split_path(folder).first;
        }
        if (auto normal = normal_path(join_path(folder, target)))
            links_[path] = *normal;
    }

    ReadBridge bridge_;
    const TemporaryFolder& folder_;
    const std::string& name_;
    ArchiveReader reader_;
    size_t count_ = 0;
    std::map<std::string, std::string, std::less<>> files_;
    std::map<std::string, std::string, std::less<>> links_;
};

// "docker.io/library/app" and "app:latest" are the same image.
std::string familiar_name(std::string_view reference) {
    for (const std::string_view prefix : {"docker.io/library/", "docker.io/"})
        if (reference.starts_with(prefix)) {
            reference.remove_prefix(prefix.size());
            break;
        }
    return with_tag(reference);
}

Outcome<Json> choose_image(const std::string& manifest, const std::string& reference,
                           const std::string& name) {
    // parse_json_object expects an object; this file is a list.
    const Json top =
        SCONE_TRY(parse_json_object(fmt::format("{{\"images\":{}}}", manifest), "manifest.json"));
    const std::vector<Json> images = SCONE_TRY(get_objects(top, "images"));
    std::string seen;
    for (const Json& image : images) {
        for (const std::string& tag : SCONE_TRY(get_texts(image, "RepoTags"))) {
            seen += fmt::format(" {}", tag);
            if (!reference.empty() && familiar_name(tag) == familiar_name(reference))
                return image;
        }
    }
    if (images.size() == 1 && reference.empty())
        return images[0];
    return failure(reference.empty() ? ExitCode::Usage : ExitCode::NotFound,
                   reference.empty() ? fmt::format("'{}' holds {} images", name, images.size())
                                     : fmt::format("no image '{}' in '{}'", reference, name),
                   {}, fmt::format("docker-archive:FILE:NAME with one of:{}", seen));
}

bool is_hex_digest(std::string_view text) {
    return Digest::parse(fmt::format("sha256:{}", text)).has_value();
}

}  // namespace

Outcome<ImageSource> open_docker_archive(ByteSource& tar, const std::string& reference,
                                         const std::string& name) {
    TemporaryFolder folder = SCONE_TRY(TemporaryFolder::create_in_temp());
    Unpacker members(tar, folder, name);
    SCONE_TRY(members.run());
    const std::string manifest =
        SCONE_TRY(read_file(SCONE_TRY(members.file_of("manifest.json")), kMaxManifestSize));
    const Json image = SCONE_TRY(choose_image(manifest, reference, name));
    const std::string config_member = SCONE_TRY(get_text(image, "Config"));
    const std::string config =
        SCONE_TRY(read_file(SCONE_TRY(members.file_of(config_member)), kMaxConfigSize));
    // The configuration is named by its digest ("HEX.json", "blobs/sha256/HEX").
    std::string_view stem = split_path(config_member).second;
    if (stem.ends_with(".json"))
        stem.remove_suffix(5);
    if (is_hex_digest(stem) && Digest::of(base::as_bytes(config)).hex() != stem)
        return failure(
            ExitCode::Integrity,
            fmt::format("the configuration '{}' is damaged: its digest is another", config_member));
    ImageSource out{.config = SCONE_TRY(ImageConfig::parse(config)),
                    .annotations = Json::object(),
                    .layers = {},
                    .folder = std::nullopt};
    const std::vector<std::string> layers = SCONE_TRY(get_texts(image, "Layers"));
    if (layers.size() != out.config.diff_ids.size() || layers.size() > kMaxLayers)
        return failure(ExitCode::InvalidInput,
                       fmt::format("manifest.json names {} layers, the configuration {}",
                                   layers.size(), out.config.diff_ids.size()));
    for (size_t i = 0; i < layers.size(); ++i)
        out.layers.push_back(
            {.path = SCONE_TRY(members.file_of(layers[i])),
             .packed = std::nullopt,
             .diff_id = out.config.diff_ids[i],
             .name = fmt::format("layer {} of {} ({})", i + 1, layers.size(), layers[i])});
    out.folder = std::move(folder);
    return out;
}

Outcome<void> write_docker_archive(ByteSink& out, const BlobStore& store,
                                   const std::string& config_json,
                                   const std::vector<LayerBlob::Stored>& layers,
                                   const std::string& reference) {
    auto writer = SCONE_TRY(LayerWriter::open(out));
    const std::string config_name =
        fmt::format("{}.json", Digest::of(base::as_bytes(config_json)).hex());
    SCONE_TRY(writer->add_file({.path = config_name}, base::as_bytes(config_json)));
    Json names = Json::array();
    std::map<std::string, bool> written;
    for (const LayerBlob::Stored& layer : layers) {
        const std::string name = fmt::format("{}.tar", layer.diff_id.hex());
        names.push_back(name);
        if (std::exchange(written[name], true))
            continue;
        auto blob = SCONE_TRY(store.open(layer.blob));
        SCONE_TRY(writer->add_file(
            {.path = name}, layer.blob.size, [&](uint64_t, MutableBytes piece) -> Outcome<void> {
                while (!piece.empty()) {
                    const size_t count = SCONE_TRY(blob->read(piece));
                    if (count == 0)
                        return failure(ExitCode::Integrity, "a layer became shorter");
                    piece = piece.subspan(count);
                }
                return {};
            }));
        SCONE_TRY(drain(*blob));
    }
    Json image = {{"Config", config_name}, {"RepoTags", Json::array()}, {"Layers", names}};
    if (!reference.empty())
        image["RepoTags"].push_back(with_tag(reference));
    const std::string manifest = json_text(Json::array({image}));
    SCONE_TRY(writer->add_file({.path = "manifest.json"}, base::as_bytes(manifest)));
    SCONE_TRY(writer->finish());
    return out.finish();
}

}  // namespace scone::oci
