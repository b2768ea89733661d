#include "services/cas/volume_tags.h"

#include "lib/text/hex.h"

namespace scone::cas {
namespace {

using channel::ErrorChain;
using policy::VolumeUpdate;

std::unexpected<ErrorChain> refuse_volume(const std::string& name, const std::string& why) {
    ErrorChain chain;
    chain.add("Volume '" + name + "' cannot be used").add(why);
    return std::unexpected(std::move(chain));
}

struct Owned {
    SessionPointer session;
    const policy::VolumeRule* rule = nullptr;
    VolumeUpdate granted = VolumeUpdate::NoRollbackProtection;
};

// The exporter's rule says how far an importer may go.
bool permits(VolumeUpdate granted, VolumeUpdate wanted) {
    switch (granted) {
        case VolumeUpdate::Ephemeral:
            return wanted == VolumeUpdate::Ephemeral;
        case VolumeUpdate::RollbackProtected:
            return wanted != VolumeUpdate::NoRollbackProtection;
        case VolumeUpdate::NoRollbackProtection:
            return true;
    }
    return false;
}

Attested<Owned> find_owner(SessionRepository& sessions, const SessionPointer& session,
                           const policy::VolumeRule& rule) {
    const std::string& own_name = session->session.name;
    std::string owner_name = resolve_session_name(rule.import->session, own_name);
    auto owner = sessions.load(owner_name);
    if (!owner)
        return refuse_volume(rule.name, owner.error().what);
    if (*owner) {
        bool is_pinned = !rule.import->session_hash.empty();
        if (is_pinned && rule.import->session_hash != (*owner)->hash)
            return refuse_volume(rule.name, "session '" + owner_name +
                                                "' does not have the hash of the import any more");
        for (const policy::VolumeRule& given : (*owner)->session.volumes) {
            for (const policy::VolumeExport& exported : given.exports) {
                const std::string& name = exported.alias.empty() ? given.name : exported.alias;
                if (name == rule.import->volume &&
                    is_exported_to({exported.to}, owner_name, own_name, session->hash))
                    return Owned{*owner, &given, exported.update};
            }
        }
    }
    return refuse_volume(rule.name, "session '" + owner_name +
                                        "' does not exist, or does not export '" +
                                        rule.import->volume + "' to '" + own_name + "'");
}

std::optional<VolumeKey> given_key(const std::string& text, SecretResolver& secrets) {
    VolumeKey key;
    auto placeholder = policy::whole_placeholder(text);
    const policy::SecretValue* value = placeholder ? secrets.value(placeholder->secret) : nullptr;
    bool is_binary = value != nullptr && value->bytes.size() == 32;
    std::string_view digits = text;
    if (is_binary)
        return VolumeKey(base::Bytes(value->bytes).first<32>());
    if (value != nullptr)
        digits = value->text;
    if (!base::hex_decode(digits, key.expose_mutable()))
        return std::nullopt;
    return key;
}

}  // namespace

Attested<BoundVolume> bind_volume(SessionRepository& sessions, const SessionPointer& session,
                                  SecretResolver& secrets,
                                  const policy::MountConfiguration& mount) {
    const policy::VolumeRule* rule = session->session.find_volume(mount.volume);
    if (rule == nullptr)
        return refuse_volume(mount.volume, "the session does not declare it");
    Owned owned{session, rule, VolumeUpdate::NoRollbackProtection};
    if (rule->import)
        owned = SCONE_TRY(find_owner(sessions, session, *rule));
    BoundVolume out;
    out.name = mount.volume;
    out.record = "volume/" + owned.session->session.name + "/" + owned.rule->name;
    out.update = mount.update.value_or(owned.granted == VolumeUpdate::Ephemeral
                                           ? VolumeUpdate::Ephemeral
                                           : VolumeUpdate::RollbackProtected);
    if (!permits(owned.granted, out.update))
        return refuse_volume(mount.volume, "its owner exports it with update_policy " +
                                               std::string(name_of(owned.granted)));
    if (owned.rule->fspf_key) {
        SecretResolver of_owner(sessions, owned.session);
        auto key = given_key(*owned.rule->fspf_key, rule->import ? of_owner : secrets);
        if (!key)
            return refuse_volume(mount.volume, "its fspf_key is not a key of 32 bytes");
        out.key = std::move(*key);
    } else {
        auto key = owned.session->volume_keys.find(owned.rule->name);
        if (key == owned.session->volume_keys.end())
            return refuse_volume(mount.volume, "its key is missing");
        out.key = key->second.duplicate();
    }
    if (owned.rule->fspf_tag)
        out.initial_tag = text::array_from_hex<16>(*owned.rule->fspf_tag);
    auto stored = sessions.store().get(out.record);
    if (!stored)
        return refuse_volume(mount.volume, stored.error().what);
    if (out.update == VolumeUpdate::NoRollbackProtection)
        return out;
    out.tag = out.initial_tag;
    if (*stored && (*stored)->value.size() == 16) {
        out.tag.emplace();
        base::copy_bytes(*out.tag, (*stored)->value.expose());
    }
    return out;
}

Attested<void> store_tag(Store& store, const BoundVolume& volume, const Tag& old_tag,
                         const Tag& new_tag) {
    // Ephemeral: back in its known state at the next start. Without protection any state is taken.
    if (volume.update != VolumeUpdate::RollbackProtected)
        return {};
    constexpr int kAttempts = 8;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        auto stored = store.get(volume.record);
        if (!stored)
            return refuse_volume(volume.name, stored.error().what);
        uint64_t version = *stored ? (*stored)->version : 0;
        base::Bytes current;
        if (*stored)
            current = (*stored)->value.expose();
        else if (volume.initial_tag)
            current = *volume.initial_tag;
        if (base::equal_bytes(current, new_tag))
            return {};
        bool follows = current.empty() || base::equal_bytes(current, old_tag);
        if (!follows)
            return refuse_volume(volume.name,
                                 "The FSPF tag is not fresh: another instance changed the volume "
                                 "(CAS knows " +
                                     text::to_hex(current) + ", the update follows " +
                                     text::to_hex(old_tag) + ")");
        std::vector<RecordChange> changes;
        changes.push_back({volume.record, version, crypto::SecretBytes(base::Bytes(new_tag))});
        auto done = store.commit(std::move(changes));
        if (done)
            return {};
        if (done.error().exit_code != text::ExitCode::Conflict)
            return refuse_volume(volume.name, done.error().what);
    }
    return refuse_volume(volume.name, "its tag is changed by too many instances at once");
}

}  // namespace scone::cas
