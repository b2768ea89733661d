#include "lib/policy/part_parsers.h"
#include "lib/policy/variables.h"

namespace scone::policy {
namespace {

constexpr std::pair<std::string_view, VolumeUpdate> kVolumeUpdates[] = {
    {"rollback_protected", VolumeUpdate::RollbackProtected},
    {"ephemeral", VolumeUpdate::Ephemeral},
    {"no_rollback_protection", VolumeUpdate::NoRollbackProtection},
};

constexpr std::pair<std::string_view, bool> kFileProtections[] = {
    {"encrypted", false},
    {"authenticated-only", true},
};

// A simple target, or {to, update_policy, volume_alias}.
VolumeExport parse_volume_export(ParseContext& context, const text::Node& node) {
    VolumeExport out;
    if (!node.is_mapping() || !node.find("to")) {
        out.to = parse_export_target(context, node);
    } else {
        MappingReader reader(context, node, "'export'");
        if (const text::Node* to = reader.take("to"))
            out.to = parse_export_target(context, *to);
        if (const text::Node* update = reader.take("update_policy", {0, 3, 2})) {
            if (auto value = word_of(context, *update, "'update_policy'", kVolumeUpdates))
                out.update = *value;
        }
        out.alias = reader.text("volume_alias", {0, 3, 10}).value_or("");
        reader.finish();
    }
    if (!out.to.namespace_name.empty() || !out.to.cas_url.empty())
        context.error(node.at, "a volume is exported to a session of this CAS only");
    return out;
}

VolumeImport parse_volume_import(ParseContext& context, const text::Node& node,
                                 const std::string& name) {
    VolumeImport import;
    import.at = node.at;
    if (node.is_scalar()) {
        ExportTarget source = parse_export_target(context, node);
        import.session = source.session;
        import.session_hash = source.session_hash;
        import.volume = name;
        return import;
    }
    MappingReader reader(context, node, "'import'");
    import.session = reader.required_text("session");
    import.volume = reader.text("volume").value_or(name);
    if (const text::Node* hash = reader.take("session_hash"))
        import.session_hash = context.hex_of(*hash, "'session_hash'", 32).value_or("");
    reader.finish();
    return import;
}

VolumeRule parse_volume(ParseContext& context, const text::Node& node) {
    VolumeRule volume;
    volume.at = node.at;
    MappingReader reader(context, node, "volume");
    volume.name = reader.required_text("name");
    if (const text::Node* files = reader.take("files", {0, 3, 11}))
        volume.authenticated_only =
            word_of(context, *files, "'files'", kFileProtections).value_or(false);
    if (const text::Node* key = reader.take("fspf_key")) {
        if (key->is_scalar() && has_placeholder(key->text)) {
            context.require({0, 3, 5}, key->at, "a variable in 'fspf_key'");
            volume.fspf_key = key->text;
        } else {
            volume.fspf_key = context.hex_of(*key, "'fspf_key'", 32);
        }
    }
    if (const text::Node* tag = reader.take("fspf_tag"))
        volume.fspf_tag = context.hex_of(*tag, "'fspf_tag'", 16);
    if (const text::Node* exports = reader.take("export")) {
        if (exports->is_sequence()) {
            for (const text::Node* item : context.items_of(*exports, "'export'"))
                volume.exports.push_back(parse_volume_export(context, *item));
        } else {
            volume.exports.push_back(parse_volume_export(context, *exports));
        }
    }
    if (const text::Node* import = reader.take("import"))
        volume.import = parse_volume_import(context, *import, volume.name);
    reader.finish();
    return volume;
}

MountRule parse_mount(ParseContext& context, const text::Node& node) {
    MountRule mount;
    mount.at = node.at;
    MappingReader reader(context, node, "volume of an image");
    mount.volume = reader.required_text("name");
    mount.path = reader.required_text("path");
    if (const text::Node* update = reader.take("update_policy", {0, 3, 2}))
        mount.update = word_of(context, *update, "'update_policy'", kVolumeUpdates);
    reader.finish();
    return mount;
}

// Octal, written 0o400 or 0400.
std::optional<uint32_t> parse_permission(ParseContext& context, const text::Node& node) {
    auto text = context.text_of(node, "'permission'");
    if (!text)
        return std::nullopt;
    std::string_view digits = *text;
    bool octal = digits.starts_with("0") && digits.size() > 1;
    if (octal)
        digits.remove_prefix(digits[1] == 'o' ? 2 : 1);
    uint32_t value = 0;
    bool valid = octal && !digits.empty() && digits.size() <= 4;
    for (size_t i = 0; valid && i < digits.size(); i++) {
        valid = digits[i] >= '0' && digits[i] <= '7';
        value = value * 8 + static_cast<uint32_t>(digits[i] - '0');
    }
    if (valid && value <= 0777)
        return value;
    context.error(node.at, "expected octal permissions up to 0o777, got '" + *text + "'",
                  "for example permission: 0o400");
    return std::nullopt;
}

InjectedFile parse_injected_file(ParseContext& context, const text::Node& node) {
    InjectedFile file;
    file.at = node.at;
    if (node.is_scalar()) {
        file.path = context.text_of(node, "'injection_files'").value_or("");
        return file;
    }
    MappingReader reader(context, node, "injection file");
    file.path = reader.required_text("path");
    if (const text::Node* content = reader.take("content")) {
        if (content->is_scalar())
            file.content = content->text;
        else
            context.error(content->at, "expected a text for 'content'");
    }
    if (const text::Node* permission = reader.take("permission", {0, 3, 10}))
        file.permission = parse_permission(context, *permission).value_or(file.permission);
    reader.finish();
    return file;
}

// Language 0.1 put the measurements at the image; its services take them from there.
void read_old_measurements(ParseContext& context, MappingReader& reader, const ImageRule& image,
                           std::vector<ServiceRule>& services) {
    const text::Node* mrenclaves = reader.take("mrenclaves");
    const text::Node* tags = reader.take("tags");
    if (tags && tags->is_sequence() && !tags->items.empty())
        context.error(tags->at, "'tags' of an image is of language 0.1 and is not supported");
    if (!mrenclaves)
        return;
    if (!context.is_older_than_0_3()) {
        context.error(mrenclaves->at, "'mrenclaves' of an image is of language 0.1",
                      "write it at the service");
        return;
    }
    std::vector<base::ByteArray<32>> measurements;
    for (const text::Node* item : context.scalars_of(*mrenclaves, "'mrenclaves'")) {
        if (auto measurement = context.bytes_of<32>(*item, "'mrenclaves'"))
            measurements.push_back(*measurement);
    }
    for (ServiceRule& service : services) {
        if (service.image_name == image.name && service.attestation.empty())
            service.attestation.push_back({measurements, std::nullopt});
    }
}

ImageRule parse_image(ParseContext& context, const text::Node& node,
                      std::vector<ServiceRule>& services) {
    ImageRule image;
    image.at = node.at;
    MappingReader reader(context, node, "image");
    image.name = reader.required_text("name");
    if (const text::Node* volumes = reader.take("volumes")) {
        for (const text::Node* item : context.items_of(*volumes, "'volumes' of an image"))
            image.volumes.push_back(parse_mount(context, *item));
    }
    if (const text::Node* files = reader.take("injection_files")) {
        for (const text::Node* item : context.items_of(*files, "'injection_files'"))
            image.injected_files.push_back(parse_injected_file(context, *item));
    }
    if (const text::Node* provided = reader.take("provide_secrets", {0, 3, 11})) {
        image.provide_secrets.emplace();
        for (const text::Node* item : context.scalars_of(*provided, "'provide_secrets'"))
            image.provide_secrets->push_back(item->text);
    }
    read_old_measurements(context, reader, image, services);
    reader.finish();
    return image;
}

}  // namespace

std::string_view name_of(VolumeUpdate update) {
    for (const auto& [name, value] : kVolumeUpdates) {
        if (value == update)
            return name;
    }
    __builtin_unreachable();
}

std::vector<VolumeRule> parse_volumes(ParseContext& context, const text::Node& node) {
    std::vector<VolumeRule> out;
    for (const text::Node* item : context.items_of(node, "'volumes'"))
        out.push_back(parse_volume(context, *item));
    return out;
}

std::vector<ImageRule> parse_images(ParseContext& context, const text::Node& node,
                                    std::vector<ServiceRule>& services) {
    std::vector<ImageRule> out;
    for (const text::Node* item : context.items_of(node, "'images'"))
        out.push_back(parse_image(context, *item, services));
    return out;
}

}  // namespace scone::policy
