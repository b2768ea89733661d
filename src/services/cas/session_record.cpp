#include "services/cas/session_record.h"

#include "lib/channel/tlv.h"
#include "lib/policy/canonical_form.h"
#include "lib/policy/key_hash.h"
#include "lib/policy/session_parser.h"

namespace scone::cas {
namespace {

using channel::TlvField;
using channel::TlvReader;
using channel::TlvWriter;
using text::ExitCode;
using text::failure;
using text::Outcome;

enum Tag : uint16_t { kDescription = 1, kUpdated, kSecret, kVolume };
enum SecretTag : uint16_t { kName = 1, kKind, kText, kBytes, kPrivateKey, kChain };
enum VolumeTag : uint16_t { kVolumeName = 1, kVolumeKey };

auto damaged(const std::string& name, const std::string& why) {
    return failure(ExitCode::Integrity, "record of session '" + name + "' cannot be read: " + why,
                   "reading the database");
}

// Calls `use` for each field; an error's text, or nothing.
template <class Use>
const char* each_field(base::Bytes payload, Use use) {
    TlvReader reader(payload);
    for (;;) {
        auto field = reader.next();
        if (!field)
            return field.error().text;
        if (!*field)
            return nullptr;
        if (const char* error = use(**field))
            return error;
    }
}

const char* decode_secret(base::Bytes payload, SessionRecord& out) {
    std::string name;
    policy::SecretValue value;
    const char* error = each_field(payload, [&](const TlvField& field) -> const char* {
        switch (field.tag) {
            case kName:
                name = base::as_text(field.value);
                return nullptr;
            case kKind: {
                auto kind = field.number();
                if (!kind || *kind > static_cast<uint64_t>(policy::SecretKind::SessionCa))
                    return "unknown kind of secret";
                value.kind = static_cast<policy::SecretKind>(*kind);
                return nullptr;
            }
            case kText:
                value.text = base::as_text(field.value);
                return nullptr;
            case kBytes:
                value.bytes.assign(field.value.begin(), field.value.end());
                return nullptr;
            case kPrivateKey:
                value.private_key.assign(field.value.begin(), field.value.end());
                return nullptr;
            case kChain:
                value.chain.emplace_back(field.value.begin(), field.value.end());
                return nullptr;
            default:
                return "unknown field of a secret";
        }
    });
    out.values.insert_or_assign(std::move(name), std::move(value));
    return error;
}

const char* decode_volume(base::Bytes payload, SessionRecord& out) {
    std::string name;
    VolumeKey key;
    const char* error = each_field(payload, [&](const TlvField& field) -> const char* {
        if (field.tag == kVolumeName) {
            name = base::as_text(field.value);
        } else if (field.tag == kVolumeKey && field.value.size() == 32) {
            key = VolumeKey(field.value.first<32>());
        } else {
            return "unknown field of a volume";
        }
        return nullptr;
    });
    out.volume_keys.insert_or_assign(std::move(name), std::move(key));
    return error;
}

}  // namespace

std::string session_record_name(std::string_view session_name) {
    return "session/" + std::string(session_name);
}

std::string creator_key_hash(const policy::Session& session) {
    if (!session.creator || session.creator->kind != policy::Creator::Kind::Certificate)
        return {};
    return policy::key_hash_of_certificate(session.creator->pem).value_or("");
}

crypto::SecretBytes encode(const SessionRecord& record) {
    TlvWriter out;
    out.text(kDescription, record.description);
    out.number(kUpdated, static_cast<uint64_t>(record.updated));
    for (const auto& [name, value] : record.values) {
        TlvWriter secret;
        secret.text(kName, name);
        secret.number(kKind, static_cast<uint64_t>(value.kind));
        secret.text(kText, value.text);
        secret.bytes(kBytes, value.bytes);
        secret.bytes(kPrivateKey, value.private_key);
        for (const auto& certificate : value.chain)
            secret.bytes(kChain, certificate);
        out.record(kSecret, secret);
    }
    for (const auto& [name, key] : record.volume_keys) {
        TlvWriter volume;
        volume.text(kVolumeName, name);
        volume.bytes(kVolumeKey, key.expose());
        out.record(kVolume, volume);
    }
    return crypto::SecretBytes(out.payload());
}

Outcome<SessionRecord> decode_session_record(const std::string& name, const Record& record) {
    SessionRecord out;
    out.version = record.version;
    const char* error =
        each_field(record.value.expose(), [&](const TlvField& field) -> const char* {
            switch (field.tag) {
                case kDescription:
                    out.description = base::as_text(field.value);
                    return nullptr;
                case kUpdated: {
                    auto updated = field.number();
                    out.updated = updated ? static_cast<int64_t>(*updated) : 0;
                    return updated ? nullptr : "time of update";
                }
                case kSecret:
                    return decode_secret(field.value, out);
                case kVolume:
                    return decode_volume(field.value, out);
                default:
                    return "unknown field";
            }
        });
    if (error != nullptr)
        return damaged(name, error);
    auto session = policy::parse(out.description);
    if (!session)
        return damaged(
            name, session.error().empty() ? "description" : to_string(session.error().front()));
    out.session = std::move(*session);
    out.hash = policy::hash_text(out.session);
    out.creator_key_hash = creator_key_hash(out.session);
    return out;
}

}  // namespace scone::cas
