// The newest known state of each volume, and who may use and move it.
//
// Side:    host
// Layout:  record "volume/SESSION/VOLUME" of the owner: the tag (16 bytes)
// Threads: safe
// Source:  docs/reference/session-language.md, "volumes"
#pragma once

#include <optional>
#include <string>

#include "lib/policy/service_configuration.h"
#include "services/cas/evidence.h"
#include "services/cas/secret_resolver.h"

namespace scone::cas {

using Tag = base::ByteArray<16>;

// A volume as one service may use it.
struct BoundVolume {
    std::string name;    // as the service's session calls it
    std::string record;  // of its tag
    VolumeKey key;
    std::optional<Tag> tag;  // the state that the service must find; absent: any, or none yet
    std::optional<Tag> initial_tag;  // from the policy
    policy::VolumeUpdate update = policy::VolumeUpdate::RollbackProtected;
};

// The volume of a mount. An error chain when it is not declared, not shared, or its key cannot be
// had.
Attested<BoundVolume> bind_volume(SessionRepository& sessions, const SessionPointer& session,
                                  SecretResolver& secrets, const policy::MountConfiguration& mount);

// Stores the new tag when the old one is still the newest; durable when it returns. Storing the
// same tag again succeeds.
Attested<void> store_tag(Store& store, const BoundVolume& volume, const Tag& old_tag,
                         const Tag& new_tag);

}  // namespace scone::cas
