// The Configuration message.
#include <algorithm>

#include "lib/channel/messages.h"
#include "lib/channel/tlv.h"

namespace scone::channel {
namespace {

// docs/formats/enclave-protocol.md, section 4
namespace tag {
constexpr uint16_t kArgument = 1, kVariable = 2, kDirectory = 3, kRoot = 4, kVolume = 5, kFile = 6,
                   kSecret = 7, kSetting = 8, kSessionHash = 9, kTemplate = 10;
}
// Of the records: name and value first, then what each has of its own.
namespace part {
constexpr uint16_t kName = 1, kValue = 2, kMode = 3, kKind = 3, kPrivateKey = 4, kChain = 5,
                   kMountPath = 2, kTree = 3;
}
namespace tree_part {
constexpr uint16_t kPath = 1, kKey = 2, kTag = 3, kRollback = 4;
}

// A field that stands at most once in a record, and where its value goes.
template <class T, class Read>
struct Part {
    uint16_t tag;
    T& to;
    Read read;
    bool is_required;

    Result<void> take(const TlvField& field) const {
        to = SCONE_TRY(read(field));
        return {};
    }
};
template <class T, class Read>
Part<T, Read> required(uint16_t tag, T& to, Read read) {
    return {tag, to, read, true};
}
template <class T, class Read>
Part<T, Read> optional(uint16_t tag, T& to, Read read) {
    return {tag, to, read, false};
}

template <class... Parts>
Result<void> read_record(Bytes payload, const Parts&... parts) {
    TlvReader reader(payload);
    SeenFields seen;
    while (std::optional<TlvField> field = SCONE_TRY(reader.next())) {
        Result<void> taken{};
        const bool known = ((field->tag == parts.tag && (taken = parts.take(*field), true)) || ...);
        SCONE_TRY(std::move(taken));
        SCONE_TRY(known ? seen.once(field->tag) : skip_unknown(*field));
    }
    for (const auto& [tag, is_required] : {std::pair(parts.tag, parts.is_required)...})
        if (is_required)
            SCONE_TRY(seen.require({tag}));
    return {};
}

Result<std::string_view> plain_text(const TlvField& field) {
    return field.text(kMaxTextSize);
}

Result<SecretBytes> secret_value(const TlvField& field) {
    if (field.value.size() > kMaxValueSize)
        return error(ErrorCode::TooLarge, "value above 4 MiB", field.value.size());
    return SecretBytes(field.value);
}

// argv and environment strings end with NUL for the program; one inside would cut them off.
Result<SecretBytes> value_without_nul(const TlvField& field) {
    if (std::ranges::find(field.value, uint8_t{0}) != field.value.end())
        return error(ErrorCode::Malformed, "argument or variable with a NUL", field.tag);
    return secret_value(field);
}

Result<std::string> path_text(const TlvField& field) {
    std::string_view text = SCONE_TRY(field.text(kMaxTextSize));
    if (text.empty() || text[0] != '/')
        return error(ErrorCode::Malformed, "path is not absolute", field.tag);
    return std::string(text);
}

TlvWriter fields_of(const ProtectedTree& tree) {
    TlvWriter out;
    out.text(tree_part::kPath, tree.fspf_path);
    out.bytes(tree_part::kKey, tree.key.expose());
    if (tree.tag)
        out.bytes(tree_part::kTag, *tree.tag);
    out.number(tree_part::kRollback, static_cast<uint64_t>(tree.rollback));
    return out;
}

Result<base::Secret<32>> tree_key(const TlvField& field) {
    if (field.value.size() != 32)
        return error(ErrorCode::Malformed, "file system key is not 32 bytes", field.value.size());
    return base::Secret<32>(field.value.first<32>());
}

Result<RollbackPolicy> rollback_policy(const TlvField& field) {
    uint64_t policy = SCONE_TRY(field.number());
    if (policy > 1)
        return error(ErrorCode::Malformed, "unknown rollback policy", policy);
    return static_cast<RollbackPolicy>(policy);
}

Result<ProtectedTree> decode_tree(Bytes payload) {
    ProtectedTree tree;
    const auto tree_tag = [](const TlvField& field) { return field.array<16>(); };
    SCONE_TRY(read_record(payload, required(tree_part::kPath, tree.fspf_path, path_text),
                          required(tree_part::kKey, tree.key, tree_key),
                          optional(tree_part::kTag, tree.tag, tree_tag),
                          required(tree_part::kRollback, tree.rollback, rollback_policy)));
    return tree;
}

Result<EnvironmentVariable> decode_variable(Bytes payload) {
    EnvironmentVariable variable;
    SCONE_TRY(read_record(payload, required(part::kName, variable.name, plain_text),
                          required(part::kValue, variable.value, value_without_nul)));
    if (variable.name.empty() || variable.name.find('=') != std::string::npos)
        return error(ErrorCode::Malformed, "environment variable's name is empty or has a '='");
    return variable;
}

Result<ConfiguredVolume> decode_volume(Bytes payload) {
    ConfiguredVolume volume;
    const auto tree = [](const TlvField& field) { return decode_tree(field.value); };
    SCONE_TRY(read_record(payload, required(part::kName, volume.name, plain_text),
                          required(part::kMountPath, volume.mount_path, path_text),
                          required(part::kTree, volume.tree, tree)));
    return volume;
}

Result<uint32_t> file_mode(const TlvField& field) {
    uint64_t mode = SCONE_TRY(field.number());
    if (mode > 0777)
        return error(ErrorCode::Malformed, "file mode above 0777", mode);
    return static_cast<uint32_t>(mode);
}

Result<FileTemplate> decode_template(Bytes payload) {
    FileTemplate file;
    SCONE_TRY(read_record(payload, required(part::kName, file.path, path_text),
                          required(part::kMode, file.mode, file_mode)));
    return file;
}

Result<InjectedFile> decode_file(Bytes payload) {
    InjectedFile file;
    SCONE_TRY(read_record(payload, required(part::kName, file.path, path_text),
                          required(part::kValue, file.content, secret_value),
                          required(part::kMode, file.mode, file_mode)));
    return file;
}

Result<ProvidedSecret> decode_secret(Bytes payload) {
    ProvidedSecret secret;
    SCONE_TRY(read_record(payload, required(part::kName, secret.name, plain_text),
                          required(part::kValue, secret.value, secret_value),
                          required(part::kKind, secret.kind, plain_text),
                          optional(part::kPrivateKey, secret.private_key, secret_value),
                          optional(part::kChain, secret.chain, secret_value)));
    return secret;
}

Result<RuntimeSetting> decode_setting(Bytes payload) {
    RuntimeSetting setting;
    SCONE_TRY(read_record(payload, required(part::kName, setting.name, plain_text),
                          required(part::kValue, setting.value, plain_text)));
    return setting;
}

template <class T>
Result<void> push_bounded(std::vector<T>& list, Result<T> item) {
    if (list.size() == kMaxListCount)
        return error(ErrorCode::TooLarge, "list of more than 4096 elements", list.size());
    list.push_back(SCONE_TRY(std::move(item)));
    return {};
}

void write_named_values(TlvWriter& out, const Configuration& message) {
    for (const EnvironmentVariable& variable : message.environment) {
        TlvWriter record;
        record.text(part::kName, variable.name);
        record.bytes(part::kValue, variable.value.expose());
        out.record(tag::kVariable, record);
    }
    for (const InjectedFile& file : message.injected_files) {
        TlvWriter record;
        record.text(part::kName, file.path);
        record.bytes(part::kValue, file.content.expose());
        record.number(part::kMode, file.mode);
        out.record(tag::kFile, record);
    }
    for (const FileTemplate& file : message.templates) {
        TlvWriter record;
        record.text(part::kName, file.path);
        record.number(part::kMode, file.mode);
        out.record(tag::kTemplate, record);
    }
    for (const ProvidedSecret& secret : message.secrets) {
        TlvWriter record;
        record.text(part::kName, secret.name);
        record.bytes(part::kValue, secret.value.expose());
        record.text(part::kKind, secret.kind);
        if (!secret.private_key.empty())
            record.bytes(part::kPrivateKey, secret.private_key.expose());
        if (!secret.chain.empty())
            record.bytes(part::kChain, secret.chain.expose());
        out.record(tag::kSecret, record);
    }
    for (const RuntimeSetting& setting : message.runtime_settings) {
        TlvWriter record;
        record.text(part::kName, setting.name);
        record.text(part::kValue, setting.value);
        out.record(tag::kSetting, record);
    }
}

}  // namespace

Result<SecretBytes> encode(const Configuration& message) {
    TlvWriter out;
    for (const SecretBytes& argument : message.arguments)
        out.bytes(tag::kArgument, argument.expose());
    out.text(tag::kDirectory, message.working_directory);
    if (message.root)
        out.record(tag::kRoot, fields_of(*message.root));
    for (const ConfiguredVolume& volume : message.volumes) {
        TlvWriter record;
        record.text(part::kName, volume.name);
        record.text(part::kMountPath, volume.mount_path);
        record.record(part::kTree, fields_of(volume.tree));
        out.record(tag::kVolume, record);
    }
    write_named_values(out, message);
    out.text(tag::kSessionHash, message.session_hash);
    return encode_frame(MessageType::Configuration, out.payload());
}

Result<Configuration> decode_configuration(Bytes payload) {
    Configuration message;
    SeenFields seen;
    TlvReader reader(payload);
    while (std::optional<TlvField> field = SCONE_TRY(reader.next())) {
        switch (field->tag) {
            case tag::kArgument:
                SCONE_TRY(push_bounded(message.arguments, value_without_nul(*field)));
                break;
            case tag::kVariable:
                SCONE_TRY(push_bounded(message.environment, decode_variable(field->value)));
                break;
            case tag::kVolume:
                SCONE_TRY(push_bounded(message.volumes, decode_volume(field->value)));
                break;
            case tag::kFile:
                SCONE_TRY(push_bounded(message.injected_files, decode_file(field->value)));
                break;
            case tag::kTemplate:
                SCONE_TRY(push_bounded(message.templates, decode_template(field->value)));
                break;
            case tag::kSecret:
                SCONE_TRY(push_bounded(message.secrets, decode_secret(field->value)));
                break;
            case tag::kSetting:
                SCONE_TRY(push_bounded(message.runtime_settings, decode_setting(field->value)));
                break;
            case tag::kDirectory:
                SCONE_TRY(seen.once(field->tag));
                message.working_directory = SCONE_TRY(path_text(*field));
                break;
            case tag::kRoot:
                SCONE_TRY(seen.once(field->tag));
                message.root = SCONE_TRY(decode_tree(field->value));
                break;
            case tag::kSessionHash:
                SCONE_TRY(seen.once(field->tag));
                message.session_hash = SCONE_TRY(field->text(kMaxTextSize));
                break;
            default:
                SCONE_TRY(skip_unknown(*field));
        }
    }
    SCONE_TRY(seen.require({tag::kDirectory, tag::kSessionHash}));
    return message;
}

}  // namespace scone::channel
