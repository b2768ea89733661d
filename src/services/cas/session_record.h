// A session as CAS stores it: its description and the values that CAS made for it.
//
// Side:    host
// Layout:  TLV (lib/channel/tlv.h); docs/formats/cas-store.md, "Session records"
// Errors:  Integrity (a record that does not decode, though it was authenticated)
#pragma once

#include <map>
#include <memory>
#include <string>

#include "lib/policy/session.h"
#include "lib/policy/variables.h"
#include "services/cas/store.h"

namespace scone::cas {

using SecretValues = std::map<std::string, policy::SecretValue, std::less<>>;
using VolumeKey = base::Secret<32>;

struct SessionRecord {
    uint64_t version = 0;  // of the store's record
    policy::Session session;
    std::string description;       // canonical
    std::string hash;              // 64 hex digits
    std::string creator_key_hash;  // empty: no creator, or a signer
    int64_t updated = 0;           // seconds since 1970
    SecretValues values;           // of the session's own secrets; imported ones are not here
    std::map<std::string, VolumeKey, std::less<>> volume_keys;  // of volumes without fspf_key
};

using SessionPointer = std::shared_ptr<const SessionRecord>;

crypto::SecretBytes encode(const SessionRecord& record);
text::Outcome<SessionRecord> decode_session_record(const std::string& name, const Record& record);

// Base58Check hash of the creator's TLS key; empty where there is none.
std::string creator_key_hash(const policy::Session& session);
std::string session_record_name(std::string_view session_name);

}  // namespace scone::cas
